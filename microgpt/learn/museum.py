"""`museum`: wrong answers side by side with the right one, computed when you ask for them."""

from collections.abc import Callable
from typing import Any

from microgpt.autograd.edge_orders import backward
from microgpt.autograd.value import Value
from microgpt.errors import SettingError
from microgpt.learn.race_museum import race_table
from microgpt.viz.museum_table import MuseumTable
from microgpt.viz.order_names import ORDER_MEANINGS, ORDER_NAMES, OVERWRITE_MEANING, RIGHT_ORDER
from microgpt.viz.race_table import RaceTable
from microgpt.widgets.backward_orders import EDGE_ORDERS


def _doubled_twice(a: Value) -> Value:
    b = a + a
    return b + b


def _diamond(a: Value, b: Value) -> Value:
    c, d = a + b, a * b
    return (c + d) + (c * d)


def _product_first(a: Value, b: Value) -> Value:
    c = a * b
    return c * a + c


def _product_last(a: Value, b: Value) -> Value:
    c = a * b
    return c + c * a


OVERWRITE = "overwrite"
# Name of a graph -> its formula, its function, and the numbers that it is computed for.
GRAPHS: dict[str, tuple[tuple[str, ...], Callable[..., Value], tuple[float, ...]]] = {
    "tree": (("(a·b)²", "a = 2, b = 3"), lambda a, b: (a * b) ** 2, (2.0, 3.0)),
    "a·a": (("a = 3",), lambda a: a * a, (3.0,)),
    "b + b": (("b = a + a", "a = 2"), _doubled_twice, (2.0,)),
    "diamond": (("c = a + b", "d = a·b", "(c + d) + c·d"), _diamond, (2.0, 3.0)),
    "c·a + c": (("c = a·b", "a = 2, b = 3"), _product_first, (2.0, 3.0)),
    "c + c·a": (("c = a·b", "a = 2, b = 3"), _product_last, (2.0, 3.0)),
}
# Name of a pass -> the order of its edges, and whether gradients that meet are added.
PASSES: dict[str, tuple[str, bool]] = {
    RIGHT_ORDER: (RIGHT_ORDER, True),
    OVERWRITE: (RIGHT_ORDER, False),
    **{name: (name, True) for name in ORDER_NAMES if name != RIGHT_ORDER},
}
MEANINGS = {name: {**ORDER_MEANINGS, OVERWRITE: OVERWRITE_MEANING}[name] for name in PASSES}


def museum(id: str) -> MuseumTable | RaceTable:
    """Return the wrong answers that the notebook `id` collects, as a table.

    "01" has five backward passes on six graphs of `Value`s: `museum("01").rows[pass][graph]` is the
    gradient with respect to a, or to a and b. "14" has nine kernels with a race, run in three
    orders: `museum("14").rows` says of each which results were right. Raises SettingError for
    another id.
    """
    if id == "14":
        return race_table()
    if id != "01":
        raise SettingError("museum", got=id, choices=("01", "14"))
    rows = {name: {graph: _leaf_gradients(name, graph) for graph in GRAPHS} for name in PASSES}
    formulas = {graph: formula for graph, (formula, _, _) in GRAPHS.items()}
    return MuseumTable(rows, formulas, MEANINGS)


def run_pass(name: str, last: Any) -> dict[Any, float]:
    """Return the gradient of `last` with respect to every node by one of PASSES."""
    order, accumulates = PASSES[name]
    return backward(last, EDGE_ORDERS[order], accumulates)


def _leaf_gradients(name: str, graph: str) -> tuple[float, ...]:
    """Run a backward pass on a new graph; return the gradients of its leaves."""
    _, function, numbers = GRAPHS[graph]
    leaves = [Value(number) for number in numbers]
    grads = run_pass(name, function(*leaves))
    return tuple(grads[leaf] for leaf in leaves)
