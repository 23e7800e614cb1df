"""`Expression`: a typed expression as nodes, and the graph of `Value` that it stands for."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from microgpt.autograd.engine import no_grad
from microgpt.autograd.value import Value
from microgpt.errors import MicrogptError

# Operation -> what it does with Values and plain numbers.
OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, exponent: a**exponent,
    "neg": lambda a: -a,
    "tanh": lambda a: a.tanh(),
    "exp": lambda a: a.exp(),
    "log": lambda a: a.log(),
    "relu": lambda a: a.relu(),
}
FUNCTIONS = ("tanh", "exp", "log", "relu")


@dataclass(frozen=True)
class ExpressionNode:
    """A leaf, or an operation on `operands`: an int is the index of a node, a float a constant.

    `name` is that of a leaf, or of an assigned result; `text` is the source of the operation.
    """

    name: str
    op: str = ""
    operands: tuple[int | float, ...] = ()
    text: str = ""

    @property
    def inputs(self) -> tuple[int, ...]:
        """The indices of the nodes that the operation reads; constants are none."""
        return tuple(operand for operand in self.operands if isinstance(operand, int))


@dataclass(frozen=True)
class Expression:
    """An expression as typed, and its nodes: each after its inputs, the result last."""

    source: str
    nodes: tuple[ExpressionNode, ...]

    @property
    def leaf_indices(self) -> tuple[int, ...]:
        """The nodes that are leaves, in the order in which they appear."""
        return tuple(index for index, node in enumerate(self.nodes) if not node.op)

    @property
    def leaves(self) -> tuple[str, ...]:
        """The names of the leaves, in the order in which they appear."""
        return tuple(self.nodes[index].name for index in self.leaf_indices)

    def graph(self, leaf_values: Sequence[float]) -> list[Value]:
        """Return a `Value` for each node, the result last, whose inputs are the nodes it reads.

        What the library composes of several operations (a - b is a + b * -1) is one node here; its
        local derivatives are those that the library's backward pass gives for its inputs. Raises
        MicrogptError where the expression, or a local derivative, has no finite value.
        """
        values: list[Value] = []
        numbers = iter(leaf_values)
        for node in self.nodes:
            values.append(
                self._fused(node, values, leaf_values) if node.op else Value(float(next(numbers)))
            )
        return values

    def _fused(
        self, node: ExpressionNode, values: list[Value], leaf_values: Sequence[float]
    ) -> Value:
        inputs = [values[index] for index in node.inputs]
        parts = [Value(one.data) for one in inputs]
        try:
            result = _apply(node, iter(parts))
            result.backward()
        except (ValueError, ArithmeticError) as error:
            raise self._no_value(node, leaf_values, str(error)) from None
        local_grads = tuple(part.grad for part in parts)
        if not all(map(math.isfinite, (result.data, *local_grads))):
            reason = "its value or its slope is not a finite number"
            raise self._no_value(node, leaf_values, reason)
        return Value(result.data, tuple(inputs), local_grads, node.op)

    def _no_value(
        self, node: ExpressionNode, leaf_values: Sequence[float], reason: str
    ) -> MicrogptError:
        numbers = zip(self.leaves, leaf_values, strict=True)
        point = ", ".join(f"{name} = {number:g}" for name, number in numbers)
        return MicrogptError(
            f"{node.text} cannot be computed at {point}: {reason}",
            "change a number or the expression",
        )

    def node_values(self, leaf_values: Sequence[float]) -> list[float]:
        """Return the value of each node; raise ValueError or ArithmeticError if one has none."""
        values: list[Value] = []
        numbers = iter(leaf_values)
        with no_grad():
            for node in self.nodes:
                inputs = (values[index] for index in node.inputs)
                values.append(_apply(node, inputs) if node.op else Value(float(next(numbers))))
        return [value.data for value in values]


def _apply(node: ExpressionNode, inputs: Any) -> Any:
    """Apply the operation of a node to an iterator of its inputs, and to its constants."""
    operands = [next(inputs) if isinstance(one, int) else one for one in node.operands]
    return OPERATIONS[node.op](*operands)
