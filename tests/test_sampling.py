"""The sampler's rules, its exact numbers, and generation with a cache."""

import dataclasses
import math
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt import sampling
from microgpt.backends.formulas import philox
from microgpt.errors import SettingError, ShapeError

WORDS = ["closer", "every", "effort", "forward", "inches", "moves", "pizza", "toward", "you"]
NINE = [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79]
FOUR = [2.0, 1.0, 0.1, -1.0]


def word(choice):
    return WORDS[choice.token]


def test_philox_gives_the_published_numbers():
    full = 0xFFFFFFFF
    assert philox((0,) * 4, (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    assert philox((full,) * 4, (full,) * 2) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
    assert philox((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)) == (
        0xD16CFE09,
        0x94FDCCEB,
        0x5001E420,
        0x24126EA1,
    )


def test_the_dice_depend_on_three_numbers_only():
    assert mg.uniform(1, 5, 0) == mg.uniform(1, 5)
    draws = {mg.uniform(s, t, r) for s in range(10) for t in range(10) for r in range(10)}
    assert len(draws) == 1000
    many = np.array([mg.uniform(7, t) for t in range(20_000)])
    assert (many >= 0).all()
    assert (many < 1).all()
    assert abs(many.mean() - 0.5) < 5 / math.sqrt(12 * 20_000)
    counts = np.histogram(many, bins=20, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 50
    for bad in (-1, 2**64, 0.5):
        with pytest.raises(SettingError, match="an integer from 0 to"):
            mg.uniform(bad, 0)


def test_the_nine_words():
    choice = mg.next_token(NINE)
    np.testing.assert_allclose(
        choice.probabilities,
        [0.0609, 0.0016, 0.0001, 0.5721, 0.0034, 0.0001, 0.0001, 0.3576, 0.0040],
        atol=5e-5,
    )
    assert [WORDS[i] for i in choice.ranked_ids[:3]] == ["forward", "toward", "closer"]
    assert math.exp(choice.entropy) == pytest.approx(2.49, abs=0.005)
    assert math.exp(mg.next_token(NINE, 0.5).entropy) == pytest.approx(1.89, abs=0.005)
    top3 = mg.next_token(NINE, top_k=3)
    np.testing.assert_allclose(
        top3.probabilities[top3.ranked_ids[:3]], [0.5775, 0.3610, 0.0615], atol=5e-5
    )
    assert (top3.num_kept, top3.binding_filter) == (3, "top_k")
    np.testing.assert_array_equal(top3.base_probabilities, choice.probabilities)


def test_the_dart_story():
    for t in np.arange(1.0, 0.89, -0.05):
        assert word(mg.next_token(NINE, t, u=0.6)) == "toward"
    assert word(mg.next_token(NINE, 0.85, u=0.6)) == "forward"
    assert mg.next_token(NINE, 0.90).cumulative[0] == pytest.approx(0.593, abs=5e-4)
    assert mg.next_token(NINE, 0.85).cumulative[0] == pytest.approx(0.605, abs=5e-4)


def test_the_order_of_the_cuts():
    assert mg.next_token(NINE, top_p=0.93).num_kept == 3
    both = mg.next_token(NINE, top_k=3, top_p=0.93)
    assert (both.num_kept, both.binding_filter) == (2, "top_p")
    assert mg.next_token(NINE, top_p=1.0).binding_filter is None
    assert mg.next_token(NINE, min_p=0.5).binding_filter == "min_p"
    assert mg.next_token(NINE, min_p=0.5).num_kept == 2


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1, [0.638, 0.235, 0.095, 0.032]),
        (0.5, [0.862, 0.117, 0.019, 0.002]),
        (2, [0.451, 0.274, 0.175, 0.101]),
    ],
)
def test_temperatures(temperature, expected):
    got = mg.next_token(FOUR, temperature).probabilities
    np.testing.assert_allclose(got, expected, atol=6e-4)


def test_top_k_of_given_chances():
    got = mg.next_token(np.log([0.40, 0.25, 0.15, 0.10, 0.07, 0.03]), top_k=3)
    np.testing.assert_allclose(got.probabilities, [0.5, 0.3125, 0.1875, 0, 0, 0], rtol=1e-12)


def test_greedy_takes_the_first_of_equals_whatever_the_dart():
    for u in (0.0, 0.5, 0.999999):
        choice = mg.next_token([1.0, 3.0, 3.0], temperature=0, u=u)
        assert choice.token == 1
        assert choice.entropy == 0
        np.testing.assert_array_equal(choice.probabilities, [0, 1, 0])


def test_ties_at_the_kth_place_keep_the_lowest_ids():
    choice = mg.next_token([1.0, 2.0, 1.0, 1.0], top_k=2)
    assert choice.ranked_ids.tolist() == [1, 0, 2, 3]
    assert np.flatnonzero(choice.probabilities).tolist() == [0, 1]


def test_the_dart_on_an_edge_belongs_to_the_next():
    assert [mg.next_token([0.0, 0.0], u=u).token for u in (0.0, 0.4999, 0.5, 0.75)] == [0, 0, 1, 1]


def test_very_cold_and_very_far_apart():
    for temperature in (1e-300, 1e-5, 0.01):
        choice = mg.next_token([1000.0, -1000.0, 999.0], temperature, u=0.9999999999)
        assert choice.token == 0
    choice = mg.next_token([0.0, -np.inf, 0.0], u=math.nextafter(1, 0))
    assert choice.token == 2
    assert choice.probabilities[1] == 0


logit_lists = st.lists(st.floats(-20, 20), min_size=1, max_size=30)
unit = st.floats(0, 1, exclude_max=True)


@settings(max_examples=400, deadline=None)
@given(logit_lists, st.data(), unit)
def test_cooling_or_cutting_never_worsens_the_rank(logits, data, u):
    def dials():
        return (
            data.draw(st.floats(0, 2)),
            data.draw(st.integers(1, len(logits))),
            data.draw(st.floats(0.05, 1)),
            data.draw(st.floats(0, 0.5)),
        )

    one, other = dials(), dials()
    milder = (*tuple(map(max, one[:3], other[:3])), min(one[3], other[3]))
    harder = (*tuple(map(min, one[:3], other[:3])), max(one[3], other[3]))
    first, second = (mg.next_token(logits, *d, u=u) for d in (milder, harder))
    if not np.isclose(first.cumulative, u, rtol=0, atol=1e-12).any():
        assert second.rank <= first.rank
    for choice in (first, second):
        assert choice.probabilities.sum() == pytest.approx(1, abs=1e-12)
        assert (choice.probabilities > 0).sum() <= choice.num_kept
        assert choice.probabilities[choice.token] > 0
        assert 0 <= choice.entropy <= math.log(len(logits)) + 1e-9


def test_frequencies_follow_the_chances():
    counts = np.zeros(4)
    for t in range(4000):
        counts[mg.next_token(FOUR, u=mg.uniform(3, t)).token] += 1
    expected = 4000 * mg.next_token(FOUR).probabilities
    assert ((counts - expected) ** 2 / expected).sum() < 20


REFUSALS = [
    ({"temperature": -0.1}, "temperature must be at least 0 and finite"),
    ({"temperature": math.nan}, "temperature must be at least 0 and finite"),
    ({"temperature": math.inf}, "temperature must be at least 0 and finite"),
    ({"top_k": 0}, "top_k must be a positive integer"),
    ({"top_k": 5}, "top_k must be an integer from 1 to the vocabulary's 4; got 5"),
    ({"top_k": 2.0}, "top_k must be a positive integer"),
    ({"top_p": 0}, "top_p must be above 0 and at most 1"),
    ({"top_p": 1.1}, "top_p must be above 0 and at most 1"),
    ({"min_p": -0.1}, "min_p must be at least 0 and at most 1"),
    ({"u": 1.0}, "u must be at least 0 and below 1"),
    ({"u": -0.1}, "u must be at least 0 and below 1"),
]


@pytest.mark.parametrize(("options", "message"), REFUSALS)
def test_settings_outside_their_range(options, message):
    with pytest.raises(SettingError, match=message):
        mg.next_token(FOUR, **options)


def test_bad_logits():
    with pytest.raises(SettingError, match="got 1 of 3 NaN or inf, the first at token 1"):
        mg.next_token([0.0, math.nan, 1.0])
    with pytest.raises(SettingError, match="NaN or inf"):
        mg.next_token([0.0, math.inf])
    with pytest.raises(SettingError, match="not all -inf"):
        mg.next_token([-math.inf, -math.inf])
    with pytest.raises(ShapeError, match=r"\(V,\)"):
        mg.next_token([[1.0]])
    with pytest.raises(ShapeError, match=r"\(V,\)"):
        mg.next_token([])


# Generation.

CONFIG = mg.GPTConfig(vocab_size=9, block_size=8, n_layer=2, n_embd=12, n_head=3, init_std=0.5)


def by_hand(model, tokens, count, **options):
    """Generation without a cache: the whole text goes through the model for every token."""
    tokens, seed = list(tokens), options.pop("seed", 0)
    for t in range(len(tokens), len(tokens) + count):
        logits = model(tokens).numpy()[-1]
        tokens.append(mg.next_token(logits, **options, u=mg.uniform(seed, t)).token)
    return tokens


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


def test_cached_logits_are_the_full_ones(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    tokens = np.array([[1, 2, 3, 4, 5, 6, 7, 0], [8, 7, 6, 5, 4, 3, 2, 1]], np.int32)
    full = model(tokens).numpy()
    cache = mg.KVCache(model, batch_size=2)
    with mg.no_grad():
        first = model(tokens[:, :3], cache).numpy()
        np.testing.assert_allclose(first, full[:, :3], atol=1e-13)
        for t in range(3, 8):
            logits = model(tokens[:, t : t + 1], cache).numpy()
            np.testing.assert_allclose(logits[:, 0], full[:, t], atol=1e-13)
        with pytest.raises(ShapeError, match="8 are in, 1 more"):
            model(tokens[:, :1], cache)
        cache.reset()
        assert cache.length == 0
        model(tokens[:, :1], cache)
        assert cache.length == 1
        with pytest.raises(ShapeError, match="whole prompt first"):
            model(tokens[:, :2], cache)


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


def test_the_stop_token_ends_and_is_not_given(backend):
    model = mg.GPT(CONFIG, seed=4)
    whole = list(mg.generate(model, [0], seed=11))
    stopped = list(mg.generate(model, [0], seed=11, stop=whole[3]))
    assert stopped == whole[: whole.index(whole[3])]


def test_no_position_embedding(backend):
    model = mg.GPT(dataclasses.replace(CONFIG, position="none"), seed=4, dtype="float64")
    got = list(mg.generate(model, [1, 2], seed=0))
    assert [1, 2, *got] == by_hand(model, [1, 2], 7)


def test_refusals_come_before_the_first_token(backend):
    model = mg.GPT(CONFIG)
    for prompt in ([], [[0, 1]], 0):
        with pytest.raises(ShapeError, match=r"1 token or more .*, in one dimension; got"):
            mg.generate(model, prompt)
    with pytest.raises(SettingError, match="vocabulary's 9; got 10"):
        mg.generate(model, [0], top_k=10)
    with pytest.raises(SettingError, match="temperature"):
        mg.generate(model, [0], temperature=-1)
    for prompt in ([9], [-1], [9] + [0] * 20):
        with pytest.raises(mg.TokenError, match=r"from 0 to 8; got .* at index 0"):
            mg.generate(model, prompt)
    for count in (2.5, -1, True, "3"):
        with pytest.raises(SettingError, match="max_new_tokens must be a non-negative integer"):
            mg.generate(model, [0], count)
    for stop in (9, -1, 1.0, True, "3", [1, 9], [[1]]):
        with pytest.raises(SettingError, match="stop must be a token id from 0 to 8"):
            mg.generate(model, [0], stop=stop)


def test_any_of_several_tokens_stops(backend):
    model = mg.GPT(CONFIG, seed=4)
    whole = list(mg.generate(model, [0], 30, seed=11))
    for stop in ([whole[3], whole[5]], {whole[5]}, (), np.array([whole[4]])):
        ends = [t for t, token in enumerate(whole) if token in stop]
        expected = whole[: ends[0]] if ends else whole
        assert list(mg.generate(model, [0], 30, seed=11, stop=stop)) == expected


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


def test_texts_have_their_own_dice(backend):
    corpus = mg.load_corpus("names-mini")
    tokenizer = corpus.tokenizer()
    model = mg.GPT(mg.GPTConfig(vocab_size=tokenizer.vocab_size, init_std=0.5))
    texts = list(mg.generate_text(model, tokenizer, 5, "an", seed=3))
    assert all(text.startswith("an") for text in texts)
    assert len(set(texts)) > 1
    assert list(mg.generate_text(model, tokenizer, 2, "an", seed=5)) == texts[2:4]
    with pytest.raises(mg.TokenError, match="no 'X'"):
        list(mg.generate_text(model, tokenizer, 1, "Xa"))


class Bytes:
    """Every byte of UTF-8 is a token, so a character is often several; 256 ends a text."""

    vocab_size, bos_token_id, eos_token_id, default_prompt = 257, None, 256, "\n"

    def encode(self, text, bos=False, eos=False):
        return [*text.encode(), *[self.eos_token_id] * eos]

    def decode(self, tokens):
        read = b"".join(b"<end>" if token == 256 else bytes([token]) for token in tokens)
        return read.decode("utf-8", errors="replace")


@pytest.fixture
def byte_model():
    config = dataclasses.replace(CONFIG, vocab_size=257)
    return mg.GPT(config, seed=4, dtype="float64", backend="numpy")


def test_texts_end_at_end_of_text_and_do_not_show_it(byte_model, monkeypatch):
    whole = list(mg.generate(byte_model, list(b"ab"), 20, seed=5))
    end = whole[6]
    monkeypatch.setattr(Bytes, "eos_token_id", end)
    before = bytes(whole[: whole.index(end)]).decode(errors="replace")
    options = {"prompt": "ab", "max_new_tokens": 20, "seed": 5}
    assert list(mg.generate_text(byte_model, Bytes(), 1, **options)) == ["ab" + before]
    on = "ab" + Bytes().decode(whole)
    assert list(mg.generate_text(byte_model, Bytes(), 1, **options, ignore_eos=True)) == [on]
    assert "".join(mg.stream_text(byte_model, Bytes(), **options, ignore_eos=True)) == on
    monkeypatch.delattr(Bytes, "eos_token_id")
    assert sampling.eos_token_id(Bytes()) is None
    assert sampling.eos_token_id(mg.tokenizers.CharTokenizer("ab")) == 2


def test_a_stream_is_the_text(byte_model):
    for seed in range(10):
        streamed = list(mg.stream_text(byte_model, Bytes(), "né", 30, seed=seed))
        (text,) = mg.generate_text(byte_model, Bytes(), 1, "né", 30, seed=seed)
        assert "".join(streamed) == text
        assert streamed[0] == "né"
        assert all(streamed)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text().map(str.encode), st.binary()))
def test_pieces_never_cut_a_character(written):
    tokens = Bytes()
    assert "".join(sampling.incremental_decode(tokens, iter(written))) == tokens.decode(written)
    try:
        text = written.decode()
    except UnicodeDecodeError:
        return
    if "\ufffd" not in text:
        assert list(sampling.incremental_decode(tokens, iter(written))) == list(text)


def test_pieces_come_as_soon_as_they_can_be_read():
    drawn = []

    def drawing():
        for byte in "aé🙂!".encode():
            drawn.append(byte)
            yield byte

    read = [(piece, len(drawn)) for piece in sampling.incremental_decode(Bytes(), drawing())]
    assert read == [("a", 1), ("é", 3), ("🙂", 7), ("!", 8)]


def test_texts_of_several_prompts(byte_model):
    prompts = ["a", "bcd", "ef" * 9]
    texts = list(mg.generate_text(byte_model, Bytes(), 2, prompts, 6, seed=3))
    for i, text in enumerate(texts):
        alone = mg.generate_text(byte_model, Bytes(), 1, prompts[i % 3], 6, seed=3 + i)
        assert [text] == list(alone)
    assert len(texts) == 6
    assert list(mg.generate_text(byte_model, Bytes(), 2, [])) == []


def test_only_with_gpt2s_own_vocabulary_no_mark_stands_before_a_prompt():
    class GPT2:
        vocab_size, bos_token_id, default_prompt = 50_257, 50_256, ""

        def encode(self, text, bos=False, eos=False):
            return [self.bos_token_id] * bos + [ord(letter) for letter in text]

    config = dataclasses.replace(CONFIG, vocab_size=50_257, n_embd=3)
    model, gpt2 = mg.GPT(config, seed=None, backend="numpy"), GPT2()
    assert sampling.encode_prompt(model, gpt2) == [50_256]
    assert sampling.encode_prompt(model, gpt2, "a") == [97]
    assert sampling.encode_prompt(model, gpt2, "a", bos=True) == [50_256, 97]
    names = mg.GPT(mg.GPTConfig(), seed=None)
    letters = mg.tokenizers.CharTokenizer("abcdefghijklmnopqrstuvwxyz")
    assert sampling.encode_prompt(names, letters, "a") == [26, 0]
    assert sampling.encode_prompt(names, letters, "a", bos=False) == [0]


def test_texts_are_refused_at_the_call(byte_model):
    letters = mg.tokenizers.CharTokenizer("ab")
    for write in (mg.generate_text, mg.stream_text):
        with pytest.raises(ShapeError, match="the tokenizer has 3 tokens, the model 257"):
            write(byte_model, letters)
        with pytest.raises(SettingError, match="temperature must be"):
            write(byte_model, Bytes(), temperature=-1)
        with pytest.raises(SettingError, match="max_new_tokens must be"):
            write(byte_model, Bytes(), max_new_tokens=2.5)
        with pytest.raises(SettingError, match="prompt must be a string; got 7"):
            write(byte_model, Bytes(), prompt=7)
        with pytest.raises(SettingError, match="seed must be"):
            write(byte_model, Bytes(), seed=-1)
    with pytest.raises(SettingError, match="prompt must be a string; got 7"):
        mg.generate_text(byte_model, Bytes(), 1, ["a", 7])
    with pytest.raises(SettingError, match="num_samples must be"):
        mg.generate_text(byte_model, Bytes(), "a")
    with pytest.raises(SettingError, match="seed must be"):
        mg.generate_text(byte_model, Bytes(), 2, seed=2**64 - 1)


# Captured generation: the same texts, from one recording that stays with the model.


@pytest.fixture
def decodings(monkeypatch):
    """The times that Python ran a decoding step, which a replay does not."""
    calls, decode = [], mg.GPT.decode_step

    def counted(self, *arguments):
        calls.append(1)
        return decode(self, *arguments)

    monkeypatch.setattr(mg.GPT, "decode_step", counted)
    return calls


GPT2 = {"norm": "layernorm", "activation": "gelu", "bias": True, "tie_weights": True}
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


def test_a_session_comes_back_however_a_text_ends(decodings, monkeypatch):
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


def test_a_session_does_not_keep_its_model():
    model = mg.GPT(CONFIG, backend="numba")
    list(mg.generate(model, [0]))
    gone = weakref.ref(model)
    del model
    assert gone() is None


def test_what_looks_inside_or_chooses_is_asked_at_every_token():
    from microgpt import sampling
    from microgpt.autograd import engine

    model = mg.GPT(CONFIG, seed=4, dtype="float64", backend="numba")
    whole = list(mg.generate(model, [0], 30, seed=1))
    seen, chosen = [], []

    def look(name, node):
        seen.append(name)
        return node

    def choose(logits, **dials):
        chosen.append(mg.next_token(logits, **dials).token)
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


def test_undecided_choices_are_made_by_next_token():
    model = mg.GPT(CONFIG, backend="numba")
    with mg.no_grad():
        model.lm_head.weight.data[...] = 0
    options = {"top_p": 1 / 3, "max_new_tokens": 30}  # of nine equal chances, on an edge
    for seed in range(5):
        texts = [list(mg.generate(model, [0], seed=seed, **options, capture=c)) for c in (1, 0)]
        assert texts[0] == texts[1]


def test_logits_that_are_no_numbers_are_said_as_before(backend):
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


def test_a_cache_is_rewound_to_an_earlier_length(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    cache = mg.KVCache(model)
    with mg.no_grad():
        model([1, 2, 3], cache)
        expected = model([4], cache).numpy()
        cache.rewind(3)
        assert cache.length == 3
        np.testing.assert_array_equal(model([4], cache).numpy(), expected)
    for length in (-1, 5):
        with pytest.raises(ShapeError, match=f"4 tokens cannot be rewound to {length}"):
            cache.rewind(length)
    cache.reset()
    assert cache.length == 0


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
