"""Read the shapes of a model's operations off its autograd graph."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from microgpt.autograd.engine import decomposed, enable_grad, topological_order
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.errors import SettingError, StateError
from microgpt.nn import Module
from microgpt.nn.dropout import freeze_masks
from microgpt.viz.shape_ledger import LedgerState, Repeat, ShapeRow, Taken

MAX_BLANKS = 6
TRANSPOSING = ("linear", "matmul_transposed")  # operations whose second matrix is transposed
MIN_PERIOD = 4  # rows; fewer that come again are not a layer


def run_for_shapes(
    model: Callable[[Any], Tensor], inputs: Any, parameters: Mapping[str, Tensor]
) -> LedgerState:
    """Run `model(inputs)` and return one row for each operation, fused ones in their parts.

    Operations that change neither numbers nor shape are left out. `parameters` name the leaves of
    the graph; a Module names its own. Raises SettingError if the result or a parameter is no
    Tensor, StateError if the result has no graph.
    """
    if not callable(model):
        raise SettingError("model", "a model, or a function that returns a Tensor", type(model))
    for name, tensor in parameters.items():
        if not isinstance(tensor, Tensor):
            raise SettingError(name, "a Tensor that the model uses", type(tensor))
    named = dict(parameters)
    if isinstance(model, Module):
        named |= dict(model.named_parameters())
    with LOCK, enable_grad(), decomposed(), freeze_masks():
        result = model(inputs)
    if not isinstance(result, Tensor):
        raise SettingError("model", "a function that returns a Tensor", type(result))
    rows = _rows(result, {id(tensor): name for name, tensor in named.items()}, inputs)
    if not rows:
        raise StateError(
            "the model recorded no operation; give at least one of its weights requires_grad=True"
        )
    return LedgerState(tuple(rows), find_repeat(rows))


def _rows(result: Tensor, names: dict[int, str], inputs: Any) -> list[ShapeRow]:
    rows: list[ShapeRow] = []
    number: dict[int, int] = {}  # id of a node -> its row
    node: Any
    for node in topological_order(result):
        if not node.inputs:
            continue
        if node.op == "reshape" and id(node.inputs[0]) in number:
            source = node.inputs[0]
            if source.shape == node.shape:
                number[id(node)] = number[id(source)]
                continue
        takes = [_taken(parent, number, names, inputs) for parent in node.inputs]
        if node.op == "embedding" and not isinstance(inputs, Tensor):
            takes.insert(0, Taken(np.shape(inputs), name="tokens"))
        if node.op in TRANSPOSING:
            takes[1] = takes[1]._replace(transposed=True)
        number[id(node)] = len(rows)
        rows.append(ShapeRow(node.op, tuple(takes), tuple(node.shape)))
    return rows


def _taken(node: Tensor, number: dict[int, int], names: dict[int, str], inputs: Any) -> Taken:
    shape = tuple(node.shape)
    if id(node) in number:
        return Taken(shape, row=number[id(node)])
    if id(node) in names:
        return Taken(shape, name=names[id(node)])
    is_input = node is inputs or (not node.requires_grad and shape == np.shape(inputs))
    return Taken(shape, name="input" if is_input else "a constant")


def find_repeat(rows: list[ShapeRow]) -> Repeat | None:
    """Return which rows come again, as those of equal layers do; None if none do.

    Of all ways to see a repetition, the one that covers most rows counts.
    """
    keys = [_key(row, number) for number, row in enumerate(rows)]
    best, saved = None, 0
    for period in range(MIN_PERIOD, len(rows) // 2 + 1):
        start = 0
        while start + 2 * period <= len(rows):
            same = start
            while same + period < len(rows) and keys[same] == keys[same + period]:
                same += 1
            count = (same - start) // period + 1
            if (count - 1) * period > saved:
                best, saved = Repeat(start, period, count), (count - 1) * period
            start = same + 1
    return best


def _key(row: ShapeRow, number: int) -> tuple:
    """What two rows of equal layers have in common: rows they take are counted backwards."""
    takes = tuple(
        (taken.shape, re.sub(r"\d+", "#", taken.name))
        if taken.row is None
        else (taken.shape, number - taken.row)
        for taken in row.takes
    )
    return row.operation, takes, row.gives


def choose_blanks(state: LedgerState, count: int) -> tuple[int, ...]:
    """Return `count` rows to leave blank: of those that change a shape, evenly, and the last."""
    shown = state.shown_rows()
    changing = [
        row
        for row in shown
        if state.rows[row].gives not in {t.shape for t in state.rows[row].takes}
    ]
    candidates = changing or shown
    if count >= len(candidates):
        return tuple(candidates)
    positions = np.linspace(0, len(candidates) - 1, count).round().astype(int)
    return tuple(candidates[position] for position in positions)
