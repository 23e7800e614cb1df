"""How tables of signed numbers look: their numbers, and the table as text and as HTML."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from html import escape

from microgpt.plain_text import text_table


def signed(number: float) -> str:
    """Format with a sign and four digits; no number is "-0.0000"."""
    return f"{round(number, 4) + 0.0:+.4f}"


class EffectTable(ABC):
    """A logit difference at a position, split into parts; it is displayed as a table of them."""

    logit_diff: tuple[str, str]
    position: int

    @property
    @abstractmethod
    def title(self) -> str:
        """What the table is of."""

    @abstractmethod
    def _cells(self) -> list[tuple[str, str, str]]:
        """Return the rows: label, number, note."""

    @property
    def compared(self) -> str:
        """The two logits and where they are."""
        first, second = self.logit_diff
        return f"logit of {first} minus {second} at position {self.position}"

    def __repr__(self) -> str:
        return "\n".join([self.title, *text_table(self._cells(), "lrl")])

    def _repr_html_(self) -> str:
        return html_table(self.title, self._cells())


def html_table(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    """Return the rows as an HTML table, with their texts escaped."""
    cells = "".join(
        f"<tr><td style='text-align:left;white-space:pre'>{escape(label)}</td>"
        f"<td>{escape(number)}</td><td style='text-align:left'>{escape(note)}</td></tr>"
        for label, number, note in rows
    )
    return f"<table><caption>{escape(title)}</caption>{cells}</table>"
