"""`gradcheck`: compare the gradients of autograd with finite differences."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from microgpt.autograd.engine import decomposed, no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.autograd.value import Value
from microgpt.backends import is_array, to_host
from microgpt.errors import DtypeError, GradientError, SettingError, ShapeError
from microgpt.nn.dropout import freeze_masks


def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    tolerance: float = 1e-6,
    seed: int = 0,
    directions: int | None = None,
    fused: bool = False,
) -> bool:
    """Return True if the gradients of `function(*inputs)` agree with finite differences.

        (f(x + h) − f(x − h)) / 2h  against  the derivative by autograd

    `inputs` is a list of Values, or of float64 leaf tensors with requires_grad. The output is
    reduced to one number by a random projection. Every element is checked or, with `directions`,
    that many random directions through each input. Fused operations run decomposed unless `fused`;
    dropout masks are frozen. Raises GradientError with the parameter and the element of the first
    difference; at a corner (relu at 0, equal maxima) it says that there is no one slope to check.
    """
    inputs = [inputs] if isinstance(inputs, Tensor | Value) else list(inputs)
    if not inputs:
        raise SettingError("inputs", "at least one Value or tensor", inputs)
    for index, leaf in enumerate(inputs):
        if not isinstance(leaf, Tensor | Value) or leaf.inputs or not leaf.requires_grad:
            raise SettingError(
                f"parameter {index}",
                "a Value, or a tensor made with requires_grad=True",
                type(leaf),
            )
        if isinstance(leaf, Tensor) and leaf.dtype != np.float64:
            raise DtypeError(f"gradcheck needs float64; parameter {index} is {leaf.dtype}")
    rng = np.random.default_rng(seed)
    with nullcontext() if fused else decomposed(), freeze_masks():
        return _check_inputs(function, inputs, eps, tolerance, rng, directions)


def _check_inputs(function, inputs, eps, tolerance, rng, directions) -> bool:
    before = [_numbers(leaf.data) for leaf in inputs]
    output = function(*inputs)
    if not isinstance(output, Tensor | Value):
        raise SettingError("the function's result", "a tensor", type(output))
    shape = output.shape if isinstance(output, Tensor) else ()
    projection = rng.normal(size=shape)
    grads = _analytic_grads(output, projection, inputs)
    for index, (leaf, start) in enumerate(zip(inputs, before, strict=True)):
        if not np.array_equal(_numbers(leaf.data), start):
            raise GradientError(f"the function changed its parameter {index}")
        if np.shape(grads[index]) != np.shape(start):
            raise ShapeError(
                f"the gradient of parameter {index} must have shape {np.shape(start)}; "
                f"got {np.shape(grads[index])}"
            )
        for direction, label in _directions(start, rng, directions):
            f = _along(function, inputs, index, direction, projection)
            checked = f"parameter {index}{label}"
            expected = (f(eps) - f(-eps)) / (2 * eps)
            got = float(np.sum(grads[index] * direction))
            scale = max(1.0, abs(expected), abs(got))
            if np.isinf(scale) or not abs(got - expected) <= tolerance * scale:
                if not np.isinf(scale):
                    _check_no_corner(f, eps, tolerance * scale, got, checked)
                raise GradientError(
                    f"{checked}: autograd gives {got:.9g}, finite differences "
                    f"{expected:.9g}; they differ by more than {tolerance:g}"
                )
    return True


def _analytic_grads(output: Any, projection: np.ndarray, inputs: Sequence[Any]) -> list[np.ndarray]:
    """Return the gradients of one backward pass; restore those accumulated before it."""
    collected = [
        _numbers(leaf.grad_buffer() if isinstance(leaf, Tensor) else leaf.grad or 0.0)
        for leaf in inputs
    ]
    for leaf in inputs:
        _set_grad(leaf, 0.0)
    if isinstance(output, Value):
        output.backward(float(projection))
    elif output.requires_grad:
        output.backward(projection)
    grads = [_numbers(leaf.grad) for leaf in inputs]
    for leaf, before in zip(inputs, collected, strict=True):
        _set_grad(leaf, before)
    return grads


def _set_grad(leaf: Any, gradient: Any) -> None:
    if isinstance(leaf, Tensor):
        leaf.grad_buffer()[...] = gradient
    else:
        leaf.grad = float(gradient)


def _directions(start: np.ndarray, rng: np.random.Generator, count: int | None):
    if count is not None:
        for number in range(count):
            yield rng.normal(size=start.shape), f", random direction {number}"
        return
    for index in np.ndindex(start.shape):
        direction = np.zeros(start.shape)
        direction[index] = 1.0
        yield direction, f", element {index}" if index else ""


def _along(function, inputs, index, direction, projection) -> Callable[[float], float]:
    """Return f(h): the projected result with input `index` moved by h times `direction`."""
    leaf, start = inputs[index], _numbers(inputs[index].data)

    def f(h: float) -> float:
        try:
            leaf.data = start + h * direction
            with no_grad():
                output = function(*inputs)
        finally:
            leaf.data = start if isinstance(leaf, Tensor) else float(start)
        return float(np.sum(_numbers(output.data) * projection))

    return f


def _check_no_corner(f, eps: float, tolerance: float, got: float, label: str) -> None:
    """Raise GradientError if the slopes to the left and to the right of here differ.

    For a smooth function their difference doubles with the step; at a corner it stays.
    """
    gaps = []
    for h in (4 * eps, 2 * eps):
        left, right = (f(0.0) - f(-h)) / h, (f(h) - f(0.0)) / h
        gaps.append(abs(right - left))
    if gaps[1] > 100 * tolerance and gaps[0] < 1.6 * gaps[1]:
        raise GradientError(
            f"{label}: the function has a corner or a jump here, so no one slope can be checked: "
            f"{left:.6g} on the left, {right:.6g} on the right, by autograd {got:.6g}",
            "check at another point, away from 0 of relu and from equal maxima",
        )


def _numbers(data: Any) -> np.ndarray:
    """Return a copy of an array of any back end, or of the number of a Value."""
    return to_host(data) if is_array(data) else np.copy(data)
