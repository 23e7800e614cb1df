"""Values are copied and pickled with their graphs, at any depth."""

import copy
import pickle
import subprocess
import sys

import pytest

import microgpt as mg

DEEP = 100_000
COPIES = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda value, protocol=protocol: pickle.loads(
            pickle.dumps(value, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.fixture(params=COPIES)
def copied(request):
    return COPIES[request.param]


def expression():
    a, b = mg.Value(2.0), mg.Value(-3.0)
    c = a * b
    return a, b, (c + a).tanh() * c + a**2


def test_a_copy_is_equal_and_independent(copied):
    a, _, y = expression()
    y.backward()
    other = copied(y)
    assert (other.data, other.grad, other.op) == (y.data, y.grad, y.op)
    other.backward()
    assert a.grad == expression_grads()[0]  # the original was left alone
    order = mg.autograd.engine.topological_order(other)
    leaves = [node for node in order if not node.inputs]
    expected = [2 * grad for grad in expression_grads()]  # of two passes
    assert sorted(leaf.grad for leaf in leaves if leaf.data in (2.0, -3.0)) == sorted(expected)


def expression_grads():
    a, b, y = expression()
    y.backward()
    return a.grad, b.grad


def test_results_share_their_leaves_after_copying(copied):
    a, b, y = expression()
    a2, b2, y2, z2 = copied([a, b, y, a * 5])
    (y2 + z2).backward()
    expected_a, expected_b = expression_grads()
    assert (a2.grad, b2.grad) == (expected_a + 5, expected_b)
    assert (a.grad, b.grad) == (0.0, 0.0)


def test_a_shallow_copy_has_the_same_inputs():
    a, _, y = expression()
    other = copy.copy(y)
    assert other is not y
    assert all(mine is theirs for mine, theirs in zip(other.inputs, y.inputs, strict=True))
    other.backward()
    assert a.grad == expression_grads()[0]


class Named(mg.Value):
    """A learner's own class, with an attribute."""


def test_a_subclass_keeps_its_class_and_attributes(copied):
    leaf = Named(3.0)
    leaf.name = "x"
    other = copied(leaf)
    assert (type(other), other.data, other.name) == (Named, 3.0, "x")


def test_a_model_of_values(copied):
    model = mg.ScalarGPT(mg.GPTConfig(vocab_size=5, block_size=3, n_head=1, n_embd=2))
    other = copied(model)
    losses = [m.loss([0, 1, 2], [1, 2, 3]) for m in (model, other)]
    assert losses[0].data == losses[1].data


GRAPHS = {"Value": "mg.Value(1.0)", "Tensor": "mg.Tensor([1.0], requires_grad=True)"}


@pytest.mark.parametrize("node_type", GRAPHS)
def test_a_deep_graph_does_not_overflow_the_stack(node_type):
    """Backward, collection, deletion, and the copies that there are, under a small stack."""
    code = f"""
import copy, gc, pickle, threading
import microgpt as mg

def work():
    x = y = {GRAPHS[node_type]}
    for _ in range({DEEP}):
        y = y * 1.0
    y.backward()
    assert float(x.grad if {node_type == "Value"} else x.grad[0]) == 1.0
    if {node_type == "Value"}:
        for other in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
            other.backward()
    else:
        for function in (copy.deepcopy, pickle.dumps):
            try:
                function(y)
            except mg.errors.StateError as error:
                assert "take `.detach()`" in str(error)
    gc.collect()
    cycle = [y]
    cycle.append(cycle)
    del x, y, cycle
    gc.collect()
    print("fine")

mg.use("numpy")
threading.stack_size(256 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "fine\n", run.stderr[-500:]
