"""`generate`: the text that the whole model would give, token by token."""

import dataclasses

import numpy as np
import pytest
from generation_cases import CONFIG, by_hand

import microgpt as mg
from microgpt import sampling


@pytest.mark.parametrize(
    "options",
    [{}, {"temperature": 0}, {"top_k": 2}, {"top_p": 0.7}, {"min_p": 0.2, "temperature": 1.5}],
    ids=str,
)
def test_the_cache_changes_nothing(backend, options):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    for seed in range(5):
        for prompt in ([0], [3, 1, 4, 1], [8] * 8):
            count = CONFIG.block_size + 1 - len(prompt)
            got = list(mg.generate(model, prompt, seed=seed, **options))
            assert prompt + got == by_hand(model, prompt, count, seed=seed, **options)


def test_a_full_block_slides_by_half(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    got = list(mg.generate(model, [1, 2], 30, seed=2))
    expected, window = [1, 2], [1, 2]
    for t in range(2, 32):
        if len(window) > 8:
            window = expected[-4:]
        logits = model(window).numpy()[-1]
        expected.append(mg.next_token(logits, u=mg.uniform(2, t)).token)
        window = [*window, expected[-1]]
    assert [1, 2, *got] == expected


def test_a_text_continues_itself(backend):
    model = mg.GPT(CONFIG, seed=4)
    whole = list(mg.generate(model, [0], seed=11))
    for cut in range(1, len(whole)):
        assert list(mg.generate(model, [0, *whole[:cut]], seed=11)) == whole[cut:]


def test_the_stop_token_ends_and_is_not_yielded(backend):
    model = mg.GPT(CONFIG, seed=4)
    whole = list(mg.generate(model, [0], seed=11))
    stopped = list(mg.generate(model, [0], seed=11, stop=whole[3]))
    assert stopped == whole[: whole.index(whole[3])]


def test_no_position_embedding(backend):
    model = mg.GPT(dataclasses.replace(CONFIG, position="none"), seed=4, dtype="float64")
    got = list(mg.generate(model, [1, 2], seed=0))
    assert [1, 2, *got] == by_hand(model, [1, 2], 7)


def test_any_of_several_tokens_stops(backend):
    model = mg.GPT(CONFIG, seed=4)
    whole = list(mg.generate(model, [0], 30, seed=11))
    for stop in ([whole[3], whole[5]], {whole[5]}, (), np.array([whole[4]])):
        ends = [t for t, token in enumerate(whole) if token in stop]
        expected = whole[: ends[0]] if ends else whole
        assert list(mg.generate(model, [0], 30, seed=11, stop=stop)) == expected


@pytest.mark.parametrize("block_size", [1, 2, 7, 8])
def test_a_prompt_longer_than_the_block_continues_as_if_it_had_been_drawn(backend, block_size):
    config = dataclasses.replace(CONFIG, block_size=block_size)
    model = mg.GPT(config, seed=4, dtype="float64")
    whole = [0, *mg.generate(model, [0], 40, seed=3)]
    for cut in range(1, 41):
        assert list(mg.generate(model, whole[:cut], 41 - cut, seed=3)) == whole[cut:]
        tail = whole[sampling.window_start(cut, block_size) : cut]
        assert len(tail) <= block_size
        rest = list(mg.generate(model, whole[:cut], temperature=0))
        assert rest == list(mg.generate(model, tail, temperature=0))
        assert len(rest) == block_size - len(tail) + 1


def test_a_hook_reaches_every_generated_token(backend):
    from microgpt.autograd import engine

    model = mg.GPT(mg.GPTConfig(init_std=0.5), dtype="float64")
    tokens = [1, 2, 3, 4]

    def silence(name, node):
        return node * 0 if name.endswith("attn.weights") else node

    with mg.no_grad(), engine.hook_activations(silence):
        full = model(tokens).numpy()[-1]
        cache = mg.KVCache(model)
        model([tokens[:3]], cache)
        np.testing.assert_allclose(model([tokens[3:]], cache).numpy()[0, -1], full, atol=1e-13)
    assert not np.allclose(model(tokens).numpy()[-1], full)
