"""The numbers of an X-ray: drawn from a seed, multiplied or broadcast by the library's tensors."""

from typing import NamedTuple

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.errors import ShapeError

Shape = tuple[int, ...]
MAX_NUMBER = 3

# What the view opens with: small enough to multiply by hand, the same for every reader.
FIRST_SIZES = (2, 3, 4)
FIRST_X = ((1, 2, 0), (0, 1, 3))
FIRST_W = ((1, 0, 2, 1), (0, 1, 1, 0), (2, 1, 0, 1))
FIRST_DY = ((1, 0, 0, 1), (0, 2, 0, 0))


class ProductNumbers(NamedTuple):
    """y = x · w by `Tensor`, and the gradients of x and w for the gradient dy of y."""

    x: np.ndarray
    w: np.ndarray
    y: np.ndarray
    dy: np.ndarray
    dx: np.ndarray
    dw: np.ndarray


class BroadcastNumbers(NamedTuple):
    """a and b; y = a + b or a − b and the gradients by `Tensor`, `None` if the shapes clash."""

    a: np.ndarray
    b: np.ndarray
    y: np.ndarray | None = None
    dy: np.ndarray | None = None
    da: np.ndarray | None = None
    db: np.ndarray | None = None


def multiply(sizes: tuple[int, int, int], decimals: bool = False, seed: int = 0) -> ProductNumbers:
    """Return x (B, I), w (I, O), their product and its gradients, for `sizes` B, I, O.

    Integers from -3 to 3, or numbers with one decimal between -1 and 1.
    """
    rng = np.random.default_rng([seed, *sizes])
    B, I, O = sizes  # noqa: E741 (the sizes' names on screen)
    x, w, dy = (_draw(rng, shape, decimals) for shape in ((B, I), (I, O), (B, O)))
    if (sizes, decimals, seed) == (FIRST_SIZES, False, 0):
        x, w, dy = (np.array(rows, float) for rows in (FIRST_X, FIRST_W, FIRST_DY))
    left, right = _leaf(x), _leaf(w)
    y = left @ right
    y.backward(dy)
    return ProductNumbers(x, w, y.numpy(), dy, _grad(left), _grad(right))


def broadcast(
    shapes: tuple[Shape, Shape], sign: str = "+", decimals: bool = False, seed: int = 0
) -> BroadcastNumbers:
    """Return a and b of two shapes, a + b or a − b (`sign` "+" or "−"), and its gradients."""
    rng = np.random.default_rng([seed, *shapes[0], 0, *shapes[1]])
    a, b = (_draw(rng, shape, decimals) for shape in shapes)
    left, right = _leaf(a), _leaf(b)
    try:
        y = left + right if sign == "+" else left - right
    except ShapeError:
        return BroadcastNumbers(a, b)
    dy = _draw(rng, y.shape, decimals)
    y.backward(dy)
    return BroadcastNumbers(a, b, y.numpy(), dy, _grad(left), _grad(right))


def _draw(rng: np.random.Generator, shape: Shape, decimals: bool) -> np.ndarray:
    if decimals:
        return np.asarray(rng.integers(-9, 10, shape) / 10)
    return np.asarray(rng.integers(-MAX_NUMBER, MAX_NUMBER + 1, shape), float)


def _leaf(numbers: np.ndarray) -> Tensor:
    return Tensor(numbers, requires_grad=True, backend="numpy")


def _grad(leaf: Tensor) -> np.ndarray:
    assert leaf.grad is not None
    return leaf.grad.copy()
