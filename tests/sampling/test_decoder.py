"""The context of a long text, and tokens that are read once."""

import numpy as np
from generation_cases import CONFIG

import microgpt as mg
from microgpt import sampling


def test_what_is_seen_of_a_long_text():
    assert [sampling.window_start(n, 8) for n in (1, 8, 9, 13, 14, 18, 19)] == [
        0,
        0,
        5,
        5,
        10,
        10,
        15,
    ]
    for block_size in (1, 2, 3, 8, 1024):
        for length in range(1, 3 * block_size + 2):
            seen = length - sampling.window_start(length, block_size)
            assert seen <= block_size
            assert seen == length or seen >= max(1, block_size // 2)


def test_committed_tokens_are_not_read_again(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    decoder = sampling.Decoder(model, [1, 2, 3])
    assert decoder.pending == [1, 2, 3]
    decoder.logits()
    decoder.append(4)
    assert (decoder.pending, decoder.cache.length) == ([4], 3)
    with mg.no_grad():
        model.decode_step(np.array([4], np.int32), decoder.cache)
    decoder.commit()
    decoder.append(5)
    expected = sampling.Decoder(model, [1, 2, 3, 4, 5]).logits()
    np.testing.assert_allclose(decoder.logits(), expected, atol=1e-12)


def test_logits_are_a_copy_and_a_prompt_is_read_before_the_next_token(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    expected = sampling.Decoder(model, [1, 2, 3]).logits()
    decoder = sampling.Decoder(model, [1, 2])
    decoder.append(3)  # nobody asked for logits of the prompt
    logits = decoder.logits()
    np.testing.assert_allclose(logits, expected, atol=1e-12)
    logits[:] = 0
    np.testing.assert_allclose(decoder.logits(), expected, atol=1e-12)
