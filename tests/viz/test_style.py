"""Colours have the same contrast in both themes."""

import numpy as np

from microgpt.viz.style import COLOURS, STYLE, css_colour


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_the_same_probabilities_look_the_same_in_both_themes():
    for theme, background in ((0, "#ffffff"), (1, "#111111")):
        behind = luminance(background)
        for name in ("blue", "orange", "outline", "text"):
            darker, lighter = sorted((luminance(COLOURS[name][theme]), behind))
            min_contrast = 4.5 if name in ("text", "orange") else 3  # letters, and shapes
            assert (lighter + 0.05) / (darker + 0.05) >= min_contrast, (name, theme)


def test_each_theme_sets_its_own_colours():
    light, dark = (
        rule.partition("}")[0] for rule in STYLE.split('[data-jp-theme-light="false"] .mg-view{')
    )
    for name, (in_light, in_dark) in COLOURS.items():
        assert f"--mg-{name}:{in_light}" in light
        assert f"--mg-{name}:{in_dark}" in dark
        assert name == "none" or css_colour(name) == f"var(--mg-{name}, {in_light})"
