"""`StethoscopeState`: an expression at a point, and a position in a backward pass over it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from microgpt.autograd.value import Value
from microgpt.errors import MicrogptError, SettingError
from microgpt.viz.order_names import ORDER_NAMES, RIGHT_ORDER
from microgpt.viz.stethoscope import (
    BackwardReplay,
    EdgeStep,
    GraphNode,
    LossCurve,
)
from microgpt.widgets.backward_orders import replay_backward
from microgpt.widgets.expression import Expression
from microgpt.widgets.expression_parser import parse_expression
from microgpt.widgets.measured_slope import corner_sides, loss_curve, measure_slope
from microgpt.widgets.node_names import node_label, node_names

MAX_VALUE = 5.0  # of a leaf, above 0 and below
FIRST_VALUES = (2.0, 3.0, 0.5, 1.0)  # of leaves without a value, in their order


@dataclass(frozen=True)
class StethoscopeState:
    """An expression with a value for each of its leaves; `leaf` is the one that is moved.

    `position` counts the steps of the backward pass that are done, in `order`, with gradients that
    meet added or, unless `accumulates`, replaced; `None` is its end. The curve is drawn around
    `centre`, which stays while the leaf is dragged.
    """

    expression: Expression
    values: tuple[float, ...]
    leaf: int = 0
    position: int | None = None
    order: str = RIGHT_ORDER
    accumulates: bool = True
    centre: float = 0.0

    @cached_property
    def graph(self) -> list[Value]:
        """The nodes as Values, with the gradients of the library's own backward pass."""
        graph = self.expression.graph(self.values)
        graph[-1].backward()
        return graph

    @cached_property
    def steps(self) -> tuple[EdgeStep, ...]:
        """The backward pass in this order, edge by edge."""
        return replay_backward(self.graph, self.order, self.accumulates)

    @cached_property
    def curve(self) -> LossCurve:
        """The result around the moved leaf."""
        return loss_curve(self.expression, self._with_leaf_at(self.centre), self.leaf)

    @cached_property
    def view(self) -> BackwardReplay:
        """All that is shown, as plain data."""
        expression, count = self.expression, len(self.steps)
        names = node_names(expression)
        result = expression.nodes[-1].name or "the loss"
        index_of = {value: index for index, value in enumerate(self.graph)}
        nodes = tuple(
            GraphNode(
                node_label(node, name), name, value.data,
                tuple(index_of[one] for one in value.inputs), value.local_grads,
            )
            for node, name, value in zip(expression.nodes, names, self.graph, strict=True)
        )  # fmt: skip
        leaves = expression.leaf_indices
        measured = tuple(
            measure_slope(expression, self.values, index) for index in range(len(leaves))
        )
        grads = tuple(value.grad for value in self.graph)
        slopes = grads[leaves[self.leaf]], measured[self.leaf]
        sides = () if _agree(*slopes) else corner_sides(expression, self.values, self.leaf)
        return BackwardReplay(
            result, nodes, leaves, leaves[self.leaf], self.steps,
            count + 1 if self.position is None else self.position, self.order, self.accumulates,
            grads, measured, self.curve, sides,
        )  # fmt: skip

    @property
    def leaf_value(self) -> float:
        """The value of the leaf that is moved."""
        return self.values[self.leaf]

    def checked(self) -> "StethoscopeState":
        """Return this state; raise MicrogptError if the expression has no value or slope here."""
        if not all(value.grad - value.grad == 0 for value in self.graph):  # infinite or NaN
            raise MicrogptError(
                "a gradient here is too large for a float", "change a number or the expression"
            )
        return self

    def with_expression(self, source: str) -> "StethoscopeState":
        """Return the state at the end of the pass over another expression.

        Names that it shares with this one keep their values.
        """
        if source.strip() == self.expression.source:
            return self
        known = dict(zip(self.expression.leaves, self.values, strict=True))
        return start_state(source, known, self.order, self.accumulates)

    def with_example(self, source: str, values: Mapping[str, float]) -> "StethoscopeState":
        """Return the state of an expression of the list, with its values."""
        return start_state(source, values, self.order, self.accumulates)

    def with_leaf(self, leaf: int) -> "StethoscopeState":
        """Move another leaf."""
        return replace(self, leaf=leaf, centre=self.values[leaf])

    def with_value(self, value: float) -> "StethoscopeState":
        """Move the leaf to a value; the curve stays where it is."""
        return replace(self, values=self._with_leaf_at(value)).checked()

    def _with_leaf_at(self, value: float) -> tuple[float, ...]:
        return (*self.values[: self.leaf], value, *self.values[self.leaf + 1 :])

    def centred(self) -> "StethoscopeState":
        """Draw the curve around the leaf."""
        return replace(self, centre=self.leaf_value)

    def next_step(self) -> "StethoscopeState":
        """Pass one gradient back; after the last edge comes the end, then the beginning."""
        if self.position is None:
            return replace(self, position=0)
        is_last = self.position == len(self.steps)
        return replace(self, position=None if is_last else self.position + 1)

    def previous_step(self) -> "StethoscopeState":
        """Take one step back; at the beginning nothing changes."""
        position = len(self.steps) + 1 if self.position is None else self.position
        return replace(self, position=max(position - 1, 0))

    def at_end(self) -> "StethoscopeState":
        """Go to the end of the pass."""
        return replace(self, position=None)

    def with_order(self, order: str) -> "StethoscopeState":
        """Replay in another order: from its beginning, or at its end if the pass has ended."""
        if order not in ORDER_NAMES:
            raise SettingError("order", got=order, choices=ORDER_NAMES)
        return replace(self, order=order, position=None if self.position is None else 0)

    def with_forgetting(self, forgets: bool) -> "StethoscopeState":
        """Let the last of the gradients that meet in a node replace the others, or add them."""
        return replace(self, accumulates=not forgets)


def start_state(
    source: str,
    values: Mapping[str, float],
    order: str = RIGHT_ORDER,
    accumulates: bool = True,
) -> StethoscopeState:
    """Return the state at the end of the pass; leaves without a value get one."""
    expression = parse_expression(source)
    defaults = zip(expression.leaves, FIRST_VALUES, strict=False)
    numbers = tuple(float(values.get(name, first)) for name, first in defaults)
    state = StethoscopeState(
        expression, numbers, order=order, accumulates=accumulates, centre=numbers[0]
    )
    return state.checked()


def _agree(slope: float, measured: float | None) -> bool:
    """Whether a slope is the measured one, as far as measuring can tell."""
    return measured is not None and abs(slope - measured) <= 1e-4 * max(1.0, abs(slope))
