"""05.embedding: look up each token's row of a table."""

import copy

import numpy as np

from microgpt.learn.bundled.float32_results import keeps_float32
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def embedding(ids, weight):
    return weight[ids]


def _by_taking(ids, weight):
    return np.take(weight, ids, axis=0)


def _by_one_hot(ids, weight):
    one_hot = np.asarray(ids)[..., None] == np.arange(len(weight))
    return one_hot @ weight


def _by_a_loop(ids, weight):
    y = np.empty((*ids.shape, weight.shape[1]), weight.dtype)
    for index in np.ndindex(ids.shape):
        y[index] = weight[ids[index]]
    return y


def _has_shape(answer, ids, weight):
    got, expected = answer(ids, weight).shape, (*ids.shape, weight.shape[1])
    return None if got == expected else Mismatch(f"shape {got}", f"shape {expected}")


def _is_one_hot_product(answer, ids, weight):
    got, expected = answer(ids, weight), _by_one_hot(ids, weight)
    is_same = got.shape == expected.shape and np.allclose(got, expected, atol=1e-5)
    return None if is_same else Mismatch(got, expected)


def _is_a_copy(answer, ids, weight):
    answer(ids, weight)
    raw = answer.function(copy.copy(ids), weight)
    if isinstance(raw, np.ndarray) and np.shares_memory(raw, weight):
        return Mismatch(_texts["view"], _texts["new_array"], _causes["view"])
    return None


def _cases(*shapes, V=5, C=3):
    """Return the inputs of a property: ids of these shapes, the largest id not among them."""

    def inputs(rng):
        for shape in shapes:
            yield rng.integers(0, V - 1, shape), np.round(rng.normal(size=(V, C)), 1)

    return inputs


def _single(rng):
    yield np.array(2), np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [1.0, 1.0]])


def _square(rng):
    yield np.array([0, 2, 0]), np.arange(9.0).reshape(3, 3)
    yield np.array([1, 0]), np.arange(4.0).reshape(2, 2)


def _float32(rng):
    yield np.array([1, 0, 1]), np.array([[1.0, 0.5], [2.0, 0.25]], np.float32)


def _in_order(rng):
    weight = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])
    for ids in ([0, 1, 2], [1, 2], [1], 2):
        yield np.array(ids), weight


_texts = message_section("05.embedding")
_descriptions, _causes, _mistakes = _texts["properties"], _texts["causes"], _texts["mistakes"]


def _view(ids, weight):
    """Return the rows themselves, where they lie one after the other in the table."""
    flat = ids.reshape(-1)
    if ids.ndim == 0:
        return weight[int(ids)]
    if ids.ndim == 1 and np.array_equal(flat, np.arange(flat[0], flat[0] + len(flat))):
        return weight[flat[0] : flat[0] + len(flat)]
    return weight[ids]


def _one_hot_of(size):
    """Return a one-hot product whose width is `size(ids)` and not V."""
    return lambda ids, weight: np.eye(size(ids))[ids] @ weight


def _iterates(ids, weight):
    return np.array([weight[int(id)] for id in ids])


def _uses_len(ids, weight):
    y = np.zeros((len(ids), weight.shape[1]))
    for i, id in enumerate(ids):
        y[i] = weight[id]
    return y


def _one_hot_of_one_axis(ids, weight):
    one_hot = np.zeros((len(ids), len(weight)))
    one_hot[np.arange(len(ids)), ids] = 1
    return one_hot @ weight


def _row_by_row(ids, weight):
    return np.array([weight[id] for id in ids])


# What learners compute instead, by the key of its cause.
FORMULAS = {
    "column": lambda ids, weight: weight[:, ids],
    "column_transposed": lambda ids, weight: weight.T[ids],
    "no_axis": lambda ids, weight: np.take(weight, ids),
    "flattened": lambda ids, weight: weight[ids.reshape(-1)],
    "width_of_largest_id": _one_hot_of(lambda ids: int(ids.max()) + 1),
    "width_of_length": _one_hot_of(np.size),
    "whole_ids": _iterates,
    "length_only": _uses_len,
    "one_hot_of_one_axis": _one_hot_of_one_axis,
    "not_for_one_id": _row_by_row,
    "from_one": lambda ids, weight: weight[ids - 1],
    "next_row": lambda ids, weight: weight[(ids + 1) % len(weight)],
    "first_rows": lambda ids, weight: weight[: ids.size].reshape(*ids.shape, -1).copy(),
    "distinct": lambda ids, weight: weight[np.unique(ids)],
    "sum": lambda ids, weight: weight[ids].sum(axis=0),
    "mean": lambda ids, weight: weight[ids].mean(axis=0),
    "quantity": lambda ids, weight: ids[..., None] * weight[0],
    "one_hot_only": lambda ids, weight: np.eye(len(weight))[ids],
    "scaled": lambda ids, weight: weight[ids] * weight.shape[1] ** 0.5,
    "with_ids": lambda ids, weight: weight[ids] + ids[..., None],
    "transposed": lambda ids, weight: weight[ids].T,
    "side_by_side": lambda ids, weight: weight[ids].reshape(-1),
    "first_number": lambda ids, weight: weight[ids][..., 0],
    "first_id": lambda ids, weight: weight[ids.reshape(-1)[0]].copy(),
    "whole_table": lambda ids, weight: weight.copy(),
}

EMBEDDING = Exercise(
    id="05.embedding",
    signature="embedding(ids, weight) -> y",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([2, 0, 2]), np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [1.0, 1.0]])),
        np.array([[3.0, 1.0], [1.0, 0.0], [3.0, 1.0]]),
    ),
    difficulty=1,
    importance=5,
    minutes=3,
    prerequisites=("token", "matrix"),
    hints=tuple(_texts["hints"]),
    solution=embedding,
    alternative_solutions=(_by_taking, _by_one_hot, _by_a_loop),
    properties=(
        Property(_descriptions["shape"], _cases((2,), (4,), (2, 3)), _has_shape),
        Property(_descriptions["square"], _square),
        Property(_descriptions["one_hot"], _cases((3,), (6,), (2, 2)), _is_one_hot_product),
        Property(_descriptions["more_axes"], _cases((2, 3), (3, 3), (2, 1, 2))),
        Property(_descriptions["one_id"], _single),
        Property(_descriptions["float32"], _float32, keeps_float32(_causes["float64"])),
        Property(_descriptions["copy"], _in_order, _is_a_copy),
    ),
    common_mistakes=(
        *(
            CommonMistake(key.replace("_", " "), formula, _mistakes[key])
            for key, formula in FORMULAS.items()
        ),
        CommonMistake("view", _view, _causes["view"]),
    ),
)
