"""Comparisons, and assignments such as `+=`: as in PyTorch, or refused with what to write."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import ops
from microgpt.errors import CaptureError, DtypeError, ShapeError, StateError


def leaf(*numbers, **options):
    return mg.Tensor(numbers, requires_grad=True, **options)


STEPS = {
    "+= array": (lambda p: p.__iadd__(np.array([1.0, 2.0])), [2.0, 4.0]),
    "-= array": (lambda p: p.__isub__(0.5 * np.ones(2)), [0.5, 1.5]),
    "-= tensor": (lambda p: p.__isub__(mg.Tensor([1.0, 1.0])), [0.0, 1.0]),
    "-= column": (lambda p: p.__isub__(mg.Tensor([1.0])), [0.0, 1.0]),
    "+= number": (lambda p: p.__iadd__(1), [2.0, 3.0]),
    "-= number": (lambda p: p.__isub__(np.float64(0.5)), [0.5, 1.5]),
    "*= number": (lambda p: p.__imul__(3), [3.0, 6.0]),
    "*= list": (lambda p: p.__imul__([2, 3]), [2.0, 6.0]),
    "/= number": (lambda p: p.__itruediv__(2), [0.5, 1.0]),
    "/= itself": (lambda p: p.__itruediv__(p), [1.0, 1.0]),
}


@pytest.mark.parametrize("name", STEPS)
def test_under_no_grad_an_assignment_changes_the_leaf_itself(backend, name):
    step, expected = STEPS[name]
    p = leaf(1.0, 2.0)
    storage = p.array
    with mg.no_grad():
        assert step(p) is p
    assert p.array is storage
    assert storage.tolist() == expected
    assert p.requires_grad


@pytest.mark.parametrize("name", STEPS)
def test_with_gradients_on_a_parameter_is_not_changed(backend, name):
    p = leaf(1.0, 2.0)
    with pytest.raises(StateError, match=r"with mg\.no_grad\(\)"):
        STEPS[name][0](p)
    assert p.numpy().tolist() == [1.0, 2.0]


def test_a_loss_is_summed_by_assignments(backend):
    p = leaf(1.0, 2.0)
    for start in (0, 0.0, mg.Tensor(0.0)):
        p.grad = None
        loss = start
        for _ in range(3):
            loss += (p * p).sum()
        loss -= p.sum()
        loss.backward()
        assert (loss.item(), p.grad.tolist()) == (12.0, [5.0, 11.0])


def test_a_computed_tensor_is_rebound_with_its_history(backend):
    p = leaf(1.0, 2.0)
    before = p * 2
    after = before
    after *= 3
    after /= 2
    assert before.numpy().tolist() == [2.0, 4.0]
    after.sum().backward()
    assert p.grad.tolist() == [3.0, 3.0]


def test_a_tensor_without_gradient_changes_under_every_name(backend):
    running = other_name = mg.Tensor([1.0, 2.0])
    running *= 0.5
    running += mg.Tensor([1.0, 1.0])
    assert other_name.numpy().tolist() == [1.5, 2.0]


def test_what_an_assignment_refuses():
    p = leaf(1.0, 2.0)
    computed = p * 2
    with mg.no_grad():
        with pytest.raises(ShapeError, match=r"keeps its shape \(2,\); got \(3, 2\)"):
            p += np.ones((3, 2))
        with pytest.raises(DtypeError, match="float32, the other float64"):
            p += mg.Tensor(np.ones(2))
        with pytest.raises(ZeroDivisionError):
            p /= 0
        with pytest.raises(StateError, match="was computed with a history"):
            computed += 1
        with pytest.raises(StateError, match="not raised to a power"):
            p **= 2
    assert p.numpy().tolist() == [1.0, 2.0]
    computed **= 2
    assert computed.numpy().tolist() == [4.0, 16.0]


def test_a_captured_step_may_assign(backend):
    p = leaf(1.0, 2.0)

    @mg.capture
    def step():
        p.grad = None
        loss = (p * p).sum()
        loss.backward()
        with mg.no_grad():
            p.__isub__(mg.Tensor.from_array(p, p.grad_buffer()) * 0.25)
            p.__imul__(0.5)
        return loss

    losses = [step().item() for _ in range(5)]
    np.testing.assert_allclose(losses, [5 / 16**n for n in range(5)], rtol=1e-6)


def test_a_gradient_is_set():
    p = leaf(1.0, 2.0)
    buffer = p.grad
    (p * p).sum().backward()
    p.grad *= 0.5
    assert p.grad is buffer
    assert buffer.tolist() == [1.0, 2.0]
    p.grad = [3.0, 4.0]
    assert buffer.tolist() == [3.0, 4.0]
    p.grad = None
    assert buffer.tolist() == [0.0, 0.0]
    (p * 1).grad = None
    with pytest.raises(ShapeError, match=r"shape \(2,\); got \(3,\)"):
        p.grad = np.ones(3)
    with pytest.raises(StateError, match="only a leaf"):
        (p * 1).grad = np.ones(2)


def test_comparisons_are_of_elements(backend):
    t = leaf(1.0, 2.0, 3.0)
    for got, expected in [
        (t == 2, [False, True, False]),
        (t == np.float64(2), [False, True, False]),
        (t != [1, 2, 4], [False, False, True]),
        (t < mg.Tensor([2.0]), [True, False, False]),
        (np.array([1, 1, 5]) <= t, [True, True, False]),
        (t < 2, [True, False, False]),
        (t >= t, [True, True, True]),
        (t > 2, [False, False, True]),
    ]:
        assert isinstance(got, np.ndarray)
        assert got.tolist() == expected
    assert (mg.Tensor([0.1]) == np.float64(0.1)).all()
    assert bool(t[0] == 1)
    assert 2 in t
    assert 5 not in t
    assert (t == None) is False  # noqa: E711
    assert t != "text"
    with pytest.raises(TypeError, match="not supported"):
        _ = t < "text"
    with pytest.raises(ShapeError, match="cannot be compared"):
        _ = t == np.ones(4)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(t == t)
    with pytest.raises(ShapeError, match=r"bool\(\) and math need one number"):
        bool(t)


def test_tensors_are_hashed_by_identity():
    a, b = leaf(1.0), leaf(1.0)
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[a] == "a"

    @mg.capture
    def double(weight):
        return weight * 2

    for _ in range(3):
        assert [double(a).item(), double(b).item()] == [2.0, 2.0]


def test_a_recording_refuses_what_python_would_read(backend):
    x = mg.Tensor([1.0, 2.0])
    for reads, operation in [
        (lambda x: x if (x > 1).any() else -x, "a comparison"),
        (lambda x: x.argmax(), r"argmax\(\)"),
        (lambda x: x[[0, 1]], "indexing with anything but"),
        (lambda x: x @ ops.one_hot([0, 1], 2), r"one_hot\(\)"),
    ]:
        with pytest.raises(CaptureError, match=f"^{operation}.* inside a captured function"):
            mg.capture(reads)(x)
