"""`GamePanel`: a view played in turns; the focus stays inside, the still picture follows."""

import time
from collections.abc import Callable
from typing import Any

import ipywidgets

from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.widgets.notebook_context import in_control_message
from microgpt.widgets.panel import Panel, record_error
from microgpt.widgets.workers import LatestOnlyQueue

STILL_PAUSE = 0.5  # seconds


class GamePanel(Panel):
    """A panel whose state is a game; each turn is made by `play`."""

    def __init__(self, *args: Any, **kwargs: Any):
        self._stills = LatestOnlyQueue()
        super().__init__(*args, **kwargs)

    def play(self, function: Callable[..., Any], *args: Any) -> None:
        """Answer a control as `update` does, then bring the still picture up to date."""
        self.update(function, *args)
        self.draw_still_later()

    def draw_still_later(self) -> None:
        """Draw the still picture: for a control once none has moved for a while, else at once."""
        if in_control_message():
            self._stills.submit(self._draw_still_in_a_pause)
        else:
            self.update_static_output()

    def _draw_still_in_a_pause(self) -> None:
        """Draw the still picture after a pause: that takes longer than a move of a control.

        On a thread of its own, so an error is recorded, not raised.
        """
        while self._drawn and (wait := self._drawn[1] + STILL_PAUSE - time.monotonic()) > 0:
            time.sleep(wait)
        try:
            self.update_static_output()
        except Exception as error:
            record_error(self, error)

    @staticmethod
    def move_focus(widget: ipywidgets.DOMWidget) -> None:
        """Keep the keyboard in the view: the button that was pressed has left the page."""
        if in_control_message():
            widget.focus()


def check_lines(corpus: Corpus) -> None:
    """Raise SettingError unless each line of a corpus is a name, so that one can be asked for."""
    if corpus.format != "lines":
        raise SettingError("corpus", "one of names, a line each", corpus)
