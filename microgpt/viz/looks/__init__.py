"""The looks of all views: named colours, and the style sheet that every view shares.

A view has no colour, size or margin of its own. The files beside this one hold the rules:
`base.css` for cards, type and motion, `controls.css` for the controls of ipywidgets, and one file
for the layout of each view.
"""

from microgpt.viz.looks.colours import COLOURS, light_theme_colour
from microgpt.viz.looks.style_sheet import in_dark_theme, style_sheet

__all__ = ["COLOURS", "in_dark_theme", "light_theme_colour", "style_sheet"]
