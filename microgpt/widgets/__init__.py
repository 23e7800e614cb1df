"""Live views for notebooks: ipywidgets around the pictures of `viz`."""

from microgpt.widgets.guess_next import GuessNext
from microgpt.widgets.panel import Panel, errors
from microgpt.widgets.sampling_explorer import DialAndDice
from microgpt.widgets.text_likelihood import HowLikely
from microgpt.widgets.training_monitor import Album

__all__ = ["Album", "DialAndDice", "GuessNext", "HowLikely", "Panel", "errors"]
