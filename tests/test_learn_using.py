"""`learn.using`: the model runs on the learner's functions, and notices when they are wrong."""

import threading

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find


@pytest.fixture(scope="module")
def names():
    return mg.load_corpus("names-mini")


@pytest.fixture
def draw(names):
    """A function that draws five names with top-k."""
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")

    def drawn(temperature=0.5, top_k=3, **dials):
        tokenizer = names.tokenizer()
        texts = mg.generate_text(model, tokenizer, 5, temperature=temperature, top_k=top_k, **dials)
        return list(texts)

    return drawn


@pytest.fixture
def train(names):
    """A function that trains a new model for some steps and returns its losses."""

    def trained(steps=12):
        model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
        trainer = mg.Trainer(model, names, mg.TrainConfig(steps=steps, batch_size=2))
        return [step.loss for step in trainer.run()]

    return trained


SAMPLING = ["09.sample", "09.temperature", "09.top_k"]


@pytest.mark.parametrize("id", SAMPLING)
def test_a_right_answer_draws_what_the_library_draws(id, draw):
    exercise, expected = find(id), draw()
    with learn.using(**{exercise.answer: exercise.solution}) as report:
        assert draw() == expected
    assert report.same
    assert report.calls[exercise.answer] == len(report.picks) > 20
    assert f"Your {exercise.answer} ran {len(report.picks)} times" in repr(report)
    assert "picks are the library's" in report._repr_html_().replace("&#x27;", "'")
    assert draw() == expected


@pytest.mark.parametrize(
    ("id", "wrong"),
    [
        ("09.sample", "T after softmax"),
        ("09.sample", "not shared out after the cut"),
        ("09.sample", "id order"),
        ("09.temperature", "T after softmax"),
        ("09.temperature", "a power, not shared out again"),
        ("09.temperature", "multiplied by T"),
        ("09.top_k", "not renormalised"),
        ("09.top_k", "the k first"),
    ],
)
def test_a_wrong_answer_is_noticed(id, wrong, draw):
    exercise = find(id)
    (function,) = (one.function for one in exercise.wrong if one.name == wrong)
    with learn.using(**{exercise.answer: function}) as report:
        draw()
    assert not report.same
    assert "differ" in str(report)


def test_both_dials_together(draw):
    expected = draw()
    both = {"temperature": find("09.temperature").solution, "top_k": find("09.top_k").solution}
    with learn.using(**both) as report:
        assert draw() == expected
    assert report.same
    assert set(report.calls) == {"temperature", "top_k"}


def numpy_softmax(x):
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def tensor_softmax(x):
    exponentials = x.exp()
    return exponentials / exponentials.sum(-1, keepdims=True)


def columns_softmax(x):
    exponentials = np.exp(x - x.max(-2, keepdims=True))
    return exponentials / exponentials.sum(-2, keepdims=True)


def numpy_cross_entropy(logits, targets):
    top = logits.max(-1, keepdims=True)
    sums = np.log(np.exp(logits - top).sum(-1)) + top[:, 0]
    return float(np.mean(sums - logits[np.arange(len(targets)), targets]))


def tensor_rms_norm(x, eps=1e-5):
    return x / ((x * x).mean(-1, keepdims=True) + eps) ** 0.5


@pytest.mark.parametrize(
    ("functions", "trains"),
    [
        ({"softmax": numpy_softmax}, False),
        ({"softmax": tensor_softmax}, True),
        ({"softmax": numpy_softmax, "cross_entropy": numpy_cross_entropy}, False),
        ({"rms_norm": tensor_rms_norm}, True),
        ({"relu": lambda x: np.maximum(x, 0)}, False),
        ({"relu": lambda x: x.relu()}, True),
        ({"embedding": lambda ids, weight: weight[ids]}, False),
        ({"linear": lambda x, weight: x @ weight.transpose()}, True),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, dict) else str(part),
)
def test_right_operations_train_as_the_library_does(functions, trains, train):
    expected = train()
    with learn.using(**functions) as report:
        losses = train()
    np.testing.assert_allclose(losses, expected, atol=1e-4)
    assert report.same
    assert report.gradient < 1e-4
    assert len(report.losses) == 10
    assert ("works on Tensors" in str(report)) is trains
    assert ("returns arrays" in str(report)) is not trains
    assert all(count >= 12 for count in report.calls.values())
    assert train() == expected


@pytest.mark.parametrize(
    "functions",
    [
        {"softmax": columns_softmax},
        {"cross_entropy": lambda logits, targets: numpy_cross_entropy(logits, targets) / 2},
        {"rms_norm": lambda x, eps=1e-5: x / ((x * x).sum(-1, keepdims=True) + eps) ** 0.5},
        {"relu": lambda x: np.abs(x)},
        {"embedding": lambda ids, weight: weight[ids * 0]},
    ],
    ids=lambda part: "-".join(part),
)
def test_a_wrong_operation_is_noticed(functions, train):
    with learn.using(**functions) as report:
        train()
    assert not report.same
    assert "differ" in str(report)


def test_a_wrong_slope_is_noticed_where_the_losses_agree(train):
    """The values are right, the slopes are not: only the first gradient tells."""

    def softmax(x):
        return tensor_softmax(x.detach()) + (x - x.detach())

    with learn.using(softmax=softmax) as report:
        train(steps=1)
    assert report.losses[0][0] == pytest.approx(report.losses[0][1], abs=1e-5)
    assert report.gradient > 0.01
    assert not report.same
    assert "the first gradient is" in str(report)


def test_an_answer_that_never_ran_is_an_error(draw, train):
    exercise = find("09.sample")
    with (
        pytest.raises(mg.SettingError, match="drawn only as you ask for them"),
        learn.using(sample=exercise.solution),
    ):
        pass
    with (
        pytest.raises(mg.SettingError, match="at temperature 0 the most likely"),
        learn.using(temperature=find("09.temperature").solution),
    ):
        draw(temperature=0)
    with (
        pytest.raises(mg.SettingError, match="without top_k nothing is cut"),
        learn.using(top_k=find("09.top_k").solution),
    ):
        draw(top_k=None)
    with (
        pytest.raises(mg.SettingError, match=r"your tanh never ran: this model calls .*relu"),
        learn.using(tanh=np.tanh),
    ):
        train(steps=1)
    with pytest.raises(mg.SettingError, match="no model was used"), learn.using(relu=np.abs):
        pass


def test_an_error_in_the_block_is_the_one_that_is_raised(draw):
    def broken(logits, T, k, u):  # noqa: N803
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), learn.using(sample=broken):
        draw()
    with pytest.raises(RuntimeError, match="mine"), learn.using(softmax=numpy_softmax):
        raise RuntimeError("mine")


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({}, "needs a function"),
        ({"smaple": len}, "knows no 'smaple'; known: sample"),
        ({"sample": 3}, "must be a function; got int"),
        ({"sample": learn.todo()}, "still the stub"),
        ({"sample": len, "top_k": len}, "sample makes the whole choice"),
    ],
)
def test_wrong_uses_are_refused(functions, message):
    with pytest.raises(mg.SettingError, match=message), learn.using(**functions):
        pass


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"sample": lambda *_: "a"}, "must return a whole number"),
        ({"sample": lambda *_: 99}, "a token from 0 to 26; got 99"),
        ({"temperature": lambda *_: None}, "must return an array"),
        ({"top_k": lambda *_: [0.5, 0.5]}, r"shape \(27,\); got \(2,\)"),
    ],
)
def test_meaningless_choices_are_refused(functions, message, draw):
    with pytest.raises(mg.MicrogptError, match=message), learn.using(**functions):
        draw()


def test_cuts_that_the_answer_does_not_know_are_refused(draw):
    with (
        pytest.raises(mg.SettingError, match="knows no top_p"),
        learn.using(sample=find("09.sample").solution),
    ):
        draw(top_p=0.5)


def test_other_threads_keep_the_library(train):
    losses, expected = [], train(steps=3)
    with learn.using(softmax=columns_softmax) as report:
        thread = threading.Thread(target=lambda: losses.append(train(steps=3)))
        thread.start()
        thread.join()
        assert report.calls == {"softmax": 0}
        assert train(steps=3) != expected
    assert losses == [expected]
    assert train(steps=3) == expected


def test_capture_is_off_inside():
    weight = mg.Tensor(np.ones((3, 4)), backend="numpy")
    captured = mg.capture(lambda x: mg.ops.softmax(x))
    before = [captured(weight).numpy() for _ in range(4)][-1]
    with learn.using(softmax=numpy_softmax) as report:
        inside = captured(weight).numpy()
    assert report.calls == {"softmax": 1}
    np.testing.assert_allclose(inside, before, atol=1e-6)


def test_a_cache_runs_on_the_answer_too(draw):
    expected = draw()
    with learn.using(softmax=numpy_softmax) as report:
        assert draw() == expected
    assert report.calls["softmax"] > 20
    assert report.same


def test_what_was_not_compared_is_not_claimed(train, draw):
    """Right for a while, then wrong: the report says how far it looked."""
    calls = []

    def tires(x):
        calls.append(1)
        return numpy_softmax(x) if len(calls) <= 40 else numpy_softmax(x) * 0.5

    with learn.using(softmax=tires) as report:
        train(steps=12)
    assert "its first 10 results are the library's" in str(report)
    with learn.using(temperature=find("09.temperature").solution) as report:
        draw()
    assert "its first 10 chances are the library's" in str(report)
    with learn.using(softmax=numpy_softmax) as report:
        train(steps=1)
    assert "its results are the library's" in str(report)


def test_the_first_gradient_may_come_after_other_losses(names):
    def softmax(x):
        return tensor_softmax(x.detach()) + (x - x.detach())

    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    with learn.using(softmax=softmax) as report:
        with mg.no_grad():
            for _ in range(12):
                model.loss(np.array([[1, 2, 3]]), np.array([[2, 3, 4]]))
        assert report.gradient is None
        mg.Trainer(model, names, mg.TrainConfig(steps=2)).run()
    assert len(report.losses) == 10
    assert report.gradient > 0.01
    assert not report.same


def test_a_model_in_another_thread_is_named_as_the_reason(train):
    def aside():
        with learn.using(softmax=numpy_softmax):
            thread = threading.Thread(target=train, args=(1,))
            thread.start()
            thread.join()

    with pytest.raises(mg.SettingError, match=r"in another thread, such as a view .* does not see"):
        aside()


def test_one_call_is_one_time():
    weight = mg.Tensor(np.ones((3, 4)), backend="numpy")
    with learn.using(softmax=numpy_softmax) as report:
        mg.ops.softmax(weight)
    assert str(report).startswith("Your softmax ran 1 time;")
