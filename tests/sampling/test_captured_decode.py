"""Captured decoding: the same tokens, recorded once, and when it is not used."""

import dataclasses
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from generation_cases import CONFIG, GPT2

import microgpt as mg
from microgpt import sampling
from microgpt.backends.shared_rules import UNDECIDED
from microgpt.errors import SettingError
from microgpt.sampling.captured_decode import CapturedDecodeStep


@pytest.fixture
def decodings(monkeypatch):
    """The times that Python ran a decoding step, which a replay does not."""
    calls, decode = [], mg.GPT.decode_step

    def counted(self, *arguments):
        calls.append(1)
        return decode(self, *arguments)

    monkeypatch.setattr(mg.GPT, "decode_step", counted)
    return calls


CONFIGS = [
    CONFIG,
    dataclasses.replace(CONFIG, position="none"),
    dataclasses.replace(CONFIG, **GPT2),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("config", CONFIGS, ids=["microgpt", "no positions", "gpt2"])
def test_capture_changes_no_text(config, dtype, decodings):
    rng = np.random.default_rng(7)
    model = mg.GPT(config, seed=4, dtype=dtype, backend="numba")
    for seed in range(40):
        options = {
            "max_new_tokens": int(rng.choice([0, 1, 7, 30])),
            "temperature": float(rng.choice([0, 0.5, 1, 1.5])),
            "top_k": rng.choice([None, 1, 5]),
            "top_p": rng.choice([None, 0.8, 1.0]),
            "min_p": float(rng.choice([0, 0.1])),
            "seed": seed,
            "stop": rng.choice([None, 3]),
        }
        prompt = rng.integers(0, 9, rng.choice([1, 1, 3, 8])).tolist()
        texts = [list(mg.generate(model, prompt, **options, capture=c)) for c in (True, False)]
        assert texts[0] == texts[1], (prompt, options)
    assert len(decodings) == 2  # recorded twice, the same both times


def test_later_texts_replay_from_their_first_token(decodings):
    model = mg.GPT(CONFIG, backend="numba")
    texts = [list(mg.generate(model, [0], seed=seed)) for seed in range(4)]
    assert len(decodings) == 2
    assert texts == [list(mg.generate(model, [0], seed=s, capture=False)) for s in range(4)]


def test_generation_sees_new_weights():
    model = mg.GPT(CONFIG, seed=4, backend="numba")
    before = list(mg.generate(model, [0], seed=1))
    with mg.no_grad():
        model.lm_head.weight.data[...] = -model.lm_head.weight.data
    after = list(mg.generate(model, [0], seed=1))
    assert after == list(mg.generate(model, [0], seed=1, capture=False)) != before


def test_a_model_that_was_built_anew_is_recorded_anew(decodings):
    def drawn(capture=True):
        return [list(mg.generate(model, [0], seed=seed, capture=capture)) for seed in range(3)]

    model, other = (mg.GPT(CONFIG, seed=seed, backend="numba") for seed in (4, 5))
    assert drawn() == drawn(capture=False)
    model.lm_head = other.lm_head
    assert drawn() == drawn(capture=False)
    model.h.pop()
    assert drawn() == drawn(capture=False)
    model.h[0].mlp = other.h[0].mlp
    assert drawn() == drawn(capture=False)
    model.h[0].attn.c_proj.weight = other.h[0].attn.c_proj.weight
    assert drawn() == drawn(capture=False)
    assert len(decodings) == 10


def test_texts_at_the_same_time_do_not_meet():
    model = mg.GPT(CONFIG, seed=4, backend="numba")
    alone = [list(mg.generate(model, [0], 20, seed=seed)) for seed in range(4)]
    together = [mg.generate(model, [0], 20, seed=seed) for seed in range(4)]
    assert [list(text) for text in zip(*zip(*together, strict=True), strict=True)] == alone
    with ThreadPoolExecutor(4) as pool:
        threads = pool.map(lambda seed: list(mg.generate(model, [0], 20, seed=seed)), range(4))
        assert list(threads) == alone


def test_a_decode_step_comes_back_however_a_text_ends(decodings, monkeypatch):
    model = mg.GPT(CONFIG, seed=4, backend="numba")
    list(mg.generate(model, [0]))
    closed = mg.generate(model, [0])
    next(closed)
    closed.close()
    dropped = mg.generate(model, [0])
    next(dropped)
    del dropped
    with pytest.raises(mg.TokenError, match="from 0 to 8"):
        list(mg.generate(model, [9]))
    list(mg.generate(model, [0]))
    assert len(decodings) == 2


def test_a_decode_step_does_not_keep_its_model():
    model = mg.GPT(CONFIG, backend="numba")
    list(mg.generate(model, [0]))
    gone = weakref.ref(model)
    del model
    assert gone() is None


def test_hooks_and_sampler_overrides_run_at_every_token():
    from microgpt.autograd import engine

    model = mg.GPT(CONFIG, seed=4, dtype="float64", backend="numba")
    whole = list(mg.generate(model, [0], 30, seed=1))
    seen, chosen = [], []

    def look(name, node):
        seen.append(name)
        return node

    def choose(logits, **params):
        chosen.append(mg.next_token(logits, **params).token)
        return chosen[-1]

    contexts = [
        lambda: engine.hook_activations(look),
        lambda: sampling.override_sampler(choose),
        engine.decomposed,
    ]
    text, got = mg.generate(model, [0], 30, seed=1), []
    for context in contexts * 5:
        got.append(next(text))
        with context():
            got.append(next(text))
    assert got == whole
    assert seen.count("h.0.attn.weights") == len(chosen) == 5


def test_a_part_that_cannot_be_recorded_is_run(decodings):
    class Rounded(mg.nn.Module):
        def __init__(self, head):
            self.weight = head.weight

        def __call__(self, x):
            return mg.Tensor(np.round(x.numpy(), 3), dtype=x.dtype, backend=x.backend.name)

    model = mg.GPT(CONFIG, seed=4, backend="numba")
    model.h[1].ln_2 = Rounded(model.lm_head)
    texts = [list(mg.generate(model, [0], seed=1, capture=c)) for c in (True, False, True)]
    assert texts[0] == texts[1] == texts[2]
    assert len(decodings) == 1


def test_undecided_tokens_are_sampled_by_next_token():
    model = mg.GPT(CONFIG, backend="numba")
    with mg.no_grad():
        model.lm_head.weight.data[...] = 0
    options = {"top_p": 1 / 3, "max_new_tokens": 30}  # of nine equal chances, on an edge
    for seed in range(5):
        texts = [list(mg.generate(model, [0], seed=seed, **options, capture=c)) for c in (1, 0)]
        assert texts[0] == texts[1]


def test_logits_that_are_not_numbers_raise_as_in_next_token(backend):
    model = mg.GPT(CONFIG, seed=4)
    text = mg.generate(model, [0])
    next(text)
    with mg.no_grad():
        model.lm_head.weight.data[5] = np.nan
    with pytest.raises(SettingError, match="got 1 of 9 NaN or inf, the first at token 5"):
        next(text)


def test_a_model_of_another_class_is_not_replayed(decodings):
    class Loud(mg.GPT):
        def __call__(self, tokens, cache=None):
            return super().__call__(tokens, cache) * 2.0

    model = Loud(CONFIG, seed=4, backend="numba")
    texts = [list(mg.generate(model, [0], seed=1, capture=c)) for c in (True, False)]
    assert texts[0] == texts[1]
    assert not decodings


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_token_that_is_left_to_next_token_is_read_once(every, monkeypatch):
    """A captured step that cannot decide has read the token; the cache goes back before it."""
    model = mg.GPT(CONFIG, seed=4, dtype="float64", backend="numba")
    prompts = [[1, 2, 3], [4], [5, 6]]
    expected = [list(mg.generate(model, row, seed=i)) for i, row in enumerate(prompts)]
    calls, decode = [], CapturedDecodeStep._decode

    def undecided(self, t):
        tokens = decode(self, t)
        calls.append(t)
        if len(calls) % every == 0:
            tokens[:] = UNDECIDED
        return tokens

    monkeypatch.setattr(CapturedDecodeStep, "_decode", undecided)
    assert [list(mg.generate(model, row, seed=i)) for i, row in enumerate(prompts)] == expected
    assert mg.generate_batch(model, prompts) == expected
    assert calls
