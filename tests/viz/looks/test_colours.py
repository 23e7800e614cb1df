"""Each colour can be told from what is behind it, in both themes."""

import pytest

from microgpt.viz.looks import COLOURS, light_theme_colour

TEXT = {"ink": 4.5, "ink2": 4.5, "data": 4.5, "mark": 4.5, "good": 4.5, "ink3": 3.0, "data3": 2.5}
ON = {"on-data": "data", "on-mark": "mark", "ink": "mark2"}  # text -> the colour it stands on


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other, theme):
    dark, light = sorted(luminance(COLOURS[role][theme]) for role in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_graphics_have_enough_contrast(theme):
    for role, at_least in TEXT.items():
        for ground in ("page", "card"):
            assert contrast(role, ground, theme) >= at_least, (role, ground)
    assert contrast("ink2", "well", theme) >= 4.5
    for text, ground in ON.items():
        assert contrast(text, ground, theme) >= 4.5, (text, ground)


def test_a_role_has_a_colour_for_still_pictures():
    assert light_theme_colour("data") == "#0072b2"
    assert light_theme_colour("none") == "none"
    with pytest.raises(KeyError):
        light_theme_colour("blue")
