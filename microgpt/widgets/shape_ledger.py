"""`shapes`: the shapes of a model's operations, as a table, some of them to be filled in."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets

from microgpt.autograd.tensor import Tensor
from microgpt.errors import SettingError
from microgpt.viz.looks import style_sheet
from microgpt.viz.shape_ledger import (
    LedgerState,
    Shape,
    ShapeRow,
    draw_ledger,
    ledger_lines,
    ledger_table,
    render_ledger,
)
from microgpt.widgets.controls import box
from microgpt.widgets.operation_shapes import MAX_BLANKS, choose_blanks, run_for_shapes
from microgpt.widgets.panel import Panel

EXAMPLE = "a shape, such as (2, 3) or 2 x 3"


class ShapeLedger:
    """The rows of a ledger, as a table in a notebook and as text elsewhere."""

    def __init__(self, state: LedgerState):
        self._state = state

    @property
    def rows(self) -> tuple[ShapeRow, ...]:
        """One row for each operation: its name, what it takes, and the shape it gives."""
        return self._state.rows

    def __repr__(self) -> str:
        return "\n".join(ledger_lines(self._state))

    def _repr_html_(self) -> str:
        return f"<style>{style_sheet('base', 'shapes')}</style>{ledger_table(self._state)}"


class ShapeBlanks(Panel):
    """A ledger with blanks: a box below the table for each, and a sentence on the last answer."""

    def __init__(self, state: LedgerState):
        self.boxes = {
            row: ipywidgets.Text(
                description=f"row {row}", placeholder="( , )", continuous_update=False
            )
            for row in state.blanks
        }
        for row, text in self.boxes.items():
            text.observe(lambda change, row=row: self._on_answer(row, change["new"]), "value")
        super().__init__(
            state,
            render_ledger,
            draw_ledger,
            css_class="shapes",
            controls=[box("mg-row mg-answers", list(self.boxes.values()))],
            arguments=(state.rows, state.blanks),
        )

    def take_over(self, earlier_state: LedgerState) -> LedgerState:
        """Keep the answers of the cell's earlier run."""
        for row, shape in earlier_state.answers.items():
            self.boxes[row].value = str(shape)
        return earlier_state

    def _on_answer(self, row: int, text: str) -> None:
        self.change(_with_answer, row, text)


def _with_answer(state: LedgerState, row: int, text: str) -> LedgerState:
    if not text.strip():
        answers = {key: shape for key, shape in state.answers.items() if key != row}
        return replace(state, answers=answers, last=None)
    answers = state.answers | {row: parse_shape(text)}
    return replace(state, answers=answers, last=row)


def parse_shape(text: str, name: str = "your answer") -> Shape:
    """Return the shape that a text such as "(2, 3)", "2 x 3" or "()" names.

    `name` is what the error calls the text.
    """
    inner = re.sub(r"^[(\[]|[)\]]$", "", text.strip()).strip().rstrip(",")
    if not inner and text.strip() in ("()", "[]"):
        return ()
    sizes = re.split(r"\s*[,x×*;]\s*|\s+", inner)
    if len(sizes) > 6 or not all(re.fullmatch(r"[0-9]{1,9}", size) for size in sizes):
        raise SettingError(name, EXAMPLE, text.strip()[:20])
    return tuple(map(int, sizes))


def shapes(
    model: Callable[[Any], Tensor],
    inputs: Any,
    *,
    blanks: bool | int = False,
    **parameters: Tensor,
) -> ShapeLedger | ShapeBlanks:
    """Return the shapes of all operations of `model(inputs)`, in the order of computation.

    `model` is a GPT with token ids (T,) or (B, T), or any function of `inputs` that returns a
    Tensor; `parameters`, such as w1=w1, name the tensors that a function uses. Layers that are
    alike are shown once. With `blanks`, that many shapes (True: up to 6) are left for the reader to
    fill in. Raises SettingError for a result or a parameter that is no Tensor.
    """
    state = run_for_shapes(model, inputs, parameters)
    if not isinstance(blanks, bool | int) or blanks < 0:
        raise SettingError("blanks", "True, False, or how many", blanks)
    if not blanks:
        return ShapeLedger(state)
    count = MAX_BLANKS if blanks is True else blanks
    return ShapeBlanks(replace(state, blanks=choose_blanks(state, count)))
