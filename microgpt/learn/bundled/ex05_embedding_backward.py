"""05.embedding_backward: the backward rule of a lookup."""

import warnings

import numpy as np

from microgpt.learn.bundled.float32_results import keeps_float32
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def embedding_backward(dy, ids, n_rows):
    dweight = np.zeros((n_rows, dy.shape[-1]), dy.dtype)
    np.add.at(dweight, ids, dy)
    return dweight


def _by_a_loop(dy, ids, n_rows):
    dweight = np.zeros_like(dy, shape=(n_rows, dy.shape[-1]))
    for index in np.ndindex(ids.shape):
        dweight[ids[index]] += dy[index]
    return dweight


def _by_one_hot(dy, ids, n_rows):
    one_hot = (ids.reshape(-1, 1) == np.arange(n_rows)).astype(dy.dtype)
    return one_hot.T @ dy.reshape(len(one_hot), -1)


def _row_by_row(dy, ids, n_rows):
    return np.array([dy[ids == row].sum(axis=0) for row in range(n_rows)])


def _in_lists(dy, ids, n_rows):
    C = np.shape(dy)[-1]
    rows = [[0.0] * C for _ in range(n_rows)]
    for row, id in zip(np.reshape(dy, (-1, C)).tolist(), np.ravel(ids).tolist(), strict=True):
        rows[id] = [a + b for a, b in zip(rows[id], row, strict=True)]
    return rows


def _has_shape(answer, dy, ids, n_rows):
    got, expected = answer(dy, ids, n_rows).shape, (n_rows, dy.shape[-1])
    return None if got == expected else Mismatch(f"shape {got}", f"shape {expected}")


def _keeps_sums(answer, dy, ids, n_rows):
    got = answer(dy, ids, n_rows).sum(axis=0)
    expected = dy.reshape(-1, dy.shape[-1]).sum(axis=0)
    return None if np.allclose(got, expected, atol=1e-4) else Mismatch(got, expected)


def _dy(rng, *shape):
    return np.round(rng.normal(size=shape) * 2, 1)


def _shapes(rng):
    for n_rows, shape in ((3, (2,)), (5, (4,)), (6, (2, 3))):
        yield _dy(rng, *shape, 2), rng.integers(0, n_rows - 1, shape), n_rows


def _no_repeats(rng):
    for size, n_rows in ((1, 2), (2, 4), (3, 3)):
        yield _dy(rng, size, 2), rng.permutation(n_rows)[:size], n_rows


def _all_the_same(rng):
    for size, n_rows in ((2, 2), (5, 3)):
        yield _dy(rng, size, 2), np.full(size, 1), n_rows


def _unused(rng):
    yield _dy(rng, 2, 3), np.array([1, 1]), 4
    yield _dy(rng, 3, 2), np.array([0, 2, 0]), 6


def _more_axes(rng):
    for shape in ((2, 2), (2, 3), (3, 3), (2, 2, 2)):
        yield _dy(rng, *shape, 3), rng.integers(0, 3, shape), 4


def _random(rng):
    for size, n_rows in ((4, 3), (6, 4), (20, 5), (64, 27)):
        yield _dy(rng, size, 3), rng.integers(0, n_rows, size), n_rows


def _float32(rng):
    yield np.array([[1.0, 0.5], [2.0, 0.25]], np.float32), np.array([1, 1]), 2


_texts = message_section("05.embedding_backward")
_descriptions, _causes, _mistakes = _texts["properties"], _texts["causes"], _texts["mistakes"]


def _zeros(dy, n_rows):
    return np.zeros((n_rows, dy.shape[-1]), dy.dtype)


def _last_only(dy, ids, n_rows):
    dw = _zeros(dy, n_rows)
    for index in np.ndindex(ids.shape):
        dw[ids[index]] = dy[index]
    return dw


def _first_only(dy, ids, n_rows):
    flat, rows = ids.reshape(-1)[::-1], dy.reshape(-1, dy.shape[-1])[::-1]
    return _last_only(rows, flat, n_rows)


def _mean(dy, ids, n_rows):
    counts = np.bincount(ids.reshape(-1), minlength=n_rows)
    return embedding_backward(dy, ids, n_rows) / np.maximum(counts, 1)[:, None]


def _loop_over_the_first_axis(dy, ids, n_rows):
    """Right for ids (N,); of ids (B, T) it hands whole rows to the indexed addition."""
    dw = _zeros(dy, n_rows)
    for i, id in enumerate(ids):
        dw[id] += dy[i]
    return dw


def _loop_over_integers(dy, ids, n_rows):
    dw = _zeros(dy, n_rows)
    for i in range(len(ids)):
        dw[int(ids[i])] += dy[i]
    return dw


def _swapped(dy, ids, n_rows):
    """Add dy[id] to the row of the position."""
    dw = _zeros(dy, n_rows)
    for i, id in enumerate(ids):
        dw[i] += dy[id]
    return dw


def _return_in_loop(dy, ids, n_rows):
    return embedding_backward(dy[:1], ids[:1], n_rows)


def _mean_of_nothing(dy, ids, n_rows):
    with warnings.catch_warnings(action="ignore"):
        return np.array([dy[ids == row].mean(axis=0) for row in range(n_rows)])


def _by_position(dy, ids, n_rows):
    dw, rows = _zeros(dy, n_rows), dy.reshape(-1, dy.shape[-1])
    dw[: len(rows)] += rows[:n_rows]
    return dw


def _aliased(dy, ids, n_rows):
    row = dy.reshape(-1, dy.shape[-1]).sum(axis=0)
    return np.tile(row, (n_rows, 1))


def _counts(dy, ids, n_rows):
    counts = np.bincount(ids.reshape(-1), minlength=n_rows)
    return np.repeat(counts[:, None], dy.shape[-1], axis=1)


def _one_number_a_row(dy, ids, n_rows):
    return embedding_backward(dy, ids, n_rows).sum(axis=-1)


def _float64(dy, ids, n_rows):
    return embedding_backward(dy, ids, n_rows).astype(np.float64)


def _of_integers(dy, ids, n_rows):
    return embedding_backward(np.trunc(dy), ids, n_rows)


# What learners compute instead, by the key of its cause.
FORMULAS = {
    "last_only": _last_only,
    "first_only": _first_only,
    "mean": _mean,
    "mean_of_nothing": _mean_of_nothing,
    "mean_over_tokens": lambda dy, ids, n_rows: embedding_backward(dy, ids, n_rows) / ids.size,
    "used_rows_only": lambda dy, ids, n_rows: embedding_backward(dy, ids, n_rows)[np.unique(ids)],
    "rows_up_to_the_largest_id": lambda dy, ids, n_rows: embedding_backward(dy, ids, n_rows)[
        : int(ids.max()) + 1
    ],
    "one_row_a_token": lambda dy, ids, n_rows: embedding_backward(dy, ids, n_rows)[ids],
    "as_it_came": lambda dy, ids, n_rows: dy.copy(),
    "loop_over_the_first_axis": _loop_over_the_first_axis,
    "loop_over_integers": _loop_over_integers,
    "swapped": _swapped,
    "return_in_loop": _return_in_loop,
    "one_hot_of_one_axis": lambda dy, ids, n_rows: np.eye(n_rows)[ids].T @ dy,
    "one_hot_not_transposed": lambda dy, ids, n_rows: np.eye(n_rows)[ids] @ dy,
    "lookup": lambda dy, ids, n_rows: dy[ids],
    "by_position": _by_position,
    "aliased": _aliased,
    "counts": _counts,
    "one_number_a_row": _one_number_a_row,
    "transposed": lambda dy, ids, n_rows: embedding_backward(dy, ids, n_rows).T,
    "negative": lambda dy, ids, n_rows: -embedding_backward(dy, ids, n_rows),
    "next_row": lambda dy, ids, n_rows: embedding_backward(dy, (ids + 1) % n_rows, n_rows),
    "previous_row": lambda dy, ids, n_rows: embedding_backward(dy, ids - 1, n_rows),
    "zeros": lambda dy, ids, n_rows: _zeros(dy, n_rows),
    "one_hot_only": lambda dy, ids, n_rows: np.eye(n_rows)[ids],
    "all_to_one_row": lambda dy, ids, n_rows: dy.reshape(-1, dy.shape[-1]).sum(axis=0),
    "whole_numbers": _of_integers,
}

EMBEDDING_BACKWARD = Exercise(
    id="05.embedding_backward",
    signature="embedding_backward(dy, ids, n_rows) -> dweight",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]]), np.array([2, 0, 2]), 4),
        np.array([[0.0, 1.0], [0.0, 0.0], [3.0, 1.0], [0.0, 0.0]]),
    ),
    difficulty=3,
    importance=5,
    minutes=7,
    prerequisites=("embedding", "chain_rule"),
    hints=tuple(_texts["hints"]),
    solution=embedding_backward,
    alternative_solutions=(_by_a_loop, _by_one_hot, _row_by_row, _in_lists),
    properties=(
        Property(_descriptions["shape"], _shapes, _has_shape),
        Property(_descriptions["no_repeats"], _no_repeats),
        Property(_descriptions["all_the_same"], _all_the_same),
        Property(_descriptions["unused"], _unused),
        Property(_descriptions["sums"], _random, _keeps_sums),
        Property(_descriptions["random"], _random),
        Property(_descriptions["more_axes"], _more_axes),
        Property(_descriptions["float32"], _float32, keeps_float32(_causes["float64"])),
    ),
    common_mistakes=(
        *(
            CommonMistake(key.replace("_", " "), formula, _mistakes[key])
            for key, formula in FORMULAS.items()
        ),
        CommonMistake("float64", _float64, _causes["float64"]),
    ),
)
