"""A ledger of shapes: what each operation of a model takes and gives, as a table.

Some of the shapes may be left blank for a learner to fill in. What would give a blank away is
hidden with it: where its row is taken, and rows of the same shape that only pass it on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from microgpt.plain_text import join_and, text_table
from microgpt.viz.drawing import MARGIN, Drawing, Text
from microgpt.viz.html import Markup, Rendered, join, tag

QUESTION = "Which shape does each row give?"
TITLE = "What does each operation take, and what does it give?"  # where none is to be filled in
HEADER = ("row", "operation", "takes", "gives")
WIDTH, ROW_HEIGHT, MAX_STILL_ROWS = 720, 22, 40
STILL_COLUMNS = (MARGIN, 56, 182, 620)  # where the columns begin, in pixels

Shape = tuple[int, ...]


class Taken(NamedTuple):
    """What an operation takes: the result of an earlier row, or something with a name.

    A `transposed` matrix is used with its two sizes exchanged; `shape` is the one that it has.
    """

    shape: Shape
    row: int | None = None
    name: str = ""
    transposed: bool = False


class ShapeRow(NamedTuple):
    """One operation; rows are numbered from 0, as they are computed."""

    operation: str
    takes: tuple[Taken, ...]
    gives: Shape


class Repeat(NamedTuple):
    """Rows `start` to `start + period` come `times` times in all, one layer after the other."""

    start: int
    period: int
    times: int


@dataclass(frozen=True)
class LedgerState:
    """The rows, which of them are blank, and what was filled in so far, by row."""

    rows: tuple[ShapeRow, ...]
    repeat: Repeat | None = None
    blanks: tuple[int, ...] = ()
    answers: dict[int, Shape] = field(default_factory=dict)
    last: int | None = None  # the row answered last

    @property
    def open_blanks(self) -> tuple[int, ...]:
        """The blanks without a right answer."""
        return tuple(row for row in self.blanks if not self.is_right(row))

    def is_right(self, row: int) -> bool:
        """Whether the answer for a blank is its shape."""
        return self.answers.get(row) == self.rows[row].gives

    def shown_rows(self) -> list[int]:
        """The numbers of the rows that are shown: of what repeats, the first time only."""
        if self.repeat is None:
            return list(range(len(self.rows)))
        start, period, times = self.repeat
        hidden = range(start + period, start + period * times)
        return [row for row in range(len(self.rows)) if row not in hidden]


def title_of(state: LedgerState) -> str:
    """Return the title line: a question to the reader only if there is a blank."""
    return QUESTION if state.blanks else TITLE


def shape_text(shape: Shape) -> str:
    """Return a shape as Python writes it: (5, 16), (3,), ()."""
    return str(tuple(shape))


def render_ledger(state: LedgerState, before: LedgerState | None = None) -> Rendered:
    """Return the table, and a caption that invites, or judges the last answer."""
    hidden = hidden_rows(state)
    lines = []
    for row in state.shown_rows():
        number, operation, takes, gives = ledger_line(state, row, hidden)
        filled = row in state.blanks and (state.is_right(row) or row in hidden)
        role = "" if not filled else "blank" if row in hidden else "filled"
        cells = [tag("td", number), tag("td", operation, css_class="text op"),
                 tag("td", takes, css_class="text takes"),
                 tag("td", tag("span", gives, css_class=role), css_class="text gives")]  # fmt: skip
        lines.append(tag("tr", *cells))
        if note := repeat_note(state, row):
            lines.append(tag("tr", tag("td", note, colspan=4, css_class="text again")))
    head = tag("tr", *(tag("th", name, scope="col", css_class="text") for name in HEADER))
    table = tag("table", tag("thead", head), tag("tbody", *lines))
    scroll = tag(
        "div", table, css_class="operations", tabindex="0", role="group", aria_label="shapes"
    )
    title = tag("h3", title_of(state), css_class="q")
    return Rendered(join(title, scroll), ledger_caption(state))


def ledger_line(state: LedgerState, row: int, hidden: dict[int, str]) -> tuple[str, str, str, str]:
    """Return the texts of a row: its number, operation, what it takes and what it gives."""
    operation, takes, gives = state.rows[row]
    texts = (_taken_text(taken, hidden) for taken in takes)
    mark = " ✓" if row in state.blanks and state.is_right(row) else ""
    return str(row), operation, join_and(texts), hidden.get(row, shape_text(gives) + mark)


def _taken_text(taken: Taken, hidden: dict[int, str]) -> str:
    tail = " transposed" if taken.transposed else ""
    if taken.row is None:
        return f"{taken.name} {shape_text(taken.shape)}{tail}"
    shape = "" if taken.row in hidden else f" {shape_text(taken.shape)}"
    return f"row {taken.row}{shape}{tail}"


def hidden_rows(state: LedgerState) -> dict[int, str]:
    """Return the rows whose shape is not shown, each with what stands in its place."""
    hidden = {row: f"? for row {row}" for row in state.open_blanks}
    for number, row in enumerate(state.rows):
        if number in hidden:
            continue
        for taken in row.takes:
            if taken.row in hidden and taken.shape == row.gives:
                is_blank = hidden[taken.row].startswith("?")
                hidden[number] = f"as row {taken.row}" if is_blank else hidden[taken.row]
    return hidden


def repeat_note(state: LedgerState, row: int) -> str:
    """Return the line below the last row of what repeats, "" below any other row."""
    if state.repeat is None or row != state.repeat.start + state.repeat.period - 1:
        return ""
    first, more = state.repeat.start, state.repeat.times - 1
    again = "once more" if more == 1 else f"{more} times more"
    return f"rows {first} to {row} come {again}, with weights of their own"


def ledger_caption(state: LedgerState) -> str:
    """Return what the view says below the table."""
    if not state.blanks:
        last = state.rows[-1]
        return f"{len(state.rows)} operations; the last one gives {shape_text(last.gives)}."
    right, total = len(state.blanks) - len(state.open_blanks), len(state.blanks)
    if state.last is None:
        missing = len(state.open_blanks)
        subject = "1 shape is" if missing == 1 else f"{missing} shapes are"
        return f"{subject} missing. Fill in each as (2, 3), or 2 x 3."
    done = "All are right." if right == total else f"{right} of {total} are right."
    return f"{_verdict(state, state.last)} {done}"


def _verdict(state: LedgerState, row: int) -> str:
    answer = state.answers[row]
    if state.is_right(row):
        return f"Row {row} gives {shape_text(answer)}: yes."
    return f"Row {row} does not give {shape_text(answer)}: {wrong_shape_cause(state, row)}"


def wrong_shape_cause(state: LedgerState, row: int) -> str:
    """Return why an answer is wrong, as far as the answer tells, without the right one."""
    operation, takes, gives = state.rows[row]
    answer = state.answers[row]
    if len(answer) != len(gives):
        axes = f"{len(gives)} axis" if len(gives) == 1 else f"{len(gives)} axes"
        return f"the result has {axes}, and this shape has {len(answer)}."
    if sorted(answer) == sorted(gives):
        return "the sizes are right, their order is not."
    if operation in ("matmul", "linear", "matmul_transposed") and takes:
        summed = takes[0].shape[-1]
        if summed in answer and summed not in gives:
            return f"the products are added up along the axis of size {summed}, so it is gone."
    wrong = [axis for axis, (a, b) in enumerate(zip(answer, gives, strict=True)) if a != b]
    which = "axis" if len(wrong) == 1 else "axes"
    return f"look at {which} {join_and(wrong)}, counted from 0."


def ledger_lines(state: LedgerState) -> list[str]:
    """Return the ledger as lines of text in columns, for a terminal."""
    hidden = hidden_rows(state)
    rows: list[Sequence[str]] = [HEADER]
    rows += [ledger_line(state, row, hidden) for row in state.shown_rows()]
    lines = text_table(rows)
    if state.repeat is not None:
        last = state.repeat.start + state.repeat.period - 1
        lines.insert(
            last + 2, f"{'…':{max(len(row[0]) for row in rows)}}  {repeat_note(state, last)}"
        )
    return lines


def ledger_table(state: LedgerState) -> Markup:
    """Return the ledger as a card of its own, for a page without controls."""
    rendered = render_ledger(state)
    caption = tag("p", rendered.caption, css_class="say caption")
    inner = Markup(f'<div class="mg">{rendered.html}{caption}</div>')
    return tag("div", tag("div", inner, css_class="card shapes"), css_class="host")


def draw_ledger(state: LedgerState) -> Drawing:
    """Draw the table for readers without a kernel; what is blank stays blank."""
    bare = LedgerState(state.rows, state.repeat, state.blanks)
    hidden, y = hidden_rows(bare), 64.0
    drawing = Drawing(WIDTH)
    drawing.add_question(title_of(state))
    shown = bare.shown_rows()
    for texts in (HEADER, *(ledger_line(bare, row, hidden) for row in shown[:MAX_STILL_ROWS])):
        fill = "ink2" if texts is HEADER else "ink"
        for x, text in zip(STILL_COLUMNS, texts, strict=True):
            colour = "mark" if text.startswith("?") else fill
            drawing.add(Text(x, y, text, fill=colour))
        y += ROW_HEIGHT
        if texts is not HEADER and (note := repeat_note(bare, int(texts[0]))):
            drawing.add(Text(STILL_COLUMNS[1], y, note, fill="ink2"))
            y += ROW_HEIGHT
    drawing.height = y + 4
    return drawing
