"""Texts sampled on a device: several steps are one graph, and one download."""

import gc
import weakref

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends, sampling
from microgpt.backends.shared_rules import UNDECIDED
from microgpt.recording.replay import TIMED_RUNS
from microgpt.sampling import batch, captured_decode
from microgpt.sampling.captured_decode import CapturedDecodeStep

CONFIG = mg.GPTConfig(9, block_size=8, n_layer=1, n_embd=8, n_head=2)
PROMPTS = [[1], [2], [3]]


@pytest.fixture
def models():
    """The same model on the device and on NumPy."""
    return [mg.GPT(CONFIG, seed=4, dtype="float64", backend=name) for name in ("cuda", "numpy")]


@pytest.fixture
def ahead(monkeypatch):
    """The positions from which steps were sampled ahead, with how many downloads that took."""
    runs, decode_ahead = [], CapturedDecodeStep.decode_ahead

    def counted(self, tokens, t):
        driver = self.cache.backend.driver
        before = driver.transfers.downloads
        sampled = decode_ahead(self, tokens, t)
        runs.append((t, driver.transfers.downloads - before))
        return sampled

    monkeypatch.setattr(CapturedDecodeStep, "decode_ahead", counted)
    return runs


def test_the_steps_of_a_block_are_one_graph_and_one_download(models, ahead, monkeypatch):
    device, host = models
    monkeypatch.setattr(device.backend, "poison", False)  # which fills memory between launches
    driver, graphs = device.backend.driver, []
    capture = type(driver).capture

    def counted(self, calls):
        graphs.append(len(calls))
        return capture(self, calls)

    monkeypatch.setattr(type(driver), "capture", counted)
    for seed in range(2 + TIMED_RUNS + 2):  # recorded, timed launch by launch, and as a graph
        expected = mg.generate_batch(host, PROMPTS, 7, seed=seed)
        assert mg.generate_batch(device, PROMPTS, 7, seed=seed) == expected
    assert ahead == [(2, 1)] * (2 + TIMED_RUNS + 2)
    (num_launches,) = graphs
    assert num_launches % 7 == 0  # seven steps of the same launches, each ...
    assert num_launches > 7 * 3  # ... a readable token, a model, a choice and a count


@pytest.mark.parametrize(
    ("prompts", "options"),
    [
        (PROMPTS, {"max_new_tokens": 20, "stop": 2}),  # ends within a graph; blocks that are full
        ([[1], [2, 3, 4], [5]], {"max_new_tokens": 9}),  # prompts that are read meanwhile
        ([[1], [2] * 8], {"max_new_tokens": 7, "temperature": 0}),
        (PROMPTS, {"max_new_tokens": 3}),  # fewer than half a graph
        (PROMPTS, {"max_new_tokens": 0}),
    ],
)
def test_texts_are_those_of_numpy(models, prompts, options):
    device, host = models
    assert mg.generate_batch(device, prompts, **options) == mg.generate_batch(
        host, prompts, **options
    )


def test_a_token_that_only_next_token_can_decide_ends_what_was_sampled_ahead(
    models, ahead, monkeypatch
):
    decided, sample_token = [], batch.sample_token

    def counted(*arguments):
        decided.append(arguments[-1])
        return sample_token(*arguments)

    monkeypatch.setattr(batch, "sample_token", counted)
    for model in models:
        with mg.no_grad():
            model.lm_head.weight.data[...] = np.zeros((9, 8))
    options = {"top_p": 1 / 3, "max_new_tokens": 7}  # of nine equal chances, on an edge
    device, host = models
    rows = mg.generate_batch(device, PROMPTS, **options)
    assert ahead == [(2, 1)]
    assert decided[:4] == [1, 1, 1, 2]  # those at 1 after the prompts; then one at 2, read again
    assert rows == mg.generate_batch(host, PROMPTS, **options)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_cache_goes_back_before_an_undecided_token(models, step, monkeypatch):
    monkeypatch.setattr(captured_decode, "MAX_STEPS_AHEAD", 3)
    starts, decode_ahead = [], CapturedDecodeStep.decode_ahead

    def undecided(self, tokens, t):
        starts.append(t)
        sampled = decode_ahead(self, tokens, t)
        sampled[step, 1] = UNDECIDED
        return sampled

    monkeypatch.setattr(CapturedDecodeStep, "decode_ahead", undecided)
    device, host = models
    assert mg.generate_batch(device, PROMPTS, 7) == mg.generate_batch(host, PROMPTS, 7)
    assert starts[:2] == [2, 3 + step]  # the next three begin after the one that was decided


def test_a_caller_ends_a_text_within_a_graph(models):
    seen = [[], [], []]

    def should_stop(i, token):
        seen[i].append(token)
        return i == 1 and len(seen[1]) == 3

    device, host = models
    rows = sampling.generate_batch(device, PROMPTS, 7, should_stop=should_stop)
    whole = mg.generate_batch(host, PROMPTS, 7)
    assert rows == seen == [whole[0], whole[1][:3], whole[2]]


def test_the_recorded_steps_are_kept_for_as_many_texts_and_can_be_freed(models):
    device, _ = models
    mg.generate_batch(device, PROMPTS, 7)
    step = captured_decode._idle_batch_steps[device]
    mg.generate_batch(device, PROMPTS, 7)
    assert captured_decode._idle_batch_steps[device] is step
    mg.generate_batch(device, PROMPTS[:2], 7)
    assert captured_decode._idle_batch_steps[device] is not step
    kept = weakref.ref(captured_decode._idle_batch_steps[device].cache)
    del step
    sampling.free_decode_step(device)
    gc.collect()
    assert kept() is None


def test_hooks_and_overrides_see_every_step(models, ahead):
    device, host = models
    with sampling.override_sampler(lambda logits, u, **_: int(np.argmax(logits))):
        rows = mg.generate_batch(device, PROMPTS, 7)
        assert rows == mg.generate_batch(host, PROMPTS, 7)
    assert ahead == []
    assert backends.get("cuda").reading_waits
