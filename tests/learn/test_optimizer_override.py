"""Trainings that run on a learner's optimiser: right ones as the library's, wrong ones differ."""

import threading

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

ADAMW, CLIP = (find_exercise(id) for id in ("08.adamw_step", "08.clip_grad_norm"))
SETTINGS = {"optimizer": "adamw", "weight_decay": 0.1, "grad_clip": 0.5, "batch_size": 4}


def small_gpt(backend="numpy", **settings):
    """A model with vectors: biases and norms."""
    config = mg.GPTConfig(
        vocab_size=27, block_size=16, n_layer=1, n_head=2, n_embd=8, norm="layernorm", bias=True,
        **settings,
    )  # fmt: skip
    return mg.GPT(config, backend=backend)


def trainer(model=None, steps=12, **settings):
    config = mg.TrainConfig(steps=steps, **{**SETTINGS, **settings})
    return mg.Trainer(model or small_gpt(), mg.load_corpus("names-mini"), config)


def losses(*arguments, **settings):
    return [step.loss for step in trainer(*arguments, **settings).run()]


def by_hand(optimizer, steps=12, max_norm=None, scale=1.0, model=None):
    """A loop of one's own; returns the losses."""
    model = model or small_gpt()
    optimizer = optimizer(model)
    tokens, made = np.arange(12).reshape(2, 6), []
    for step in range(steps):
        optimizer.zero_grad()
        loss = model.loss(tokens, (tokens + step) % 27)
        (loss * scale).backward()
        if max_norm is not None:
            mg.clip_grad_norm_(model, max_norm)
        optimizer.step()
        made.append(loss.item())
    return made


RIGHT = {"adamw": ADAMW.solution, "clip_grad_norm": CLIP.solution}


@pytest.mark.parametrize("function", [ADAMW.solution, *ADAMW.alternative_solutions])
def test_a_right_step_trains_as_the_library_does(function):
    expected = losses()
    with learn.using(adamw=function) as report:
        np.testing.assert_allclose(losses(), expected, atol=1e-5)
    assert report.matches_library
    num_parameters = len(list(small_gpt().parameters()))
    assert report.calls == {"adamw": 12 * num_parameters}
    assert len(report.losses) == 10
    np.testing.assert_allclose(np.array(report.losses)[:, 1], expected[:10], atol=1e-5)
    assert f"Your adamw ran {12 * num_parameters} times" in str(report)
    assert "(the last of 10 compared)" in str(report)


@pytest.mark.parametrize("settings", [{}, {"grad_accum_steps": 2}, {"optimizer": "adam",
                                      "weight_decay": None}])  # fmt: skip
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_both_together_in_trainings_of_several_kinds(settings, dropout):
    expected = losses(small_gpt(dropout=dropout), **settings)
    with learn.using(**RIGHT) as report:
        got = losses(small_gpt(dropout=dropout), **settings)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert report.matches_library
    assert report.calls["clip_grad_norm"] == 12
    np.testing.assert_allclose(np.array(report.losses)[:, 1], expected[:10], atol=1e-5)


LIKE_THE_SETTINGS = {"eps fixed"}  # which trainings here have, too: only a check can see it


@pytest.mark.parametrize("name", [mistake.name for mistake in ADAMW.common_mistakes])
def test_a_wrong_step_is_noticed(name):
    (mistake,) = (mistake for mistake in ADAMW.common_mistakes if mistake.name == name)
    try:
        with np.errstate(all="ignore"), learn.using(adamw=mistake.function) as report:
            losses(steps=3)
    except ZeroDivisionError:  # the learner's own
        assert name == "t from zero in floats"
        return
    assert report.matches_library is (name in LIKE_THE_SETTINGS)


ONLY_ZEROS = {"nan", "division by zero"}  # what goes wrong only where all gradients are 0


@pytest.mark.parametrize("name", [mistake.name for mistake in CLIP.common_mistakes])
def test_a_wrong_clipping_is_noticed(name):
    (mistake,) = (mistake for mistake in CLIP.common_mistakes if mistake.name == name)
    message = ""
    try:
        with learn.using(clip_grad_norm=mistake.function) as report:
            losses(steps=3)
            losses(steps=3, grad_clip=100.0)
    except (mg.ShapeError, mg.SettingError) as error:
        message = str(error)
    except ValueError:  # the learner's own
        assert name == "concatenated"
        return
    noticed = "your clip_grad_norm" in message or not report.matches_library
    assert noticed is (name not in ONLY_ZEROS)


def test_a_wrong_step_may_show_only_in_later_losses():
    def forgets_from_the_second_step_on(p, g, m, v, t, *rest):
        return ADAMW.solution(p, g, m * (t != 2), v, t, *rest)

    with learn.using(adamw=forgets_from_the_second_step_on) as report:
        losses(steps=5)
    differences = np.abs(np.diff(report.losses, axis=1)).ravel()
    assert differences[:2].max() < 1e-6
    assert differences[2:].min() > 1e-4
    assert not report.matches_library


def test_the_training_stays_the_learner_s():
    """A step of twice the length trains as twice the lr does, whatever is computed beside it."""

    def twice(p, g, m, v, t, lr, *rest):
        return ADAMW.solution(p, g, m, v, t, 2 * lr, *rest)

    with learn.using(adamw=twice) as report:
        got = losses(lr=0.01)
    np.testing.assert_allclose(got, losses(lr=0.02), atol=1e-5)
    np.testing.assert_allclose(np.array(report.losses)[:, 0], got[:10], atol=1e-6)
    np.testing.assert_allclose(np.array(report.losses)[:, 1], losses(lr=0.01)[:10], atol=1e-5)
    assert not report.matches_library


def test_each_parameter_comes_in_its_own_shape():
    shapes = set()

    def adamw(p, g, m, v, *rest):
        assert p.shape == g.shape == m.shape == v.shape
        assert p.dtype == np.float64
        shapes.add(p.shape)
        p[...] = g[...] = m[...] = v[...] = 0  # copies: the model does not change
        return p, m, v

    with learn.using(adamw=adamw):
        losses(steps=1)
    assert shapes == {parameter.shape for parameter in small_gpt().parameters()}


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_training_goes_on_before_and_after(backend):
    """Recorded steps are not replayed inside the block, and go on from its m, v and step count."""
    expected = losses(small_gpt(backend), steps=18)
    mine = trainer(small_gpt(backend), steps=18)
    got = [next(mine).loss for _ in range(6)]
    with learn.using(**RIGHT) as report:
        got += [next(mine).loss for _ in range(6)]
    got += [step.loss for step in mine]
    assert report.calls["clip_grad_norm"] == 6
    assert report.matches_library
    assert len(report.losses) == 6
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert mine.optimizer.step_count == 18


def test_a_captured_step_of_one_s_own_runs_it():
    model = small_gpt("numba")
    optimizer, tokens = mg.AdamW(model), np.arange(6)

    def step(tokens, targets):
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    captured = mg.capture(step)
    for _ in range(3):
        captured(tokens, tokens + 1)
    with learn.using(adamw=ADAMW.solution) as report:
        captured(tokens, tokens + 1)
    assert report.calls["adamw"] == len(optimizer.parameters)


@pytest.mark.parametrize("max_norm", [None, 0.5])
def test_loops_of_one_s_own(max_norm):
    expected = by_hand(mg.AdamW, max_norm=max_norm)
    with learn.using(adamw=ADAMW.solution) as report:
        got = by_hand(mg.AdamW, max_norm=max_norm)
    np.testing.assert_allclose(got, expected, atol=1e-6)
    assert report.matches_library
    assert len(report.losses) == 10
    with learn.using(clip_grad_norm=CLIP.solution) as report:
        by_hand(lambda model: mg.SGD(model, 0.1), max_norm=0.5)
    assert report.matches_library
    assert report.calls == {"clip_grad_norm": 12}


def test_two_optimisers_are_followed_apart():
    def two_models(model):
        losses(steps=4)
        return mg.AdamW(model)

    with learn.using(adamw=ADAMW.solution) as report:
        by_hand(two_models, steps=4)
    assert report.matches_library
    assert len(report.losses) == 8


@pytest.mark.parametrize(
    "train",
    [
        lambda: by_hand(mg.AdamW, scale=0.5),  # another loss than the model's
        lambda: by_hand(lambda model: mg.AdamW(list(model.parameters())[:3])),
        lambda: by_hand(mg.AdamW, model=small_gpt(tie_weights=True), scale=2.0),
    ],
)
def test_a_training_that_cannot_be_repeated_is_not_compared(train):
    expected = train()
    with learn.using(adamw=ADAMW.solution) as report:
        np.testing.assert_allclose(train(), expected, atol=1e-5)
    assert report.losses == []
    assert report.matches_library


def test_beside_an_operation_of_one_s_own():
    def softmax(x):
        exponentials = np.exp(x - x.max(-1, keepdims=True))
        return exponentials / exponentials.sum(-1, keepdims=True)

    expected = losses()
    with learn.using(softmax=softmax, **RIGHT) as report:
        np.testing.assert_allclose(losses(), expected, atol=1e-4)
    assert report.matches_library
    assert set(report.calls) == {"softmax", "adamw", "clip_grad_norm"}


def in_a_thread():
    thread = threading.Thread(target=losses)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("name", "train", "message"),
    [
        ("adamw", lambda: None, "no optimiser made a step inside the block"),
        ("adamw", in_a_thread, "in another thread"),
        ("adamw", lambda: by_hand(lambda m: mg.SGD(m, 0.1)), "calls the step of SGD instead; tr"),
        ("clip_grad_norm", lambda: by_hand(mg.AdamW), "the step of AdamW, and clips nothing bef"),
        ("clip_grad_norm", lambda: losses(grad_clip=None), "without a limit; set TrainConfig"),
    ],
)
def test_a_function_that_never_ran_is_an_error(name, train, message):
    with pytest.raises(mg.StateError, match=message), learn.using(**{name: RIGHT[name]}):
        train()


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"adamw": lambda *given: given[0]}, "the result of your adamw must be a tuple of exactly"),
        ({"adamw": lambda p, g, m, v, *_: (p.ravel(), m, v)}, r"p of your adamw must .*\(27, 8\)"),
        ({"clip_grad_norm": lambda grads, m: grads}, "must be a tuple of exactly 2 values"),
        ({"clip_grad_norm": lambda grads, m: (grads[:1], 1.0)}, "one for each parameter; got 1"),
        ({"clip_grad_norm": lambda gs, m: ([g.T for g in gs], 1.0)}, "must have the shape"),
        ({"adamw_step": ADAMW.solution}, r"using\(adamw=adamw_step\)"),
    ],
)
def test_results_of_another_form_raise(functions, message):
    with pytest.raises(mg.MicrogptError, match=message), learn.using(**functions):
        losses()


def test_a_step_that_fails_leaves_the_parameters_as_they_were():
    calls = []

    def fails_late(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise ZeroDivisionError
        return ADAMW.solution(*arguments)

    model = small_gpt()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    with pytest.raises(ZeroDivisionError), learn.using(adamw=fails_late):
        by_hand(mg.AdamW, steps=1, model=model)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
