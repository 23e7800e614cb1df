"""Recordings that differ are refused with the first difference."""

import weakref

import numpy as np
import pytest
from leaf_tensors import leaf

import microgpt as mg
from microgpt import ops
from microgpt.errors import CaptureError
from microgpt.recording.equality import check_externals_alive, first_difference
from microgpt.recording.recorder import RecordedLaunch, Recording


def test_a_changing_number_is_refused_with_both_values_and_the_line(each_backend):
    rates = iter([0.01, 0.00999, 0.00998, 0.00997])
    x = mg.Tensor([1.0], requires_grad=True)
    f = mg.capture(lambda: (x * 1.0) * next(rates))
    f()
    f()
    with pytest.raises(
        CaptureError,
        match=r"launch 1 scale_forward: recorded 0\.00999, this time 0\.00998 "
        r"\(test_equality\.py:\d+\)",
    ):
        f()


def test_changing_launches_are_refused(each_backend):
    counts = iter([1, 2, 3, 4])
    x = mg.Tensor([1.0], requires_grad=True)

    def f():
        y = x * 1.0
        for _ in range(next(counts)):
            y = y.exp()
        return y

    captured = mg.capture(f)
    captured()
    captured()
    with pytest.raises(CaptureError, match="recorded 3 launches, this time 4"):
        captured()

    others = iter([ops.exp, ops.tanh, ops.exp])
    captured = mg.capture(lambda: next(others)(x))
    captured()
    captured()
    with pytest.raises(CaptureError, match="launch 0: recorded tanh_forward, this time exp_"):
        captured()


def test_an_array_made_inside_is_refused_at_once(each_backend):
    w = mg.Tensor(np.ones((5, 2)), requires_grad=True)
    f = mg.capture(lambda: ops.embedding(np.array([0, 1], np.int32), w))
    with pytest.raises(CaptureError, match=r"launch 0 check_tokens \(test_equality.*made inside"):
        f()


def test_an_array_that_is_another_one_each_time_is_refused(each_backend):
    w, kept = mg.Tensor(np.ones((5, 2)), requires_grad=True), []

    def f():
        kept.append(np.array([0, 1], np.int32))
        return ops.embedding(kept[-1], w)

    captured = mg.capture(f)
    captured()
    captured()
    with pytest.raises(CaptureError, match=r"another array of shape \(2,\) each time"):
        captured()


def test_an_array_made_by_numpy_inside_is_refused(each_backend):
    w = mg.Tensor(np.ones(3), requires_grad=True)
    f = mg.capture(lambda x: w * np.sin(x))
    with pytest.raises(
        CaptureError, match=r"(multiply_forward|upload) \(test_equality.*made inside by NumPy"
    ):
        f(np.ones(3))


def test_captured_results_made_by_numpy_or_changing_are_refused(each_backend):
    w = leaf(3)
    with pytest.raises(CaptureError, match="made itself"):
        mg.capture(lambda x: x * 2)(np.arange(3.0))
    kept = [w * 1.0, w * 2.0]
    counts = iter([0, 1, 0, 1])
    f = mg.capture(lambda: kept[next(counts)])
    f(), f()
    with pytest.raises(CaptureError, match="another array each time"):
        f()
    f = mg.capture(lambda x: (w * 1.0, float(x.sum())))
    f(np.zeros(3)), f(np.ones(3))
    with pytest.raises(CaptureError, match="it returned"):
        f(np.full(3, 2.0))


@pytest.mark.parametrize("counts", [(1, 2, 3, 4), (4, 3, 2, 1)])
def test_another_number_of_launches_is_refused_either_way(each_backend, counts):
    remaining = iter(counts)
    x = mg.Tensor([1.0], requires_grad=True)

    def f():
        y = x
        for _ in range(next(remaining)):
            y = y.exp()
        return y

    captured = mg.capture(f)
    captured(), captured()
    with pytest.raises(CaptureError, match="3 recordings of f differ"):
        captured()


def recording(*launches, result=None, externals=()):
    """A recording of launches, each a name and scalar arguments."""
    made = [RecordedLaunch(name, print, refs, tuple(refs), "line") for name, *refs in launches]
    return Recording([], made, externals=list(externals), result_signature=result)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([("a", 1)], [("a", 1.0)], "launch 0 a: recorded 1, this time 1.0"),
        ([("a", 1)], [("a", True)], "launch 0 a: recorded 1, this time True"),
        ([("a", 1)], [("a", 1, 2)], "launch 0 a: another number of arguments"),
        ([("a", 1, 2)], [("a", 1)], "launch 0 a: another number of arguments"),
        ([("a", 1), ("b",)], [("a", 1)], "recorded 2 launches, this time 1"),
        ([("a", 1)], [("a", 1), ("b",)], "recorded 1 launches, this time 2"),
        ([("a",)], [("b",)], "launch 0: recorded a, this time b"),
    ],
)
def test_the_first_difference_is_described(first, second, message):
    assert message in first_difference(recording(*first), recording(*second))
    assert first_difference(recording(*first), recording(*first)) is None


def test_results_and_their_arrays_are_compared():
    kept, other = np.zeros(1), np.zeros(1)
    assert "it returned 1, this time 2" in first_difference(
        recording(result=1), recording(result=2)
    )
    one, two = (recording(externals=[weakref.ref(array)]) for array in (kept, other))
    assert first_difference(one, two) == "it returned another array each time"
    assert first_difference(one, one) is None
    check_externals_alive(one, "f")
    gone = weakref.ref(np.zeros(1))
    for externals in ([gone], [weakref.ref(kept), gone]):
        with pytest.raises(CaptureError, match="f returned an array that it made itself"):
            check_externals_alive(recording(externals=externals), "f")
