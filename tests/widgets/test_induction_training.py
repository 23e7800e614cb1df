"""Two layers learn to copy: texts that repeat, what is measured, and the circuit that forms."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import SettingError
from microgpt.widgets.induction_training import (
    EXAMPLE_PERIOD,
    LENGTH,
    LETTERS,
    RepeatedTexts,
    _measure,
    train_induction,
)

STEPS = 40


@pytest.fixture(scope="module")
def history():
    return train_induction(STEPS, seed=1)


@pytest.fixture(scope="module")
def texts():
    return RepeatedTexts(np.random.default_rng(0), 20)


def test_texts_repeat_and_only_repeated_letters_have_targets(texts):
    for row, period, is_known in zip(texts.texts, texts.periods, texts.is_known, strict=True):
        assert (row[period:] == row[:-period]).all()
        assert (np.flatnonzero(is_known) == np.arange(period, LENGTH)).all()
    assert (texts.targets[texts.is_known] == texts.texts[:, 1:][texts.is_known]).all()
    assert (texts.targets[~texts.is_known] == -1).all()


def test_snapshots_are_every_25_steps_and_at_the_end(history):
    assert history.steps == (0, 25, 40)
    assert history.losses.shape == history.probs.shape == (3,)
    assert history.previous.shape == history.following.shape == (3, 2)
    assert history.following_without.shape == (3, 2)
    assert history.rises.shape == (3, 2, 2)
    assert history.weights.shape == (3, 2, len(history.example))
    assert history.weights.sum(axis=-1) == pytest.approx(1, abs=1e-5)
    assert abs(history.losses[0] - np.log(len(LETTERS))) < 0.2
    assert history.losses[-1] < history.losses[0]


def test_the_last_letter_of_the_example_has_one_earlier_copy(history):
    *earlier, last = history.example
    assert earlier.count(last) == 1
    assert earlier.index(last) == len(history.example) - 1 - EXAMPLE_PERIOD


def weights_by_hand(model, tokens, layer):
    with mg.no_grad(), mg.trace(model) as t:
        model(tokens)
    return t[f"h.{layer}.attn.weights"]


def test_weights_and_losses_are_those_of_the_model(texts):
    model = mg.GPT(mg.GPTConfig(16, LENGTH, n_layer=2, n_head=2, n_embd=32), seed=3)
    loss, previous, following, following_without, rises = _measure(model, texts)
    with mg.no_grad():
        assert loss == pytest.approx(model.loss(texts.tokens, texts.targets).item())
    first, second = (weights_by_hand(model, texts.tokens, layer) for layer in (0, 1))
    before = [
        first[row, :, t, t - 1]
        for row, period in enumerate(texts.periods)
        for t in range(1, period)
    ]
    assert previous == pytest.approx(np.mean(before, axis=0), rel=1e-5)
    came_next = [
        sum(second[row, :, t, s + 1] for s in range(t) if tokens[s] == tokens[t])
        for row, (tokens, period) in enumerate(zip(texts.tokens, texts.periods, strict=True))
        for t in range(period, LENGTH)
    ]
    assert following == pytest.approx(np.mean(came_next, axis=0), rel=1e-5)
    assert (following_without != following).all()
    for layer in (0, 1):
        for head in (0, 1):
            with mg.no_grad(), mg.trace(model) as t:
                t.edit(f"h.{layer}.attn.weights", lambda w, head=head: w[:, head].fill(0))
                without = model.loss(texts.tokens, texts.targets).item()
            assert rises[layer, head] == pytest.approx(without - float(loss), abs=1e-6)


def test_equal_arguments_give_the_same_history(history):
    assert train_induction(STEPS, seed=1) is history
    assert (train_induction(STEPS, seed=2).losses != history.losses).all()


@pytest.mark.parametrize("settings", [{"steps": 0}, {"steps": 10_000}, {"seed": -1}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        train_induction(**settings)


@pytest.mark.slow
def test_the_second_layer_needs_the_first():
    history = train_induction(400)
    head = int(history.following[-1].argmax())
    assert history.losses[-1] < 1 < 2 < history.losses[history.steps.index(150)]
    assert history.following[-1, head] > 0.6 > 0.3 > history.following[6, head]
    assert history.following_without[-1, head] < 0.3
    assert history.previous[-1].max() > 0.8
    assert history.probs[-1] > 0.5
