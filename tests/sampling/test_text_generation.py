"""From a prompt to a text: prompts, ends, pieces, seeds."""

import dataclasses

import pytest
from generation_cases import CONFIG
from hypothesis import given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt import sampling
from microgpt.errors import SettingError, ShapeError


def test_texts_have_their_own_seeds(backend):
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
def test_pieces_never_split_a_character(written):
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


def test_only_gpt2s_vocabulary_has_no_bos_before_a_prompt():
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
