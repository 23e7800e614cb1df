"""A line below a cell while a check runs: an endless answer shows nothing until its time is over.

It is shown in live notebooks only, and is taken away when the check ends, whatever its outcome. A
notebook that is executed by a program keeps nothing of it.
"""

from typing import Any

from microgpt.learn.exercise import Exercise
from microgpt.learn.html import Card, card_html
from microgpt.learn.messages import format_message, message_section
from microgpt.widgets.notebook_context import current_cell, display_above


class RunningSign:
    """Says that an exercise is being checked, and for how long that may take."""

    def __init__(self, exercise: Exercise):
        self.id, self.time_limits = exercise.id, exercise.time_limits
        self._handle: Any = None

    def show(self) -> None:
        """Display the line, unless it is there already or nobody is looking."""
        if self._handle is not None or current_cell() is None:
            return
        cpu, wall = self.time_limits
        text = format_message("running", "limits", cpu=f"{cpu:g}", wall=f"{wall:g}")
        texts = message_section("running")
        card = Card("plain", texts["symbol"], texts["title"], self.id, sentence=text)
        line = f"{texts['symbol']} {texts['title']} · {self.id}\n  {text}"
        self._handle = display_above({"text/html": card_html(card), "text/plain": line})

    def remove(self) -> None:
        """Take the line away: an output without data has no height."""
        if self._handle is not None:
            self._handle.update({}, raw=True)
            self._handle = None
