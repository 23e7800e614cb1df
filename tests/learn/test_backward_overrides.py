"""`using` with backward rules: right ones train as the library does, wrong ones are noticed."""

import math
import re

import numpy as np
import pytest
from override_models import train

import microgpt as mg
from microgpt import Value, learn
from microgpt.learn.registry import find_exercise
from microgpt.learn.usage_report import MAX_COMPARISONS

VALUE_IDS = {"mul_backward": "01.mul", "tanh_backward": "01.tanh", "backward": "01.backward"}
TENSOR_IDS = {
    "matmul_backward": "02.matmul_backward",
    "unbroadcast": "02.unbroadcast",
    "cross_entropy_backward": "03.cross_entropy_backward",
    "embedding_backward": "05.embedding_backward",
}
SOLUTIONS = {name: find_exercise(id).solution for name, id in (VALUE_IDS | TENSOR_IDS).items()}


def lost_repeats(dy, ids, n_rows):
    dweight = np.zeros((n_rows, dy.shape[-1]), dy.dtype)
    dweight[ids] += dy
    return dweight


WRONG = {
    "mul_backward": lambda a, b, dy: (a * dy, b * dy),
    "tanh_backward": lambda x, dy: (1 - math.tanh(math.tanh(x)) ** 2) * dy,
    "matmul_backward": lambda dy, x, w: (dy @ w.T, x.T @ dy / len(x)),
    "unbroadcast": lambda dy, shape: dy.reshape(-1, *shape).mean(0),
    "cross_entropy_backward": lambda logits, targets: logits,
    "embedding_backward": lost_repeats,
}


def depth_first(last):
    grads, seen, waiting = {last: 1.0}, set(), [last]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for parent, local_grad in zip(node.inputs, node.local_grads, strict=True):
            grads[parent] = grads.get(parent, 0.0) + local_grad * grads[node]
            waiting.append(parent)
    return grads


def scalar_gpt():
    model = mg.ScalarGPT(mg.GPTConfig.microgpt(n_embd=4, n_head=2, vocab_size=5, block_size=4))
    rng = np.random.default_rng(0)
    for parameter in model.parameters():
        parameter.data = float(rng.normal()) / 10
    return model


def train_scalars(steps=3):
    """The parameters after a plain loop, whose steps change them in place."""
    model = scalar_gpt()
    for _ in range(steps):
        loss = model.loss([1, 2, 3], [2, 3, 4])
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= 0.01 * parameter.grad
            parameter.grad = 0.0
    return [parameter.data for parameter in model.parameters()]


def neuron():
    """A residual neuron, in which h is used twice, on one Value."""
    w = Value(0.5)
    h = w * 2 + (-0.4)
    out = ((h * w).tanh() + h).tanh()
    out.backward()
    return w.grad


@pytest.mark.parametrize(
    "names", [("mul_backward",), ("backward",), ("backward", "mul_backward")], ids="+".join
)
def test_right_rules_train_a_scalar_gpt_as_the_library_does(names):
    expected = train_scalars()
    with learn.using(**{name: SOLUTIONS[name] for name in names}) as report:
        np.testing.assert_allclose(train_scalars(), expected, rtol=1e-9)
    assert report.matches_library
    assert len(report.pass_errors) == 3
    assert (
        "with respect to all parameters equal the library's in the first 3 backward passes"
        in str(report)
    )
    assert report.calls.get("backward", 3) == 3
    assert report.calls.get("mul_backward", 100) >= 100


def test_tanh_runs_where_tanh_is():
    expected = neuron()
    with learn.using(tanh_backward=SOLUTIONS["tanh_backward"]) as report:
        assert neuron() == pytest.approx(expected)
    assert report.calls == {"tanh_backward": 2}
    assert report.matches_library


@pytest.mark.parametrize("names", [*TENSOR_IDS, tuple(TENSOR_IDS)], ids=str)
def test_right_rules_train_a_gpt_as_the_library_does(names):
    names = (names,) if isinstance(names, str) else names
    expected = train()
    with learn.using(**{name: SOLUTIONS[name] for name in names}) as report:
        losses = train()
    np.testing.assert_allclose(losses, expected, atol=1e-4)
    assert report.matches_library
    assert len(report.pass_errors) == MAX_COMPARISONS
    assert all(count >= 12 for count in report.calls.values())
    assert train() == expected


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_noticed(name):
    use = (lambda: train(steps=2)) if name in TENSOR_IDS else neuron
    with learn.using(**{name: WRONG[name]}) as report:
        use()
    assert not report.matches_library
    assert report.pass_errors[0] > 0.01
    assert re.search(r"with respect to all parameters are (\d|more).* off", str(report))
    assert "Something differs" in report._repr_html_()


def test_a_pass_in_the_wrong_order_is_noticed():
    with learn.using(backward=depth_first) as report:
        neuron()
    assert not report.matches_library
    assert 0.01 < report.pass_errors[0] < 1


@pytest.mark.parametrize("kind", ["value", "tensor"])
def test_gradients_accumulate_and_interior_nodes_are_as_in_the_library(kind):
    def two_passes():
        if kind == "value":
            a, b = Value(2.0), Value(3.0)
            c = a * b
            last = c * a + c
            last.backward()
            last.backward(0.5)
            return a.grad, b.grad, c.grad, last.grad
        x = mg.Tensor([[1.0, 2.0]], requires_grad=True)
        w = mg.Tensor([[3.0], [4.0]], requires_grad=True)
        last = (x @ w).sum()
        last.backward()
        last.backward(np.float32(0.5))
        return [*x.grad.ravel().tolist(), *w.grad.ravel().tolist()]

    expected = two_passes()
    names = VALUE_IDS if kind == "value" else TENSOR_IDS
    for name in names:
        if name not in ("mul_backward", "backward", "matmul_backward"):
            continue
        with learn.using(**{name: SOLUTIONS[name]}):
            assert two_passes() == pytest.approx(expected)


@pytest.mark.parametrize("name", ["cross_entropy", "embedding"])
def test_an_operation_with_a_rule_of_its_own_gives_only_the_values(name):
    id = {"cross_entropy": "03.cross_entropy", "embedding": "05.embedding"}[name]
    rule = f"{name}_backward"
    functions = {name: find_exercise(id).solution, rule: SOLUTIONS[rule]}
    expected = train()
    with learn.using(**functions) as report:
        np.testing.assert_allclose(train(), expected, atol=1e-4)
    assert report.matches_library
    assert report.calls[rule] >= 12
    assert f"It gives the values, and your {rule} the gradients" in str(report)
    with learn.using(**functions | {rule: WRONG[rule]}) as report:
        train(steps=2)
    assert not report.matches_library


def test_ignored_targets_and_repeated_ids():
    """Targets of −1 get no gradient; ids keep the shape that they have in the model."""
    shapes = []

    def embedding_backward(dy, ids, n_rows):
        shapes.append((dy.shape, ids.shape, n_rows))
        return SOLUTIONS["embedding_backward"](dy, ids, n_rows)

    def gradient():
        weight = mg.Tensor(np.arange(12.0).reshape(4, 3) / 10, requires_grad=True)
        logits = mg.ops.embedding(np.array([[1, 1], [3, 0]]), weight)
        (mg.ops.cross_entropy(logits, np.array([[2, -1], [0, 1]])) * 2.0).backward()
        return weight.grad

    expected = gradient()
    functions = {"cross_entropy_backward": SOLUTIONS["cross_entropy_backward"]}
    with learn.using(embedding_backward=embedding_backward, **functions) as report:
        np.testing.assert_allclose(gradient(), expected, rtol=1e-5)
    assert report.matches_library
    assert shapes == [((2, 2, 3), (2, 2), 4)]


def test_lost_repeats_train_a_network_on_three_letters_and_are_noticed():
    model = mg.models.MLP(vocab_size=5, n_embd=2, hidden=4)
    with learn.using(embedding_backward=lost_repeats) as report:
        model.loss([[1, 1, 2, 1]], [[1, 2, 1, 3]]).backward()
    assert not report.matches_library
    assert report.calls == {"embedding_backward": 1}


def test_stacks_of_matrices_and_transposed_ones():
    rng = np.random.default_rng(0)

    def gradients():
        a = mg.Tensor(rng.normal(size=(2, 3, 4)), requires_grad=True)
        b = mg.Tensor(rng.normal(size=(2, 4, 2)), requires_grad=True)
        weight = mg.Tensor(rng.normal(size=(5, 2)), requires_grad=True)
        bias = mg.Tensor(rng.normal(size=5), requires_grad=True)
        y = mg.ops.linear(a @ b, weight, bias)
        (mg.ops.matmul_transposed(y, y).tanh()).sum().backward()
        return a.grad, b.grad, weight.grad, bias.grad

    with learn.using(matmul_backward=SOLUTIONS["matmul_backward"]) as report:
        gradients()
    assert report.pass_errors[0] < 1e-6
    assert report.calls == {"matmul_backward": 5}


@pytest.mark.parametrize(
    ("name", "message", "use"),
    [
        ("tanh_backward", r"uses the rules of \*, .*relu instead", train_scalars),
        ("mul_backward", "works on Values.* computes with Tensors", lambda: train(steps=1)),
        ("backward", "works on Values", lambda: train(steps=1)),
        ("matmul_backward", "works on Tensors.* computes with Values", neuron),
        ("unbroadcast", "uses the rules of sum instead", lambda: mg.Tensor(
            [1.0], requires_grad=True).sum().backward()),
        ("backward", "no backward pass ran inside the block", lambda: None),
    ],
)  # fmt: skip
def test_a_rule_that_never_ran_is_an_error(name, message, use):
    with pytest.raises(mg.StateError, match=message), learn.using(**{name: SOLUTIONS[name]}):
        use()


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ({"mul_backward": lambda a, b, dy: None}, mg.SettingError, "result of your mul_backward"),
        ({"mul_backward": lambda a, b, dy: 3.0}, mg.SettingError, "2 values, in a tuple"),
        ({"tanh_backward": lambda x, dy: "0.7"}, mg.SettingError, "must be one number"),
        ({"backward": lambda last: {last: 1.0}}, mg.SettingError, "one number for each node"),
        ({"backward": lambda last: None}, mg.SettingError, "one number for each node"),
    ],
)
def test_results_of_another_type_are_refused(function, error, message):
    with pytest.raises(error, match=message), learn.using(**function):
        neuron()


def product():
    x = mg.Tensor([[1.0, 2.0]], requires_grad=True)
    (x @ mg.Tensor([[3.0], [4.0]])).sum().backward()


def test_results_of_another_shape_are_refused():
    transposed = learn.using(matmul_backward=lambda dy, x, w: (w @ dy.T, x.T @ dy))
    message = r"your matmul_backward must return shape \(1, 2\) and \(2, 1\); got \(2, 1\)"
    with pytest.raises(mg.ShapeError, match=message), transposed:
        product()


def neuron_and_an_error():
    neuron()
    raise ZeroDivisionError


def test_an_error_after_a_wrong_gradient_carries_the_report():
    wrong = learn.using(mul_backward=WRONG["mul_backward"])
    with pytest.raises(ZeroDivisionError) as caught, wrong:
        neuron_and_an_error()
    assert re.search(r"all parameters are \d.* off", caught.value.__notes__[0])
    right = learn.using(mul_backward=SOLUTIONS["mul_backward"])
    with pytest.raises(ZeroDivisionError) as caught, right:
        neuron_and_an_error()
    assert not hasattr(caught.value, "__notes__")


def test_the_stub_and_other_threads_are_as_for_operations():
    with pytest.raises(mg.SettingError, match="got the stub"), learn.using(backward=learn.todo()):
        pass
    expected = neuron()
    with learn.using(tanh_backward=WRONG["tanh_backward"]):
        assert neuron() != pytest.approx(expected)
    assert neuron() == expected


def test_passes_that_only_compare_a_gradient_do_not_count():
    functions = {"embedding": lambda ids, weight: weight[ids]}
    functions["embedding_backward"] = SOLUTIONS["embedding_backward"]
    with learn.using(**functions) as report:
        train(steps=2)
    assert report.calls == {"embedding": 2, "embedding_backward": 2}
    assert len(report.pass_errors) == 2
    assert report.gradient_error is not None
