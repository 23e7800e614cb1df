"""Byte pairs: our own merges against tiktoken and a textbook trainer, GPT-2's list, bad input."""

import hashlib
import http.server
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt import tokenizers
from microgpt._io import downloads
from microgpt.errors import DownloadError, FormatError, SettingError, TokenError
from microgpt.tokenizers import BPETokenizer, gpt2_vocab, merge_all, train_bpe
from microgpt.tokenizers.merges_file import GPT2_BYTE_ORDER, bytes_to_unicode, parse_merges
from microgpt.tokenizers.validation import is_reachable

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


@pytest.fixture(scope="module")
def gpt2(data):
    """GPT-2's tokenizer, ours."""
    return tokenizers.gpt2(data)


@pytest.fixture(scope="module")
def published(data, tmp_path_factory):
    """GPT-2's tokenizer as tiktoken makes it; from a copy, for it may delete what it reads."""
    import tiktoken

    folder = tmp_path_factory.mktemp("cache")
    shutil.copytree(data / "tiktoken-cache", folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        return tiktoken.get_encoding("gpt2")


@pytest.fixture(scope="module")
def story():
    return mg.load_corpus("story")[0]


@pytest.fixture(scope="module")
def trained(story):
    """Four hundred tokens learned from the story."""
    return train_bpe(story, 400)


# GPT-2.


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


def test_gpt2_is_tiktokens_where_unicode_tables_differ(gpt2, published):
    rng = random.Random(0)
    later = [chr(code) for code in (0x558, 0x88F, 0x1C89, 0xA7CB, 0x105C0, 0x10D4A, 0x16EBB)]
    later += [chr(rng.randrange(0x1F000, 0x40000)) for _ in range(200)]
    known = [gpt2.token_text(token) for token in rng.sample(range(50256), 400)]
    known += [chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(200)]
    for _ in range(3000):
        text = "".join(rng.choice(rng.choice((later, known))) for _ in range(5))
        assert gpt2.encode_reference(text) == published.encode_ordinary(text)


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


def test_ten_megabytes(gpt2, published, data):
    text = (data / "tinyshakespeare.txt").read_text("utf-8") * 9 + "\n".join(TEXTS)
    expected = published.encode_ordinary(text)
    assert len(text) > 10_000_000
    assert gpt2.encode(text) == expected
    assert gpt2.encode_reference(text) == expected
    assert gpt2.decode(expected) == text


def test_gpt2_loads_and_encodes_quickly(data):
    began = time.perf_counter()
    tokenizers.gpt2(data).encode("Every effort moves you")
    assert time.perf_counter() - began < 3  # 0.2 s on a quiet machine


def test_gpt2_in_a_checkpoint_needs_no_other_file(gpt2):
    description = json.loads(json.dumps(gpt2.to_dict()))
    again = tokenizers.from_dict(description)
    assert again.to_dict() == gpt2.to_dict()
    assert again.encode("Every effort moves you") == [6109, 3626, 6100, 345]
    assert again.eos_token_id == 50256


# A million spaces: tiktoken's splitting fails there.


@pytest.mark.parametrize("text", [" " * 1_000_001 + "x", "\n \t" * 40_000 + "a b", "a" * 100_000])
def test_one_character_without_end(trained, text):
    tokens = trained.encode(text)
    assert trained.decode(tokens) == text
    assert tokens == trained.encode_reference(text)


# Learning merges.


def textbook(text, count):
    """Byte pairs by the definition: count all pairs, replace the best one everywhere, again."""
    words = [list(chunk.encode()) for chunk in tokenizers.pretokenize(text)]
    learned = []
    for token in range(256, 256 + count):
        pairs = Counter(pair for word in words for pair in pairwise(word))
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        learned.append((best, pairs[best]))
        words = [tokenizers.merge(word, best, token) for word in words]
    return learned


@settings(deadline=None, max_examples=150)
@given(
    text=st.text("ab c'é\n", min_size=1, max_size=80) | st.text(min_size=1, max_size=60),
    count=st.integers(0, 30),
)
@example(text="aaaaaaa aaaa aaa", count=9)
def test_training_is_the_textbooks(text, count):
    expected = textbook(text, count)
    if len(expected) < count:
        with pytest.raises(SettingError, match=f"at most {256 + len(expected):,}, all tokens"):
            train_bpe(text, 256 + count, special_tokens=())
        count = len(expected)
    seen = []
    tokenizer = train_bpe(text, 256 + count, special_tokens=(), on_merge=seen.append)
    assert list(zip(tokenizer.merges, tokenizer.counts, strict=True)) == expected
    assert [(step.pair, step.times) for step in seen] == expected
    assert [step.token for step in seen] == list(range(256, 256 + count))
    assert tokenizer.encode(text) == tokenizer.encode_reference(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_story_and_its_first_merges(story):
    tokenizer = train_bpe(story, 1000)
    first = [(tokenizer.token_text(256 + i), tokenizer.counts[i]) for i in range(8)]
    assert first == [
        ("he", 622), (" t", 552), (" a", 467), (" the", 345),
        (" s", 295), (" w", 295), ("nd", 295), (" o", 222),
    ]  # fmt: skip
    assert tokenizer.vocab_size == 1000
    assert len(tokenizer.merges) == 743
    assert len(tokenizer.encode(story)) < len(story) / 2.5


def test_equal_counts_are_settled_by_the_left_token_then_by_the_right():
    # Every pair is there once.
    assert train_bpe("abcd", 258, ()).merges == ((97, 98), (99, 100))
    assert train_bpe("dcba", 258, ()).merges == ((98, 97), (99, 256))
    assert train_bpe(["ac", "ab"], 258, ()).merges == ((97, 98), (97, 99))


def test_tinyshakespeare_in_under_ten_seconds(data):
    corpus = mg.load_corpus("tinyshakespeare")
    began = time.perf_counter()
    tokenizer = corpus.tokenizer("bpe:1000")
    assert time.perf_counter() - began < 10  # about one second on a quiet machine
    assert tokenizer.vocab_size == 1000
    tokens = tokenizer.encode(corpus[0])
    assert tokens == tokenizer.encode_reference(corpus[0])
    assert tokenizer.decode(tokens) == corpus[0]


def test_several_texts_do_not_touch():
    tokenizer = train_bpe(["ab", "ab", "ba"], 257 + 1)
    assert tokenizer.merges == ((97, 98),)
    with pytest.raises(SettingError, match=r"vocab_size must be at most 259.*; got 300"):
        train_bpe(["ab", "ab", "ba"], 300)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("ab", 256), SettingError, "from 257"),
        (("ab", 300.0), SettingError, "an integer"),
        (("ab", 10**9), SettingError, "to 262,401"),
        (("", 257), TokenError, "is empty"),
        (([], 257), TokenError, "is empty"),
        ((5, 257), TokenError, "must be a str, or several; got 5"),
        (([b"ab"], 257), TokenError, "must be a str; got bytes"),
        (("a\ud800", 257), TokenError, "half of a pair"),
        (("ab", 300, "<|endoftext|>"), SettingError, "a list of names"),
        (("ab", 300, ("a", "a")), SettingError, "different names"),
        (("ab", 300, (), "("), SettingError, "a regular expression"),
        (("ab", 300, (), None), SettingError, "pattern must be a string"),
    ],
)
def test_what_cannot_be_learned_from(arguments, error, message):
    with pytest.raises(error, match=message):
        train_bpe(*arguments)


# Encoding and decoding.


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


def test_halves_of_characters_are_named(trained):
    for encode in (trained.encode, trained.encode_reference):
        with pytest.raises(TokenError, match=r"character 3 of the text, '\\ud83d', is half"):
            encode("ab\ud83d")
    with pytest.raises(TokenError, match="must be a str; got int"):
        trained.encode(5)


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
    assert "_tiktoken" in vars(again)
    assert again._tiktoken is None


def test_importing_loads_neither_tiktoken_nor_regex():
    code = "import sys; from microgpt import tokenizers; tokenizers.CharTokenizer('a');"
    code += "print({'tiktoken', 'regex', 'pooch', 'requests'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


# Patterns of one's own.


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\w+", ["ab", ",", " ", "c"]),
        (r"\S+|\s+", ["ab,", " ", "c"]),
        (r"[\s\S]+", ["ab, c"]),
        (r"x*", ["a", "b", ",", " ", "c"]),
        (r"(a)(b)", ["ab", ",", " ", "c"]),
        (r"a\Kb", ["a", "b", ",", " ", "c"]),
        (r"(?=b)|(?<=,) ", ["a", "b", ",", " ", "c"]),
    ],
)
def test_chunks_of_another_pattern(pattern, expected):
    assert list(tokenizers.pretokenize("ab, c", pattern)) == expected
    tokenizer = train_bpe("ab, c ab", 258, pattern=pattern) if "ab" in expected else None
    if tokenizer is not None:
        again = tokenizers.from_dict(tokenizer.to_dict())
        assert again.pattern == pattern
        assert again.encode("ab, c") == tokenizer.encode("ab, c") == [256, 44, 32, 99]


@pytest.mark.parametrize(
    "pattern",
    ["a{2000}", "((a{99}){99}){99}", "a{9999999999}", "(?R)", "(a(?1)?)", "(?P<x>a)", "(" * 400],
)
def test_patterns_that_ask_for_too_much(pattern, trained):
    with pytest.raises(SettingError, match=r"pattern"):
        train_bpe("ab", 257, pattern=pattern)
    with pytest.raises(FormatError, match=r"pattern"):
        tokenizers.from_dict({**trained.to_dict(), "pattern": pattern})


def test_a_pattern_that_takes_too_long(monkeypatch):
    from microgpt.tokenizers import pretokenization

    monkeypatch.setattr(pretokenization, "REGEX_TIMEOUT", 0.2)
    with pytest.raises(TokenError, match="tries too many ways"):
        list(tokenizers.pretokenize("a" * 40 + "b", r"(?:a|aa)+$|(?:a|a)+c"))


# Descriptions.


def test_a_description_comes_back_exactly(trained, story):
    description = json.loads(json.dumps(trained.to_dict()))
    again = tokenizers.from_dict(description)
    assert again.to_dict() == trained.to_dict() == description
    assert again.encode(story) == trained.encode(story)
    assert (again.vocab_size, again.eos_token_id, again.counts) == (400, 399, trained.counts)


BASE = BPETokenizer([(97, 98), (256, 99)]).to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"merges": [[97, 98], [257, 99]]}, r"merge 1 must be a pair .* from 0 to 256; got \[257"),
        ({"merges": [[97, 98], [97, 98]]}, "merge 1 repeats merge 0"),
        ({"merges": [[97, 98], [98, 99], [97, 257]]}, "merge 2 can never happen"),
        ({"merges": [[97, -1]]}, "merge 0 must be"),
        ({"merges": [[97, True]]}, "merge 0 must be"),
        ({"merges": [[97, 98.0]]}, "merge 0 must be"),
        ({"merges": [[97]]}, "merge 0 must be"),
        ({"merges": ["ab"]}, "merge 0 must be"),
        ({"merges": "ab"}, "list of pairs"),
        ({"merges": None}, "list of pairs"),
        ({"merges": [[97, 98]] * 300_000}, "at most 262,144 merges are read; got 300,000"),
        ({"merges": [[97, 97], *([n, n] for n in range(256, 100_000))]}, "16,777,216 bytes"),
        ({"byte_order": list(range(255))}, "byte_order"),
        ({"byte_order": [0, *range(255)]}, "byte_order"),
        ({"byte_order": [True, 0, *range(2, 256)]}, "byte_order"),
        ({"byte_order": 7}, "byte_order"),
        ({"special_tokens": "<|endoftext|>"}, "list of names"),
        ({"special_tokens": [""]}, "must be a text"),
        ({"special_tokens": [3]}, "must be a text"),
        ({"special_tokens": ["a", "a"]}, "different names"),
        ({"special_tokens": ["\ud800"]}, "half of a pair"),
        ({"special_tokens": ["a"] * 2000}, "at most 1,000"),
        ({"pattern": "("}, "regular expression"),
        ({"pattern": ["a"]}, "pattern must be a string"),
        ({"pattern": "a" * 1000}, "pattern must be a string"),
        ({"counts": [1]}, "counts must be a list of 2 integers"),
        ({"counts": [1, 0]}, "positive integers"),
        ({"counts": 5}, "counts must be a list"),
        ({"more": 1}, "is described by"),
    ],
)
def test_descriptions_that_cannot_be(change, message):
    began = time.perf_counter()
    with pytest.raises(FormatError, match=message):
        tokenizers.from_dict({**BASE, **change})
    assert time.perf_counter() - began < 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
KEYS = sorted(BASE)


@settings(deadline=None, max_examples=200)
@given(
    change=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=2),
    merges=st.lists(st.lists(st.integers(-1, 300), min_size=1, max_size=3), max_size=5) | st.none(),
    missing=st.sets(st.sampled_from(KEYS), max_size=1),
)
def test_any_description_gives_a_tokenizer_or_a_format_error(change, merges, missing):
    description = {**BASE, **change}
    if merges is not None:
        description["merges"] = merges
    description = {key: value for key, value in description.items() if key not in missing}
    try:
        tokenizer = tokenizers.from_dict(description)
    except FormatError:
        return
    assert tokenizer.decode(tokenizer.encode("a✓")) == "a✓"
    assert tokenizers.from_dict(tokenizer.to_dict()).to_dict() == tokenizer.to_dict()


# Merges that can come about: why ids and bytes lead to the same tokens.

PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=25)


def possible(entries):
    """A list of merges from small numbers: those of existing tokens, the bytes being a and b."""
    merge_ids, pairs = {}, []
    for left, right in entries:
        pair = tuple(97 + n if n < 2 else 254 + n for n in (left, right))
        if max(pair) < 256 + len(pairs) and pair not in merge_ids:
            merge_ids[pair] = 256 + len(pairs)
            pairs.append(pair)
    return merge_ids, pairs


@settings(deadline=None, max_examples=400)
@given(PAIRS)
@example([(0, 1), (1, 0), (0, 3), (2, 0)])
@example([(0, 0), (2, 0), (0, 2)])
@example([(0, 0), (2, 2), (2, 0), (0, 2), (3, 2)])
def test_a_merge_comes_about_if_its_own_bytes_lead_to_it(entries):
    merge_ids, pairs = possible(entries)
    content = {97: [97], 98: [98]}
    for place, pair in enumerate(pairs):
        content[256 + place] = content[pair[0]] + content[pair[1]]
        so_far = {known: merge_ids[known] for known in pairs[: place + 1]}
        reached = merge_all(content[256 + place], so_far) == [256 + place]
        assert is_reachable(pair, so_far, pairs[: place + 1]) == reached
        if not reached:
            break


@settings(deadline=None, max_examples=300)
@given(entries=PAIRS, text=st.text("ab", max_size=40))
def test_lists_that_can_be_are_encoded_as_by_tiktoken(entries, text):
    _, pairs = possible(entries)
    try:
        tokenizer = BPETokenizer(pairs)
    except FormatError:
        return
    assert tokenizer.encode(text) == tokenizer.encode_reference(text)


def test_merging():
    assert tokenizers.merge([97, 97, 97], (97, 97), 256) == [256, 97]
    assert tokenizers.merge([1, 2, 1, 2, 1], (1, 2), 9) == [9, 9, 1]
    assert tokenizers.merge([], (1, 2), 9) == []
    # The pair learned first, not the longest token: "a bc" becomes ab + c.
    assert merge_all([97, 98, 99], {(97, 98): 256, (98, 99): 257}) == [256, 99]
    assert merge_all([97, 98, 99], {(98, 99): 256, (97, 98): 257}) == [97, 256]
    assert merge_all([], {}) == []


# Files of merges.

FIRST_OF_GPT2 = "#version: 0.2\nĠ t\nĠ a\nh e\ni n\nr e\no n\nĠt he\ne r\nĠ s\na t\n"


def test_the_beginning_of_gpt2_s_list(tmp_path):
    (tmp_path / "merges.txt").write_text(FIRST_OF_GPT2, "utf-8")
    tokenizer = tokenizers.read_merges(tmp_path / "merges.txt")
    assert tokenizer.encode(" the") == [262]
    assert tokenizer.encode("!\x00\xad") == [0, 188, 126, 255]
    assert tokenizer.token_bytes(262) == b" the"
    assert tokenizer.eos_token_id == 266
    assert tokenizers.format_merges(tokenizer) == FIRST_OF_GPT2
    (tmp_path / "merges.txt").write_bytes(FIRST_OF_GPT2.encode().replace(b"\n", b"\r\n")[:-2])
    assert tokenizers.read_merges(tmp_path / "merges.txt").to_dict() == tokenizer.to_dict()


def test_one_name_has_one_id(tmp_path):
    tokenizer = BPETokenizer([(97, 98)], ["ab"])
    with pytest.raises(SettingError, match="got 'ab' as tokens 256 and 257"):
        tokenizers.get_vocab(tokenizer)
    ids = tokenizers.get_vocab(BPETokenizer([(97, 98)], ())) | {"ab": 300}
    (tmp_path / "vocab.json").write_text(json.dumps(ids))
    (tmp_path / "merges.txt").write_text("a b\n")
    with pytest.raises(FormatError, match="found another id for 'ab'"):
        tokenizers.read_merges(tmp_path / "merges.txt", tmp_path / "vocab.json")


def test_a_folder_that_may_not_be_looked_into_is_passed_over(data, monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGPT_DATA", "x" * 5000)  # whoever asks for such a path gets an OSError
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "locked"))
    monkeypatch.setenv("DATA_GYM_CACHE_DIR", str(data / "tiktoken-cache"))
    is_file = Path.is_file

    def refuses(path):
        if "locked" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuses)
    assert tokenizers.gpt2().vocab_size == 50257
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    (tmp_path / "data").mkdir()
    published = data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
    kept = shutil.copy(published, tmp_path / "data" / gpt2_vocab.VOCAB_BPE.file_name)
    assert downloads.fetch(gpt2_vocab.VOCAB_BPE) == kept


def test_merges_written_are_the_published_ones(gpt2, data):
    file = data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
    assert tokenizers.format_merges(gpt2).encode() == file.read_bytes()
    encoder = (
        data
        / "tiktoken-cache"
        / hashlib.sha1(
            gpt2_vocab.VOCAB_BPE.url.replace("vocab.bpe", "encoder.json").encode()
        ).hexdigest()
    )
    assert tokenizers.get_vocab(gpt2) == json.loads(encoder.read_bytes())
    assert tokenizers.read_merges(file, encoder).to_dict() == gpt2.to_dict()


@pytest.fixture
def files(trained, tmp_path):
    """The files that other programs take for a tokenizer: merges.txt and vocab.json."""
    merges, vocabulary = tmp_path / "merges.txt", tmp_path / "vocab.json"
    merges.write_text(tokenizers.format_merges(trained), "utf-8")
    vocabulary.write_text(json.dumps(tokenizers.get_vocab(trained)), "utf-8")
    return merges, vocabulary


def test_a_vocabulary_says_the_order_of_bytes_and_special_tokens(files, trained):
    again = tokenizers.read_merges(*files)
    assert again.to_dict() == {**trained.to_dict(), "counts": None}
    assert tokenizers.read_merges(files[0]).byte_order == GPT2_BYTE_ORDER


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ids: {**ids, "a": 400}, "must give ids"),
        (lambda ids: {name: ids[name] for name in list(ids)[5:]}, "must give ids"),
        (lambda ids: {**ids, "<x>": 500}, "must give ids"),
        (lambda ids: {**ids, "<x>": "y"}, "object from tokens to integer ids"),
        (lambda ids: list(ids), "must be a JSON object"),
    ],
)
def test_vocabularies_that_do_not_fit(files, change, message):
    merges, vocabulary = files
    vocabulary.write_text(json.dumps(change(json.loads(vocabulary.read_text()))))
    with pytest.raises(FormatError, match=rf"vocab\.json .*{message}"):
        tokenizers.read_merges(merges, vocabulary)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a b\nb\n", "line 2 of .* must hold two tokens"),
        (b"a b\n\nb c\n", "line 2"),
        (b"a b\nabc d\n", "line 2"),
        (b"a b\na b\n", "repeats merge 0"),
        (b"\xff\xfe", "UTF-8"),
        (b"a b c\n", "line 1"),
        ("a \u2713\n".encode(), "line 1"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "own.bpe").write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        tokenizers.read_merges(tmp_path / "own.bpe")
    assert "own.bpe" in str(caught.value)


def test_files_that_are_not_there_or_too_large(tmp_path, monkeypatch):
    with pytest.raises(FormatError, match="there is no file"):
        tokenizers.read_merges(tmp_path / "absent")
    with open(tmp_path / "large", "wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(FormatError, match="expected 33,554,432 at most"):
        tokenizers.read_merges(tmp_path / "large")
    (tmp_path / "merges.txt").write_text(FIRST_OF_GPT2, "utf-8")
    (tmp_path / "vocab.json").write_text("[" * 100_000)
    with pytest.raises(FormatError, match=r"vocab\.json is nested too deeply"):
        tokenizers.read_merges(tmp_path / "merges.txt", tmp_path / "vocab.json")


LINES = st.lists(st.sampled_from(["a", "b", "ab", "Ġ", "Ġa", "", "\u2713", "#version: 0.2"]))


@settings(deadline=None, max_examples=200)
@given(
    content=st.binary()
    | st.text().map(str.encode)
    | st.lists(LINES).map(lambda lines: "\n".join(map(" ".join, lines)).encode())
)
def test_any_bytes_are_merges_or_a_format_error(content):
    try:
        tokenizer = parse_merges(content, "some.bpe")
    except FormatError:
        with pytest.raises(FormatError, match=r"some\.bpe"):
            parse_merges(content, "some.bpe")
        return
    assert (
        parse_merges(tokenizers.format_merges(tokenizer).encode(), "x").merges == tokenizer.merges
    )
    assert tokenizer.decode(tokenizer.encode("a✓")) == "a✓"


def test_printable_bytes():
    assert bytes_to_unicode(b" a\n\xc3") == "ĠaĊÃ"
    assert len({bytes_to_unicode(bytes([byte])) for byte in range(256)}) == 256


# Where GPT-2's list is found.


@pytest.fixture
def nowhere(cache, tmp_path, monkeypatch):
    """A machine without the list, and without a network."""
    import tempfile

    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    source = gpt2_vocab.VOCAB_BPE
    offline = type(source)(
        source.file_name, "http://127.0.0.1:9/vocab.bpe", source.sha256, ("TRAIN",)
    )
    monkeypatch.setattr(gpt2_vocab, "VOCAB_BPE", offline)
    return tmp_path


def test_nothing_found_and_no_network(nowhere):
    with pytest.raises(DownloadError, match=r"no connection.*TRAIN.*MICROGPT_DATA"):
        tokenizers.gpt2()


PLACES = {
    "MICROGPT_DATA": ["vocab.bpe", "merges.txt", "SHA", "tiktoken-cache/SHA"],
    "TIKTOKEN_CACHE_DIR": ["SHA"],
    "DATA_GYM_CACHE_DIR": ["SHA"],
    "": ["temporary/data-gym-cache/SHA", "cache/data/vocab.bpe"],
}


@pytest.mark.parametrize(
    ("variable", "name"), [(variable, name) for variable in PLACES for name in PLACES[variable]]
)
def test_it_is_found(nowhere, data, monkeypatch, variable, name):
    file = nowhere / name.replace("SHA", gpt2_vocab.TIKTOKEN_CACHE_NAME)
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME, file)
    if variable:
        monkeypatch.setenv(variable, str(nowhere))
    assert mg.load_corpus("story").tokenizer("gpt2").vocab_size == 50257


def test_a_given_file_or_folder(nowhere, data):
    found = data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
    for path in (str(found), found.parent, data):
        assert tokenizers.gpt2(path).vocab_size == 50257
    (nowhere / "windows.txt").write_bytes(found.read_bytes().replace(b"\n", b"\r\n").strip())
    assert tokenizers.gpt2(nowhere / "windows.txt").vocab_size == 50257
    with pytest.raises(FormatError, match="holds none of GPT-2's files; expected one of vocab"):
        tokenizers.gpt2(nowhere)
    with pytest.raises(FormatError, match="there is no file"):
        tokenizers.gpt2(nowhere / "absent")


def test_another_list_is_refused_or_passed_over_and_never_changed(nowhere, data, monkeypatch):
    wrong = (data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME).read_bytes()
    wrong = wrong.replace(b"h e\n", b"h a\n", 1)
    file = nowhere / gpt2_vocab.TIKTOKEN_CACHE_NAME
    file.write_bytes(wrong)
    with pytest.raises(FormatError, match=r"not GPT-2's list of merges: .*read_merges"):
        tokenizers.gpt2(file)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(nowhere))
    with pytest.raises(DownloadError):
        tokenizers.gpt2()
    file.rename(nowhere / "vocab.bpe")
    monkeypatch.setenv("MICROGPT_DATA", str(nowhere))
    with pytest.raises(FormatError, match=r"vocab\.bpe is not the published file"):
        tokenizers.gpt2()
    assert (nowhere / "vocab.bpe").read_bytes() == wrong


def test_it_is_fetched_once(nowhere, data, monkeypatch):
    content = (data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME).read_bytes()
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = gpt2_vocab.VOCAB_BPE
        url = f"http://127.0.0.1:{server.server_port}/vocab.bpe"
        monkeypatch.setattr(
            gpt2_vocab, "VOCAB_BPE", type(source)("vocab.bpe", url, source.sha256, ())
        )
        assert tokenizers.gpt2().vocab_size == 50257
        assert tokenizers.gpt2().vocab_size == 50257
        server.shutdown()
    assert asked == ["/vocab.bpe"]
    assert (nowhere / "cache" / "data" / "vocab.bpe").read_bytes() == content


# A corpus and its tokenizer.


def test_a_corpus_names_its_tokenizer(story):
    corpus = mg.load_corpus("names-mini")
    assert corpus.tokenizer().to_dict() == corpus.tokenizer("char").to_dict()
    tokenizer = corpus.tokenizer("bpe:300")
    assert tokenizer.vocab_size == 300
    assert tokenizer.bos_token_id == 299
    tokens = tokenizer.encode(corpus[0], bos=True, eos=True)
    assert tokens[0] == tokens[-1] == 299
    assert tokenizer.decode(tokens) == corpus[0]


@pytest.mark.parametrize("kind", ["gpt3", "bpe", "bpe:", "bpe:x", "bpe:-5", "bpe:1e3", "bpe:١", 3])
def test_kinds_of_tokenizer_that_do_not_exist(kind):
    with pytest.raises(SettingError, match="tokenizer must be 'char', 'gpt2', or 'bpe:'"):
        mg.load_corpus("story").tokenizer(kind)


def test_a_checkpoint_keeps_the_tokenizer(trained, tmp_path):
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=400), seed=1, backend="numpy")
    path = mg.save(tmp_path, model, trained)
    assert mg.load(path, backend="numpy").tokenizer.to_dict() == trained.to_dict()
