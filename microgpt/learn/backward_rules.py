"""How a learner's backward rules run in the graphs of `Value` and `Tensor`.

A rule of `VALUE_RULES` takes the numbers of a node's inputs and the gradient that arrives; one of
`TENSOR_RULES` takes arrays. Each has, for every operation that it belongs to, an adapter: it calls
the learner's function with the exercise's arguments and returns a gradient for each input. To make
another rule replaceable, add it to one of the two tables.
"""

from collections.abc import Callable
from inspect import getclosurevars, unwrap
from typing import Any, NamedTuple

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.autograd.value import Value
from microgpt.errors import SettingError, ShapeError
from microgpt.learn.parsers import ParseError, array, number, tuple_of
from microgpt.plain_text import join_and

Gradients = tuple[Any, ...]


class Rule(NamedTuple):
    """A learner's function, and the name under which it was given."""

    name: str
    function: Callable[..., Any]

    def __call__(self, parse: Callable[[Any], Any], *arguments: Any) -> Any:
        """Call the function and parse its result; raise SettingError if it is of another type."""
        value = self.function(*arguments)
        try:
            return parse(value)
        except ParseError as error:
            raise SettingError(f"the result of your {self.name}", str(error), value) from None

    def arrays(self, like: tuple[np.ndarray, ...], *arguments: Any) -> tuple[np.ndarray, ...]:
        """Call the function with copies of arrays; return arrays like those of `like`.

        A single array is returned as a tuple of one.
        """
        copies = (np.array(part) if isinstance(part, np.ndarray) else part for part in arguments)
        parse = tuple_of(*[array] * len(like)) if len(like) > 1 else lambda value: (array(value),)
        results = self(parse, *copies)
        for result, expected in zip(results, like, strict=True):
            if result.shape != expected.shape:
                shapes = join_and(part.shape for part in like)
                got = join_and(part.shape for part in results)
                raise ShapeError(f"your {self.name} must return shape {shapes}; got {got}")
        return tuple(
            np.ascontiguousarray(result, part.dtype).reshape(part.shape)
            for result, part in zip(results, like, strict=True)
        )


def _mul(rule: Rule, node: Value, dy: float) -> Gradients:
    a, b = node.inputs
    return rule(tuple_of(number, number), a.data, b.data, dy)


def _tanh(rule: Rule, node: Value, dy: float) -> Gradients:
    return (rule(number, node.inputs[0].data, dy),)


def _matmul(rule: Rule, node: Tensor, dy: np.ndarray) -> Gradients:
    """One call for each product of two matrices in a stack."""
    a, b = (one.array for one in node.inputs)
    return _products(rule, dy, a, b)


def _matmul_transposed(rule: Rule, node: Tensor, dy: np.ndarray) -> Gradients:
    a, b = (one.array for one in node.inputs)
    da, db = _products(rule, dy, a, b.swapaxes(-1, -2))
    return da, db.swapaxes(-1, -2)


def _products(rule: Rule, dy: np.ndarray, x: np.ndarray, w: np.ndarray) -> Gradients:
    dx, dw = np.empty(x.shape, x.dtype), np.empty(w.shape, w.dtype)
    for index in np.ndindex(x.shape[:-2]):
        dx[index], dw[index] = rule.arrays((x[index], w[index]), dy[index], x[index], w[index])
    return dx, dw


def _linear(rule: Rule, node: Tensor, dy: np.ndarray) -> Gradients:
    """y = x · weightᵀ + bias, so w is the transposed weight, and dw is transposed back."""
    x, weight, *bias = node.inputs
    rows, dy = x.as_2d(), dy.reshape(-1, dy.shape[-1])
    dx, dw = rule.arrays((rows, weight.array.T), dy, rows, weight.array.T)
    return (dx.reshape(x.shape), dw.T, *(dy.sum(0) for _ in bias))


def _unbroadcast(rule: Rule, node: Tensor, dy: np.ndarray) -> Gradients:
    x = node.inputs[0].array
    return rule.arrays((x,), dy, x.shape)


def _cross_entropy(rule: Rule, node: Tensor, dy: np.ndarray) -> Gradients:
    """Scale the gradient of the mean to that of each loss; targets of −1 are left out."""
    rows = node.inputs[0].as_2d()
    targets = _token_ids(node, "ids")
    kept = targets >= 0
    (gradient,) = rule.arrays((rows[kept],), rows[kept], targets[kept])
    dx = np.zeros_like(rows)
    dx[kept] = gradient * (dy.reshape(-1, 1)[kept] * kept.sum())
    return (dx.reshape(node.inputs[0].shape),)


def _embedding(rule: Rule, node: Tensor, dy: np.ndarray) -> Gradients:
    weight = node.inputs[0].array
    ids = _token_ids(node, "flat").reshape(dy.shape[:-1])
    return rule.arrays((weight,), dy, ids, len(weight))


def _token_ids(node: Tensor, name: str) -> np.ndarray:
    """Return the ids that an operation keeps for its backward function, under that name."""
    assert node.backward_fn is not None
    return getclosurevars(unwrap(node.backward_fn)).nonlocals[name]


# Name of the learner's function -> operation -> adapter.
VALUE_RULES: dict[str, dict[str, Callable[..., Gradients]]] = {
    "mul_backward": {"*": _mul},
    "tanh_backward": {"tanh": _tanh},
}
TENSOR_RULES: dict[str, dict[str, Callable[..., Gradients]]] = {
    "matmul_backward": {
        "matmul": _matmul, "matmul_transposed": _matmul_transposed, "linear": _linear,
    },
    "unbroadcast": {"broadcast_to": _unbroadcast},
    "cross_entropy_backward": {"cross_entropy_per_token": _cross_entropy},
    "embedding_backward": {"embedding": _embedding},
}  # fmt: skip
