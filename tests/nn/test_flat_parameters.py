"""Parameters in flat arrays: matrices first, one segment only if nothing lies between."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends
from microgpt.errors import ShapeError
from microgpt.nn.flat_parameters import FlatParameters, flat_segments


def leaves(shapes, used=None):
    """Leaf tensors of these shapes in one flat array; `used` says which ones are returned."""
    flat, made = FlatParameters(backends.current(), "float64", shapes), []
    for number, shape in enumerate(shapes):
        data, grad = flat.allocate(shape)
        leaf = mg.Tensor(np.zeros(shape), requires_grad=True)
        leaf.set_storage(data, grad)
        leaf.data = np.full(shape, float(number))
        made.append(leaf)
    return flat, [leaf for i, leaf in enumerate(made) if used is None or i in used]


def test_matrices_come_before_vectors(backend):
    flat, _ = leaves([(2,), (2, 2), (3,), (1, 3), ()])
    assert flat.data.tolist() == [1] * 4 + [3] * 3 + [0] * 2 + [2] * 3 + [4]


@pytest.mark.parametrize(
    ("used", "num_segments"),
    [((0, 1, 2), 1), ((2, 0, 1), 1), ((0, 1), 1), ((1, 2), 1), ((0, 2), 2), ((1,), 1)],
)
def test_segments_cover_the_parameters_and_nothing_else(backend, used, num_segments):
    flat, parameters = leaves([(2, 2), (1, 3), (2, 1)], used)
    segments = flat_segments(parameters)
    assert len(segments) == num_segments
    for data, grad in segments:
        data += 10
        grad += 1
    for number, leaf in enumerate(parameters):
        assert (leaf.array >= 10).all(), number
    touched = sum(leaf.size for leaf in parameters)
    assert (flat.data >= 10).sum() == (flat.grad == 1).sum() == touched


def test_a_parameter_is_listed_once(backend):
    _, (first, second) = leaves([(2, 2), (3,)])
    with pytest.raises(ShapeError, match="listed twice"):
        flat_segments([first, second, first])
