"""`BackwardReplay`: a graph, a backward pass over it edge by edge, and measured slopes, as data."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


@dataclass(frozen=True)
class GraphNode:
    """A node: `label` stands in its box, `name` in sentences; it was computed from `inputs`.

    `local_grads` are its derivatives with respect to each of `inputs`, indices of nodes.
    """

    label: str
    name: str
    value: float
    inputs: tuple[int, ...] = ()
    local_grads: tuple[float, ...] = ()


class EdgeStep(NamedTuple):
    """A step of a backward pass: `node` passes its gradient to `node.inputs[input_index]`.

    That input, `target`, had the gradient `before`, `None` if nothing had arrived, and has `total`
    after it; `contribution` is `local_grad` × `upstream`.
    """

    node: int
    input_index: int
    target: int
    local_grad: float
    upstream: float
    contribution: float
    before: float | None
    total: float


@dataclass(frozen=True)
class LossCurve:
    """The result against one leaf: `ys[i]` at `xs[i]`, `None` where it cannot be computed.

    `corners` are the (x, y) at which an operation has a corner.
    """

    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    corners: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class BackwardReplay:
    """All that the stethoscope shows.

    `nodes` stand in the order of computation, the result last; `leaves` are the indices of the
    leaves, `leaf` is the one of them that is moved. `steps` is the backward pass in this `order`,
    which adds gradients that meet in a node, or replaces them unless `accumulates`. Position 0 is
    before the first step; at position k > 0 step k is shown; len(steps) + 1 is the end. `grads` are
    the right gradients, one a node. `measured` has the slope by measuring of each leaf, `None`
    where it cannot be measured. `corner_sides` has an entry for each relu whose corner lies between
    the points that are measured: the side, "left" or "right", on which its input is.
    """

    result_name: str
    nodes: tuple[GraphNode, ...]
    leaves: tuple[int, ...]
    leaf: int
    steps: tuple[EdgeStep, ...]
    position: int
    order: str
    accumulates: bool
    grads: tuple[float, ...]
    measured: tuple[float | None, ...]
    curve: LossCurve
    corner_sides: tuple[str, ...] = ()

    @cached_property
    def uses(self) -> Counter[int]:
        """How many inputs of other nodes each node is."""
        return Counter(index for node in self.nodes for index in node.inputs)

    @cached_property
    def final_grads(self) -> dict[int, float]:
        """The gradient of each node after the last step of this pass."""
        return {len(self.nodes) - 1: 1.0} | {step.target: step.total for step in self.steps}

    @property
    def is_at_end(self) -> bool:
        """Whether all steps are done and none of them is shown."""
        return self.position > len(self.steps)

    @property
    def current_step(self) -> EdgeStep | None:
        """The step that is shown, if any."""
        return self.steps[self.position - 1] if 0 < self.position <= len(self.steps) else None

    @property
    def steps_done(self) -> Sequence[EdgeStep]:
        """The steps up to this position."""
        return self.steps[: self.position]

    @property
    def moved_leaf(self) -> GraphNode:
        """The leaf that is moved."""
        return self.nodes[self.leaf]

    @property
    def measured_slope(self) -> float | None:
        """The slope of the moved leaf by measuring."""
        return self.measured[self.leaves.index(self.leaf)]

    def arrived(self) -> dict[int, float]:
        """Return the gradient of each node that has one at this position."""
        arrived = {len(self.nodes) - 1: 1.0}
        for step in self.steps_done:
            arrived[step.target] = step.total
        return arrived

    def is_wrong(self, node: int) -> bool:
        """Whether this pass ends with a gradient of a node that is not the right one."""
        final, right = self.final_grads[node], self.grads[node]
        return abs(final - right) > 1e-9 * max(1e-9, abs(final), abs(right))
