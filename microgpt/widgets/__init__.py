"""Live views for notebooks: ipywidgets around the pictures of `viz`."""

from microgpt.widgets.album import Album
from microgpt.widgets.dial_and_dice import DialAndDice
from microgpt.widgets.guess_next import GuessNext
from microgpt.widgets.likely import HowLikely
from microgpt.widgets.panel import Panel, errors

__all__ = ["Album", "DialAndDice", "GuessNext", "HowLikely", "Panel", "errors"]
