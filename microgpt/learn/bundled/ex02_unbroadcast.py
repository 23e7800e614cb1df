"""02.unbroadcast: the backward rule of broadcasting."""

import numpy as np

from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section


def unbroadcast(dy, shape):
    dx = np.array(dy)
    while dx.ndim > len(shape):
        dx = dx.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            dx = dx.sum(axis=axis, keepdims=True)
    return dx


def _by_one_sum(dy, shape):
    missing = np.ndim(dy) - len(shape)
    ones = [missing + axis for axis, size in enumerate(shape) if size == 1]
    return np.sum(dy, axis=(*range(missing), *ones)).reshape(shape)


def _by_loops(dy, shape):
    dx = np.zeros(shape)
    for index in np.ndindex(np.shape(dy)):
        kept = index[len(index) - len(shape) :]
        dx[tuple(0 if size == 1 else i for i, size in zip(kept, shape, strict=True))] += dy[index]
    return dx


def _by_adding_at(dy, shape):
    """Each cell of dy goes to the cell that it was copied from."""
    size = int(np.prod(shape))
    source = np.broadcast_to(np.arange(size).reshape(shape), np.shape(dy))
    return np.bincount(source.ravel(), np.ravel(dy), size).reshape(shape)


def _is_no_view(answer, dy, shape):
    raw = answer.function(dy, shape)
    if isinstance(raw, np.ndarray) and np.shares_memory(raw, dy):
        return Mismatch(_texts["view"], _texts["new_array"], _causes["view"])
    return None


def _has_shape(answer, dy, shape):
    got = answer(dy, shape).shape
    return None if got == shape else Mismatch(f"shape {got}", f"shape {shape}")


def _cases(*pairs):
    """Return the inputs of a property: dy of the first shape of each pair, and the second shape."""

    def inputs(rng):
        for dy_shape, shape in pairs:
            yield rng.integers(-4, 5, dy_shape).astype(float), shape

    return inputs


def _ones(rng):
    for dy_shape, shape in (((2,), (1,)), ((4, 3), (3,)), ((2, 3, 4), (3, 1))):
        yield np.ones(dy_shape), shape


def _random(rng):
    for axes in (1, 2, 2, 3, 3, 4):
        sizes = rng.integers(1, 4, axes)
        kept = [1 if one else int(size) for size, one in zip(sizes, rng.random(axes) < 0.5)]  # noqa: B905
        shape = tuple(kept[int(rng.integers(0, axes + 1)) :])
        yield rng.integers(-4, 5, tuple(sizes.tolist())).astype(float), shape


def _stretched(dy, shape):
    """Return the axes of dy along which copies were made: missing in `shape`, or of size 1."""
    missing = dy.ndim - len(shape)
    ones = (missing + axis for axis, size in enumerate(shape) if size == 1)
    return (*range(missing), *ones)


def _reduced(reduce):
    return lambda dy, shape: reduce(dy, axis=_stretched(dy, shape)).reshape(shape)


def _from_the_right(dy, shape):
    dx = np.array(dy)
    while dx.ndim > len(shape):
        dx = dx.sum(axis=-1)
    for axis, size in enumerate(shape):
        if size == 1:
            dx = dx.sum(axis=axis, keepdims=True)
    return dx


def _axis_dropped(dy, shape):
    return dy.sum(axis=_stretched(dy, shape))


def _missing_only(dy, shape):
    return dy.sum(axis=tuple(range(dy.ndim - len(shape))))


def _ones_only(dy, shape):
    missing = dy.ndim - len(shape)
    ones = tuple(axis for axis in _stretched(dy, shape) if axis >= missing)
    return dy.sum(axis=ones, keepdims=True)


def _changes_dy(dy, shape):
    result = unbroadcast(dy, shape)
    dy *= 0
    return result


def _first_copy(dy, shape):
    index = tuple(0 if axis in _stretched(dy, shape) else slice(None) for axis in range(dy.ndim))
    return dy[index].reshape(shape)


_texts = message_section("02.unbroadcast")
_descriptions, _causes, _mistakes = _texts["properties"], _texts["causes"], _texts["mistakes"]

# What learners compute instead, by the key of its cause.
FORMULAS = {
    "wrong_axis": _from_the_right,
    "mean": _reduced(np.mean),
    "mean_first_axis": lambda dy, shape: dy.mean(axis=0),
    "axis_dropped": _axis_dropped,
    "first_copy": _first_copy,
    "last_copy": lambda dy, shape: _first_copy(dy[(slice(None, None, -1),) * dy.ndim], shape)[
        (slice(None, None, -1),) * len(shape)
    ],
    "largest": _reduced(np.max),
    "missing_only": _missing_only,
    "ones_only": _ones_only,
    "first_axis": lambda dy, shape: dy.sum(axis=0),
    "first_axis_kept": lambda dy, shape: dy.sum(axis=0, keepdims=True),
    "last_axis": lambda dy, shape: dy.sum(axis=-1),
    "all": lambda dy, shape: dy.sum(),
    "all_everywhere": lambda dy, shape: np.full(shape, dy.sum()),
    "nothing": lambda dy, shape: dy.copy(),
    "reshape": lambda dy, shape: dy.reshape(shape).copy(),
    "broadcast_again": lambda dy, shape: np.broadcast_to(dy, shape).copy(),
    "cut": lambda dy, shape: np.resize(dy, shape),
    "zeros": lambda dy, shape: np.zeros(shape),
    "ones": lambda dy, shape: np.ones(shape),
    "in_place": _changes_dy,
}

UNBROADCAST = Exercise(
    id="02.unbroadcast",
    signature="unbroadcast(dy, shape) -> dx",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((np.arange(6.0).reshape(2, 3), (3,)), np.array([3.0, 5.0, 7.0])),
    difficulty=2,
    importance=4,
    minutes=7,
    prerequisites=("broadcasting",),
    hints=tuple(_texts["hints"]),
    solution=unbroadcast,
    alternative_solutions=(_by_one_sum, _by_loops, _by_adding_at),
    properties=(
        Property(
            _descriptions["examples"],
            lambda rng: [(np.arange(6.0).reshape(2, 3), shape) for shape in ((2, 1), ())],
        ),
        Property(
            _descriptions["shape"], _cases(((4, 3), (3,)), ((2, 4), (2, 1)), ((2,), ())), _has_shape
        ),
        Property(_descriptions["square"], _cases(((2, 2), (2,)), ((3, 3), (3,)), ((3, 3), (3, 1)))),
        Property(_descriptions["one_row"], _cases(((1, 3), (1, 3)), ((4, 1), (1, 1)))),
        Property(_descriptions["nothing"], _cases(((2,), (2,)), ((2, 3), (2, 3)), ((), ()))),
        Property(_descriptions["both"], _cases(((2, 3, 2), (3, 1)), ((2, 3, 4, 2), (3, 1, 2)))),
        Property(_descriptions["copies"], _ones),
        Property(_descriptions["random"], _random),
        Property(_descriptions["no_view"], _cases(((2, 3), (2, 3)), ((1, 3), (3,))), _is_no_view),
    ),
    common_mistakes=tuple(
        CommonMistake(key.replace("_", " "), formula, _mistakes[key])
        for key, formula in FORMULAS.items()
    ),
)
