"""The colours of all views by role, in the light and in the dark theme."""

# Role -> (colour in the light theme, colour in the dark theme). "data" is the blue and "mark" the
# vermillion of Okabe & Ito 2008, the latter darker so that text of 13 pixels can be read in it.
COLOURS: dict[str, tuple[str, str]] = {
    "page": ("#ffffff", "#121417"),  # inputs
    "raised": ("#ffffff", "#22262b"),  # boxes that stand on a card
    "card": ("#fbfbfc", "#1a1d21"),
    "well": ("#f1f3f5", "#24282d"),  # empty tracks, tiles
    "hair": ("#e1e5ea", "#343a41"),  # edges
    "grid": ("#eceff2", "#282d33"),
    "ink": ("#1b1f24", "#e9ecef"),  # text
    "ink2": ("#59626c", "#a7b0ba"),  # labels
    "ink3": ("#858e99", "#79838e"),  # graphics only: not enough contrast for text
    "data": ("#0072b2", "#56b4e9"),  # what the model computes
    "on-data": ("#ffffff", "#04202f"),
    "data2": ("#b9d8ea", "#2a5570"),  # the same, before or elsewhere
    "data3": ("#6fa5c6", "#3f7fa6"),  # the same, noisy, behind what sums it up
    "soft": ("#e4f0f8", "#1c3342"),  # lit
    "mark": ("#bf4b00", "#ff9e57"),  # what the dart, or the learner, picked
    "on-mark": ("#ffffff", "#2b1300"),
    "mark2": ("#fbe3d3", "#472a16"),
    "good": ("#00735a", "#45c79d"),
    "good2": ("#dcf1ea", "#123a2f"),
}


def light_theme_colour(role: str) -> str:
    """Return the colour of a role in the light theme, "#rrggbb"; "none" stays "none"."""
    return role if role == "none" else COLOURS[role][0]


def css_variables() -> str:
    """Return the colours as CSS custom properties that follow `color-scheme`."""
    return "".join(
        f"--mg-{role}:light-dark({light},{dark});" for role, (light, dark) in COLOURS.items()
    )


def light_css_variables() -> str:
    """Return the light theme's colours, for browsers that lack `light-dark()`."""
    return "".join(f"--mg-{role}:{light};" for role, (light, _) in COLOURS.items())
