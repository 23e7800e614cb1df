"""The chain rule on small graphs whose slopes are known, on both kinds of node."""

import gc
import itertools
import threading
import weakref

import numpy as np
import pytest

import microgpt as mg
from microgpt.autograd import engine


def value(number):
    return mg.Value(number)


def tensor(number):
    return mg.Tensor(number, requires_grad=True, dtype="float64")


KINDS = [value, tensor]


def slope(leaf):
    return float(leaf.grad)


@pytest.mark.parametrize("make", KINDS)
def test_a_shared_node_is_expanded_once_after_all_its_uses(make):
    a, b = make(2.0), make(3.0)
    c, d = a + b, a * b
    y = (c + d) + (c * d)
    y.backward()
    assert (y.item(), slope(a), slope(b)) == (41.0, 25.0, 19.0)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("order", ["product first", "sum first"])
def test_orders_that_catch_breadth_first_walks(make, order):
    a, b = make(2.0), make(3.0)
    c = a * b
    y = c * a + c if order == "product first" else c + c * a
    y.backward()
    assert (slope(a), slope(b)) == (15.0, 6.0)


@pytest.mark.parametrize("make", KINDS)
def test_one_node_used_twice_by_one_operation(make):
    a = make(3.0)
    (a + a).backward()
    assert slope(a) == 2.0
    b = make(3.0)
    c = b * 1.0
    (c + c).backward()
    assert slope(b) == 2.0
    d = make(3.0)
    (d * d).backward()
    assert slope(d) == 6.0


@pytest.mark.parametrize("make", KINDS)
def test_two_passes_add_up(make):
    a = make(2.0)
    y = (a * a) * a
    y.backward()
    y.backward()
    assert slope(a) == 24.0


@pytest.mark.parametrize("make", KINDS)
def test_a_chain_of_200_000_nodes(make):
    x = y = make(1.0)
    for _ in range(200_000):
        y = y + 0.0
    y.backward()
    assert slope(x) == 1.0


@pytest.mark.parametrize("make", KINDS)
def test_a_graph_dies_without_the_garbage_collector(make):
    gc.collect()
    gc.disable()
    try:
        a = make(2.0)
        middle = a * 3.0
        y = (middle * a).exp()
        y.backward()
        watched = weakref.ref(middle), weakref.ref(y)
        del middle, y
        assert [w() for w in watched] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize("make", KINDS)
def test_no_grad_builds_no_graph_and_ends(make):
    a = make(2.0)
    with mg.no_grad():
        assert (a * 3.0).inputs == ()
        with mg.no_grad():
            pass
        assert (a * 3.0).inputs == ()
    assert len((a * a).inputs) == 2


def test_no_grad_is_of_one_thread():
    a, seen = mg.Value(2.0), []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append((a * a).inputs))
        thread.start()
        thread.join()
    assert len(seen[0]) == 2


def test_topological_order_puts_inputs_first_and_the_root_last():
    a, b = mg.Value(1.0), mg.Value(2.0)
    c = a * b
    y = c + a
    order = engine.topological_order(y)
    assert order == [a, b, c, y]


def test_a_backward_pass_restores_the_state_after_an_error():
    class Broken(mg.Value):
        __slots__ = ()

        def vjp(self, gradient):
            raise RuntimeError("broken rule")

    y = Broken(1.0, (mg.Value(1.0),), (1.0,))
    with pytest.raises(RuntimeError, match="broken rule"):
        y.backward()
    assert engine.context.backward_pass is None


def test_the_naming_hook_sees_and_changes_intermediates():
    model = mg.GPT(mg.GPTConfig(n_layer=2), backend="numpy")
    seen = {}

    def look(name, node):
        seen[name] = node.shape
        return node

    tokens = np.array([26, 1, 2], np.int32)
    plain = model(tokens).numpy()
    with engine.hook_activations(look):
        # Under a hook the decompositions run, which round in another order.
        np.testing.assert_allclose(model(tokens).numpy(), plain, rtol=0, atol=1e-6)
    assert seen["h.0.attn.weights"] == (1, 4, 3, 3)
    assert seen["h.1.mlp.hidden"] == (1, 3, 64)
    assert seen["h.1.out"] == (1, 3, 16)
    with engine.hook_activations(lambda name, node: node * 0 if name == "h.0.attn.out" else node):
        assert not np.allclose(model(tokens).numpy(), plain)
    np.testing.assert_array_equal(model(tokens).numpy(), plain)


def test_gradients_that_two_nodes_share_are_not_added_in_place(backend):
    """A sum hands one array to both inputs; what is added to one must not reach the other."""
    x, y = (mg.Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    a, b = x * 1.0, y * 1.0
    ((a + b) + a).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([2, 2], [1, 1])
    x.grad = y.grad = None
    a, b = x * 1.0, y * 1.0
    (a + (b + a) + b + a).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([3, 3], [2, 2])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_buffer_begins_with_what_has_flowed_back_before(backend, order):
    """`linear` and `embedding` add into the buffer of a weight, here one that was computed."""
    leaf = mg.Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    x = np.array([[1.0, 2.0]])

    def loss(leaf):
        w = leaf * 1.0
        parts = [
            lambda: mg.ops.linear(mg.Tensor(x), w).sum(),
            lambda: mg.ops.embedding(np.array([0, 2, 2]), w).sum(),
            lambda: (w * 3.0).sum(),
        ]
        first, second, third = (parts[i]() for i in order)
        return first + second + third

    loss(leaf).backward()
    assert leaf.grad.tolist() == [[5, 6], [4, 5], [6, 7]]


def test_a_backward_inside_a_backward_leaves_the_outer_one_alone(backend):
    inner = mg.Tensor([1.0], requires_grad=True)
    leaf = mg.Tensor(np.ones((2, 2)), requires_grad=True)
    w = leaf * 1.0
    y = mg.ops.linear(mg.Tensor(np.array([[1.0, 2.0]])), w)

    def backward(dy):
        (inner * 5.0).sum().backward()
        return (dy,)

    y.from_op(y.array, (y,), backward, "custom").sum().backward()
    assert inner.grad.tolist() == [5]
    assert leaf.grad.tolist() == [[1, 2], [1, 2]]
