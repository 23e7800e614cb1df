"""`GamePanel`: a view played in rounds, in which the focus stays inside."""

import ipywidgets

from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.widgets.notebook_context import in_control_message
from microgpt.widgets.panel import Panel


class GamePanel(Panel):
    """A panel whose state is a game."""

    @staticmethod
    def move_focus(widget: ipywidgets.DOMWidget) -> None:
        """Keep the keyboard in the view: the button that was pressed has left the page."""
        if in_control_message():
            widget.focus()


def check_lines(corpus: Corpus) -> None:
    """Raise SettingError unless each line of a corpus is a name, so that one can be asked for."""
    if corpus.format != "lines":
        raise SettingError("corpus", "one of names, a line each", corpus)
