"""`BPETokenizer` against tiktoken: encoding, decoding, special tokens, any bytes."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import tokenizers
from microgpt.errors import SettingError, TokenError
from microgpt.tokenizers import BPETokenizer, chunk_encoder, train_bpe

# What splitting and bytes can trip over: each is encoded by every path and by tiktoken itself.
TEXTS = [
    "",
    " ",
    "\n\n\n",
    "   three spaces, then  two\tand a tab \t\t\n \r\n end  ",
    "I'm, you're, we've, they'll, he'd, it's, can't; I'M, IT'S, ''s 't",
    "naïve José — “quotes” … ½ ² Ⅷ ٣",
    "e\u0301 a\u0308\u0323 Z\u0351\u036b\u0343",
    "👩‍🚀 🇩🇪🇺🇦 👍🏽 🫠 ❤️",
    "Привет, мир! 王芳 去 北京 123年 これはペンです 안녕하세요 عائشة नमस्ते",
    "\u00a0non\u2003breaking\u3000spaces\u200b\ufeff\x00\x1c\x7f\x85",
    "x = [i**2 for i in range(10)]  # §!?&%$#@^~`",
    "<|endoftext|>a<|endoftext|><|endoftext",
    "\U00012550\U0003d1da 鮯\u088f\U000323b0 12\U00011de0",  # of other Unicode years
    "\U0010ffff\ufffe\ufffd",
]


def test_gpt2_has_the_published_tokens(gpt2, data):
    assert gpt2.encode("Every effort moves you") == [6109, 3626, 6100, 345]
    verdict = (data / "the-verdict.txt").read_text("utf-8")
    assert len(gpt2.encode(verdict)) == 5145
    assert gpt2.decode(gpt2.encode(verdict)) == verdict
    assert (gpt2.vocab_size, gpt2.eos_token_id, gpt2.bos_token_id) == (50257, 50256, 50256)
    assert gpt2.special_tokens == {"<|endoftext|>": 50256}
    assert (gpt2.default_prompt, len(gpt2.merges), gpt2.counts) == ("", 50000, None)
    assert repr(gpt2) == "BPETokenizer(50,257 tokens: 256 bytes, 50,000 merges, <|endoftext|>)"


@pytest.mark.parametrize("text", TEXTS)
def test_gpt2_is_tiktokens(gpt2, published, text):
    expected = published.encode_ordinary(text)
    assert gpt2.encode(text) == gpt2.encode_reference(text) == expected
    assert gpt2.decode(expected) == text
    asked = published.encode(text, allowed_special="all")
    assert gpt2.encode(text, allowed_special="all") == asked
    assert gpt2.encode_reference(text, allowed_special="all") == asked
    assert gpt2.decode(asked, show_special=True) == published.decode(asked) == text


@settings(deadline=None, max_examples=300)
@given(text=st.text())
def test_gpt2_is_tiktokens_for_any_text(gpt2, published, text):
    assert gpt2.encode(text) == gpt2.encode_reference(text) == published.encode_ordinary(text)


def test_every_token_has_tiktokens_bytes(gpt2, published):
    for token in range(50256):
        assert gpt2.token_bytes(token) == published.decode_single_token_bytes(token)
    assert gpt2.token_bytes(50256) == b"<|endoftext|>"
    for byte in range(256):
        token = published.encode_single_token(bytes([byte]))
        assert gpt2.encode_bytes(bytes([byte])) == [token]
        assert gpt2.decode_bytes([token]) == bytes([byte])


def test_every_token_has_the_bytes_in_llm_c_s_file(gpt2, fixtures):
    content = (fixtures / "llmc" / "gpt2_tokenizer_v2.bin").read_bytes()[1024:]
    tokens = [gpt2.token_bytes(token) for token in range(50257)]
    assert content == b"".join(bytes([len(token)]) + token for token in tokens)


@pytest.mark.slow
def test_ten_megabytes(gpt2, published, data):
    text = (data / "tinyshakespeare.txt").read_text("utf-8") + "\n".join(TEXTS)
    expected = published.encode_ordinary(text)
    assert gpt2.encode_reference(text) == expected
    assert gpt2.decode(expected) == text
    text *= 9
    assert len(text) > 10_000_000
    assert gpt2.encode(text) == published.encode_ordinary(text)


@pytest.mark.parametrize("text", [" " * 1_000_001 + "x", "\n \t" * 40_000 + "a b", "a" * 100_000])
def test_one_character_without_end(trained, text):
    tokens = trained.encode(text)
    assert trained.decode(tokens) == text
    assert tokens == trained.encode_reference(text)


def test_special_tokens_are_read_only_where_asked():
    tokenizer = train_bpe("abc abc", 262, ("<|endoftext|>", "<a>", "<a>b"))
    text = "<a>b<a><|endoftext|>"
    assert tokenizer.special_tokens == {"<|endoftext|>": 259, "<a>": 260, "<a>b": 261}
    assert tokenizer.encode(text) == tokenizer.encode_reference(text)
    assert max(tokenizer.encode(text)) < 259
    assert tokenizer.encode(text, allowed_special="all") == [261, 260, 259]
    assert tokenizer.encode("<a>b", allowed_special=["<a>"]) == [260, ord("b")]
    assert tokenizer.encode("<a>b", allowed_special="<a>") == [260, ord("b")]
    assert tokenizer.encode("b", bos=True, eos=True) == [259, ord("b"), 259]
    assert tokenizer.decode([259, 98, 260]) == "b"
    assert tokenizer.decode([259, 98, 260], show_special=True) == "<|endoftext|>b<a>"
    with pytest.raises(SettingError, match=r"one of '<\|endoftext\|>', .*; got '<b>'"):
        tokenizer.encode("a", allowed_special=["<b>"])


def test_without_special_tokens():
    tokenizer = train_bpe("ab\n", 257, special_tokens=())
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.default_prompt) == (
        None,
        None,
        "\n",
    )
    assert tokenizer.encode("ab", bos=True, eos=True) == [256]


def test_parts_of_characters(trained):
    tokens = trained.encode("✓")
    assert trained.token_text(tokens[0]) == "⟨E2⟩"
    assert trained.decode(tokens) == "✓"
    assert trained.decode(tokens[:2]) == "�"
    assert trained.token_text(trained.eos_token_id) == "<|endoftext|>"


@given(data=st.binary())
def test_any_bytes_come_back(trained, data):
    tokens = trained.encode_bytes(data)
    assert trained.decode_bytes(tokens) == data
    assert all(0 <= token < trained.vocab_size for token in tokens)


@given(text=st.text())
def test_bytes_of_a_text_are_the_text(trained, text):
    assert trained.encode_bytes(text.encode()) == trained.encode(text)


@pytest.mark.parametrize("token", [-1, 400, 1.5, "a", None])
def test_ids_that_do_not_exist(trained, token):
    for read in (trained.token_bytes, trained.token_text, lambda token: trained.decode([token])):
        with pytest.raises(TokenError, match="from 0 to 399; got"):
            read(token)


def test_numpy_ids_are_ids(trained):
    import numpy as np

    tokens = np.array(trained.encode("the fox"), np.int32)
    assert trained.decode(tokens) == "the fox"


def test_without_tiktoken(trained, monkeypatch):
    again = tokenizers.from_dict(trained.to_dict())
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    for text in TEXTS[:-2]:
        assert again.encode(text) == again.encode_reference(text) == trained.encode(text)
    assert again._chunks._tiktoken is None


def test_importing_loads_neither_tiktoken_nor_regex():
    code = "import sys; from microgpt import tokenizers; tokenizers.CharTokenizer('a');"
    code += "print({'tiktoken', 'regex', 'pooch', 'requests'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_the_cache_of_chunks_is_bounded_and_changes_nothing(monkeypatch):
    tokenizer = BPETokenizer([(97, 98), (256, 99)])
    monkeypatch.setattr(chunk_encoder, "MAX_CACHED_CHUNKS", 3)
    monkeypatch.setattr(chunk_encoder, "MAX_CACHED_LENGTH", 4)
    for text in ("abc", "ab", "xabcabc", "b", "abc", "c", "abcd", "abcde", "a" * 9):
        for _ in range(2):
            assert tokenizer.decode(tokenizer.encode_reference(text)) == text
            cache = tokenizer._chunks._chunk_cache
            assert len(cache) <= 3
            assert max(map(len, cache)) <= 4
    assert tokenizer.encode_reference("abc") == [257]


def test_of_special_tokens_the_longest_is_read():
    tokenizer = BPETokenizer([], ["<|a|>", "<|a|><|b|>", "<|a"])
    for names in ("all", ("<|a", "<|a|><|b|>", "<|a|>"), ["<|a|>", "<|a", "<|a|><|b|>"]):
        assert tokenizer.encode("<|a|><|b|>", allowed_special=names) == [257]
        assert tokenizer.encode("<|a|>", allowed_special=names) == [256]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("leading", [(), ("<s>",)], ids=["no leading token", "a leading token"])
def test_encode_steps_holds_what_every_number_of_merges_gives(trained, text, leading):
    shifted = [tuple(part + len(leading) for part in pair) for pair in trained.merges]
    full = BPETokenizer(shifted, leading, num_leading_special=len(leading))
    chunks = full.encode_steps(text)
    for number in (0, 1, 5, 40, len(shifted)):
        few = BPETokenizer(shifted[:number], leading, num_leading_special=len(leading))
        rows = [[row for needed, row in steps if needed <= number][-1] for steps in chunks]
        assert [token for row in rows for token in row] == few.encode(text)
    for steps in chunks:
        needs = [needed for needed, _ in steps]
        assert needs == sorted(set(needs))
    with pytest.raises(TokenError, match="half of a pair"):
        full.encode_steps("\ud800")
