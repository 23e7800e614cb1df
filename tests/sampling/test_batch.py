"""Several texts at once: every row is the text that it would be alone."""

import gc
import weakref

import numpy as np
import pytest
from generation_cases import CONFIG, GPT2

import microgpt as mg
from microgpt import sampling
from microgpt.errors import SettingError, ShapeError
from microgpt.sampling import captured_decode


def alone(model, prompts, max_new_tokens=None, *, seed=0, **options):
    return [
        list(mg.generate(model, prompt, max_new_tokens, seed=seed + i, **options))
        for i, prompt in enumerate(prompts)
    ]


def random_prompts(rng, longest):
    return [rng.integers(0, 9, rng.integers(1, longest + 1)).tolist() for _ in range(5)]


@pytest.fixture
def decodings(monkeypatch):
    """The sizes of the batches that Python decoded a token for, which a replay does not."""
    calls, decode = [], mg.GPT.decode_step

    def counted(self, tokens, cache):
        calls.append(len(tokens))
        return decode(self, tokens, cache)

    monkeypatch.setattr(mg.GPT, "decode_step", counted)
    return calls


@pytest.mark.parametrize("shape", [{}, GPT2], ids=["microgpt", "gpt2"])
def test_each_row_is_the_text_it_would_be_alone(backend, shape):
    rng = np.random.default_rng(5)
    model = mg.GPT(mg.GPTConfig(**{**vars(CONFIG), **shape}), seed=4, dtype="float64")
    for seed in range(12):
        options = {
            "max_new_tokens": (None, 0, 1, 7, 30)[seed % 5],
            "temperature": float(rng.choice([0, 0.5, 1, 1.5])),
            "top_k": rng.choice([None, 5]),
            "top_p": rng.choice([None, 0.8]),
            "min_p": float(rng.choice([0, 0.1])),
            "stop": [None, 3, (2, 3)][seed % 3],
            "seed": seed,
        }
        prompts = random_prompts(rng, longest=20 if seed % 2 else 8)
        assert mg.generate_batch(model, prompts, **options) == alone(model, prompts, **options), (
            prompts, options,
        )  # fmt: skip


def test_float32_rows_are_the_same_where_probabilities_are_well_apart(backend):
    model = mg.GPT(CONFIG, seed=4)
    prompts = [[1], [2, 3, 4], [5, 6, 7, 8, 0, 1, 2, 3]]
    got = mg.generate_batch(model, prompts, 20, temperature=0)
    assert got == alone(model, prompts, 20, temperature=0)


def test_a_row_does_not_depend_on_its_neighbours(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    first = mg.generate_batch(model, [[1, 2], [3], [4] * 6], 12, seed=7)[0]
    for neighbours in ([], [[1]], [[8] * 8, [2]], [[5] * 30]):
        assert mg.generate_batch(model, [[1, 2], *neighbours], 12, seed=7)[0] == first


def test_no_prompts_and_no_tokens(backend):
    model = mg.GPT(CONFIG)
    assert mg.generate_batch(model, []) == []
    assert mg.generate_batch(model, [[1], [2, 3]], 0) == [[], []]
    assert list(map(len, mg.generate_batch(model, np.ones((2, 3), int)))) == [6, 6]


def test_a_step_is_recorded_once_and_nothing_is_kept(decodings):
    model = mg.GPT(CONFIG, seed=4, backend="numba")
    before = mg.generate_batch(model, [[1], [2], [3]], 7)
    assert decodings == [3, 3]  # recorded twice, the same both times
    assert model not in captured_decode._idle_steps
    assert mg.generate_batch(model, [[1], [2], [3]], 7, capture=False) == before


def test_what_a_finished_row_leaves_is_read_at_once(decodings, monkeypatch):
    calls, call = [], mg.GPT.next_token_logits

    def counted(self, tokens, cache=None):
        calls.append(np.shape(tokens))
        return call(self, tokens, cache)

    model = mg.GPT(CONFIG, seed=4, dtype="float64", backend="numba")
    prompts = [[1], [2] * 8]
    expected = alone(model, prompts, 2)
    monkeypatch.setattr(mg.GPT, "next_token_logits", counted)
    decodings.clear()
    assert mg.generate_batch(model, prompts, 2) == expected
    assert [shape[1] for shape in calls] == [1, 8, 4]  # the short one, the long one, a full block
    assert decodings == [2]


def test_hooks_and_sampler_overrides_run(backend):
    from microgpt.autograd import engine

    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    prompts, seen, seeds = [[1], [2, 3]], [], []
    plain = mg.generate_batch(model, prompts, 5, seed=3)

    def look(name, node):
        seen.append(name)
        return node

    def choose(logits, u, **params):
        assert logits.shape == (9,)
        seeds.append(u)
        return mg.next_token(logits, **params, u=u).token

    with engine.hook_activations(look):
        assert mg.generate_batch(model, prompts, 5, seed=3) == plain
    assert "h.0.attn.weights" in seen
    with sampling.override_sampler(choose):
        assert mg.generate_batch(model, prompts, 5, seed=3) == plain
    rows = [[mg.uniform(3 + i, t) for t in range(1 + i, 6 + i)] for i in range(2)]
    assert sorted(seeds) == sorted(rows[0] + rows[1])


def test_undecided_tokens_are_sampled_by_next_token():
    model = mg.GPT(CONFIG, backend="numba")
    with mg.no_grad():
        model.lm_head.weight.data[...] = 0
    options = {"top_p": 1 / 3, "max_new_tokens": 30}  # of nine equal chances, on an edge
    prompts = [[0], [1, 2], [3, 4, 5]]
    assert mg.generate_batch(model, prompts, **options) == alone(model, prompts, **options)


def test_models_that_are_not_replayed(decodings):
    class Rounded(mg.nn.Module):
        def __init__(self, head):
            self.weight = head.weight

        def __call__(self, x):
            return mg.Tensor(np.round(x.numpy(), 3), dtype=x.dtype, backend=x.backend.name)

    class Loud(mg.GPT):
        def __call__(self, tokens, cache=None):
            return super().__call__(tokens, cache) * 2.0

    prompts = [[0], [1, 2]]
    model = mg.GPT(CONFIG, seed=4, dtype="float64", backend="numba")
    model.h[1].ln_2 = Rounded(model.lm_head)
    assert mg.generate_batch(model, prompts, 7) == alone(model, prompts, 7, capture=False)
    assert decodings == [2]
    loud = Loud(CONFIG, seed=4, dtype="float64", backend="numba")
    assert mg.generate_batch(loud, prompts, 7) == alone(loud, prompts, 7)
    assert decodings == [2]


def test_logits_of_a_row_that_are_not_numbers_raise(backend):
    model = mg.GPT(CONFIG, seed=4)
    with mg.no_grad():
        model.lm_head.weight.data[5] = np.nan
    with pytest.raises(SettingError, match="got 1 of 9 NaN or inf, the first at token 5"):
        mg.generate_batch(model, [[1], [2, 3]], 3)


def test_what_generating_keeps_can_be_released():
    model = mg.GPT(CONFIG, backend="numba")
    list(mg.generate(model, [0]))
    cache = weakref.ref(captured_decode._idle_steps[model].cache)
    sampling.free_decode_step(model)
    sampling.free_decode_step(model)
    gc.collect()
    assert cache() is None


def test_refusals(backend):
    model = mg.GPT(CONFIG)
    for prompts in ([[]], [[1], []], [1, 2], [[[1]]]):
        with pytest.raises(ShapeError, match="the prompt must have 1 token or more"):
            mg.generate_batch(model, prompts)
    with pytest.raises(mg.TokenError, match="from 0 to 8; got 9 at index 1"):
        mg.generate_batch(model, [[1], [8, 9]])
    with pytest.raises(SettingError, match="max_new_tokens must be a non-negative integer"):
        mg.generate_batch(model, [[1]], 2.5)
    with pytest.raises(SettingError, match=r"seed must be at most .* each of 2 rows"):
        mg.generate_batch(model, [[1], [2]], seed=2**64 - 1)
    last = mg.generate_batch(model, [[1], [2]], seed=2**64 - 2)
    assert last[1] == list(mg.generate(model, [2], seed=2**64 - 1))


def test_models_and_tokenizers_are_checked():
    model = mg.GPT(mg.GPTConfig(), backend="numpy")
    for call in (
        lambda: mg.stream_text(model, None, "a"),
        lambda: mg.generate_text(model, None),
    ):
        with pytest.raises(mg.SettingError, match=r"tokenizer must be .*; got NoneType"):
            call()
    with pytest.raises(mg.SettingError, match="model must be a GPT; got NoneType"):
        mg.generate_batch(None, [[1]])
    for prompts in (None, 3, "ab"):
        with pytest.raises(mg.SettingError, match="rows of token ids"):
            mg.generate_batch(model, prompts)
