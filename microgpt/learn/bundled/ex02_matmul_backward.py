"""02.matmul_backward: the backward rule of a matrix product."""

import numpy as np

from microgpt.learn.bundled.measured_gradients import is_measured, measured
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import ParseError, array, tuple_of


def matmul_backward(dy, x, w):
    return dy @ w.T, x.T @ dy


def _by_einsum(dy, x, w):
    return np.einsum("bo,io->bi", dy, w), np.einsum("bi,bo->io", x, dy)


def _by_loops(dy, x, w):
    (B, O), I = np.shape(dy), len(w)  # noqa: E741
    dx, dw = np.zeros((B, I)), np.zeros((I, O))
    for b in range(B):
        for i in range(I):
            for o in range(O):
                dx[b, i] += dy[b][o] * w[i][o]
                dw[i, o] += x[b][i] * dy[b][o]
    return [dx, dw]


def _by_outer_products(dy, x, w):
    dw = np.zeros_like(w)
    for x_row, dy_row in zip(x, dy, strict=True):
        dw += np.outer(x_row, dy_row)
    return np.inner(dy, w), dw


def _two_arrays(value):
    try:
        return tuple_of(array, array)(value)
    except ParseError:
        raise ParseError("a tuple of exactly 2 arrays") from None


def _has_shapes(answer, dy, x, w):
    got = tuple(part.shape for part in answer(dy, x, w))
    expected = (x.shape, w.shape)
    return None if got == expected else Mismatch(f"shapes {got}", f"shapes {expected}")


def _is_measured(answer, dy, x, w):
    """Compare both gradients along one random direction each with what measuring gives."""
    rng = np.random.default_rng(x.size)
    to_x, to_w = (rng.integers(-2, 3, part.shape) for part in (x, w))
    dx, dw = answer(dy, x, w)
    got = (float((dx * to_x).sum()), float((dw * to_w).sum()))
    expected = (
        measured(lambda t: float((dy * ((x + t * to_x) @ w)).sum()), 0.0),
        measured(lambda t: float((dy * (x @ (w + t * to_w))).sum()), 0.0),
    )
    return is_measured(got, expected)


def _has_zeros(answer, dy, x, w):
    """Compare dw alone: as a list, dx without rows would have no columns either."""
    _, dw = answer(dy, x, w)
    return None if dw.shape == w.shape and not dw.any() else Mismatch(dw, np.zeros(w.shape))


def _cases(*sizes):
    """Return the inputs of a property, dy (B, O), x (B, I), w (I, O), for each B, I, O."""

    def inputs(rng):
        for B, I, O in sizes:  # noqa: E741
            shapes = ((B, O), (B, I), (I, O))
            yield tuple(rng.integers(-3, 4, shape).astype(float) for shape in shapes)

    return inputs


_texts = message_section("02.matmul_backward")
_descriptions, _mistakes = _texts["properties"], _texts["mistakes"]


def _changes_dy(dy, x, w):
    result = dy @ w.T, x.T @ dy
    dy *= 0
    return result


# What learners compute instead, by the key of its cause. Where the shapes do not fit, NumPy raises
# a ValueError; the square case tells those mistakes apart.
FORMULAS = {
    "dy_times_w": lambda dy, x, w: (dy @ w, x.T @ dy),
    "w_times_dy": lambda dy, x, w: (w @ dy, x.T @ dy),
    "wt_times_dy": lambda dy, x, w: (w.T @ dy, x.T @ dy),
    "dy_times_xt": lambda dy, x, w: (dy @ w.T, dy @ x.T),
    "x_times_dy": lambda dy, x, w: (dy @ w.T, x @ dy),
    "dy_times_x": lambda dy, x, w: (dy @ w.T, dy @ x),
    "no_transposes": lambda dy, x, w: (dy @ w, x @ dy),
    "no_transposes_exchanged": lambda dy, x, w: (w @ dy, dy @ x),
    "elementwise": lambda dy, x, w: (dy * w, x * dy),
    "elementwise_transposed": lambda dy, x, w: (dy * w.T, x.T * dy),
    "dw_transposed": lambda dy, x, w: (dy @ w.T, dy.T @ x),
    "dx_transposed": lambda dy, x, w: (w @ dy.T, x.T @ dy),
    "both_transposed": lambda dy, x, w: (w @ dy.T, dy.T @ x),
    "mean": lambda dy, x, w: (dy @ w.T, x.T @ dy / len(x)),
    "mean_of_both": lambda dy, x, w: (dy @ w.T / len(x), x.T @ dy / len(x)),
    "swapped": lambda dy, x, w: (x.T @ dy, dy @ w.T),
    "no_upstream": lambda dy, x, w: (w.T, x.T),
    "no_upstream_as_is": lambda dy, x, w: (w, x),
    "inputs": lambda dy, x, w: (x, w),
    "ones": lambda dy, x, w: (np.ones_like(dy) @ w.T, x.T @ np.ones_like(dy)),
    "product": lambda dy, x, w: (x @ w, x @ w),
    "negative": lambda dy, x, w: (-(dy @ w.T), -(x.T @ dy)),
    "first_row": lambda dy, x, w: (dy @ w.T, np.outer(x[0], dy[0])),
    "changes_dy": _changes_dy,
}

MATMUL_BACKWARD = Exercise(
    id="02.matmul_backward",
    signature="matmul_backward(dy, x, w) -> (dx, dw)",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([[10.0]]), np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])),
        (np.array([[30.0, 40.0]]), np.array([[10.0], [20.0]])),
    ),
    difficulty=2,
    importance=5,
    minutes=7,
    prerequisites=("matrix_product", "chain_rule"),
    hints=tuple(_texts["hints"]),
    solution=matmul_backward,
    alternative_solutions=(_by_einsum, _by_loops, _by_outer_products),
    properties=(
        Property(_descriptions["shapes"], _cases((2, 3, 4), (4, 2, 3)), _has_shapes),
        Property(_descriptions["values"], _cases((2, 1, 2), (2, 3, 4), (3, 2, 1))),
        Property(_descriptions["square"], _cases((2, 2, 2), (3, 3, 3), (3, 3, 3), (3, 3, 3))),
        Property(_descriptions["one_row"], _cases((1, 2, 3), (1, 3, 2))),
        Property(_descriptions["measured"], _cases((2, 2, 3), (3, 4, 2), (5, 3, 4)), _is_measured),
        Property(_descriptions["no_rows"], _cases((0, 2, 3)), _has_zeros),
    ),
    common_mistakes=tuple(
        CommonMistake(key.replace("_", " "), formula, _mistakes[key])
        for key, formula in FORMULAS.items()
    ),
    parse=_two_arrays,
)
