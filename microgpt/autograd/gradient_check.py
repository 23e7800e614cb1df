"""`gradcheck`: compare what a rule says with what measuring says."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from microgpt.autograd.engine import composed, no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.autograd.value import Value
from microgpt.errors import DtypeError, GradientError, SettingError, ShapeError
from microgpt.nn.dropout import masks_frozen


def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    *,
    step: float = 1e-6,
    tolerance: float = 1e-6,
    seed: int = 0,
    directions: int | None = None,
    fused: bool = False,
) -> bool:
    """True if the gradients of `function(*inputs)` agree with finite differences, else an error.

        (f(x + h) − f(x − h)) / 2h  against  the slope by autograd

    `inputs` is a list of Values, or of float64 leaf tensors with requires_grad. The output is
    reduced to one number by a random projection. Every element is measured, or with `directions`
    that many random directions through each input. Fused operations run composed unless
    `fused`; dropout keeps its masks, and counts nothing.
    Raises GradientError naming the input and the element of the first difference.
    """
    inputs = [inputs] if isinstance(inputs, Tensor | Value) else list(inputs)
    if not inputs:
        raise SettingError("gradcheck needs at least one input to measure; got none")
    for place, leaf in enumerate(inputs):
        if not isinstance(leaf, Tensor | Value) or leaf.inputs or not leaf.requires_grad:
            raise SettingError(
                f"input {place} must be a Value, or a tensor made with requires_grad=True"
            )
        if isinstance(leaf, Tensor) and leaf.dtype != np.float64:
            raise DtypeError(f"gradcheck needs float64; input {place} is {leaf.dtype}")
    rng = np.random.default_rng(seed)
    with nullcontext() if fused else composed(), masks_frozen():
        return _checked(function, inputs, step, tolerance, rng, directions)


def _checked(function, inputs, step, tolerance, rng, directions) -> bool:
    before = [np.copy(leaf.data) for leaf in inputs]
    output = function(*inputs)
    if not isinstance(output, Tensor | Value):
        raise SettingError(f"the function must return a tensor; got {type(output).__name__}")
    shape = output.shape if isinstance(output, Tensor) else ()
    projection = rng.normal(size=shape)
    slopes = _by_rule(output, projection, inputs)
    for place, (leaf, start) in enumerate(zip(inputs, before, strict=True)):
        if not np.array_equal(leaf.data, start):
            raise GradientError(f"the function changed its input {place}")
        if np.shape(slopes[place]) != np.shape(start):
            raise ShapeError(
                f"the gradient of input {place} must have shape {np.shape(start)}; "
                f"got {np.shape(slopes[place])}"
            )
        for direction, label in _directions(start, rng, directions):
            expected = _measured(function, inputs, place, direction, step, projection)
            got = float(np.sum(slopes[place] * direction))
            scale = max(1.0, abs(expected), abs(got))
            if not abs(got - expected) <= tolerance * scale:
                raise GradientError(
                    f"input {place}, {label}: the rule says {got:.9g}, measuring says "
                    f"{expected:.9g}; they differ by more than {tolerance:g}"
                )
    return True


def _by_rule(output: Any, projection: np.ndarray, inputs: Sequence[Any]) -> list[np.ndarray]:
    """The gradients of one pass; those collected before are put back."""
    collected = [
        np.copy(leaf.gradient() if isinstance(leaf, Tensor) else leaf.grad) for leaf in inputs
    ]
    for leaf in inputs:
        _set_grad(leaf, 0.0)
    if isinstance(output, Value):
        output.backward(float(projection))
    elif output.requires_grad:
        output.backward(projection)
    slopes = [np.copy(leaf.grad) for leaf in inputs]
    for leaf, before in zip(inputs, collected, strict=True):
        _set_grad(leaf, before)
    return slopes


def _set_grad(leaf: Any, gradient: Any) -> None:
    if isinstance(leaf, Tensor):
        leaf.gradient()[...] = gradient
    else:
        leaf.grad = float(gradient)


def _directions(start: np.ndarray, rng: np.random.Generator, count: int | None):
    if count is not None:
        for number in range(count):
            yield rng.normal(size=start.shape), f"random direction {number}"
        return
    for index in np.ndindex(start.shape):
        direction = np.zeros(start.shape)
        direction[index] = 1.0
        yield direction, f"element {index}" if index else "the number"


def _measured(function, inputs, place, direction, step, projection) -> float:
    """The slope along a direction, by evaluating on both sides."""
    leaf, start, sides = inputs[place], np.copy(inputs[place].data), []
    try:
        for sign in (1, -1):
            leaf.data = start + sign * step * direction
            with no_grad():
                output = function(*inputs)
            sides.append(float(np.sum(np.asarray(output.data) * projection)))
    finally:
        leaf.data = start if isinstance(leaf, Tensor) else float(start)
    return (sides[0] - sides[1]) / (2 * step)
