"""Splitting into chunks: other patterns, other Unicode tables, hostile patterns."""

import random

import pytest

from microgpt import tokenizers
from microgpt.errors import FormatError, SettingError, TokenError
from microgpt.tokenizers import train_bpe


def test_gpt2_is_tiktokens_where_unicode_tables_differ(gpt2, published):
    rng = random.Random(0)
    later = [chr(code) for code in (0x558, 0x88F, 0x1C89, 0xA7CB, 0x105C0, 0x10D4A, 0x16EBB)]
    later += [chr(rng.randrange(0x1F000, 0x40000)) for _ in range(200)]
    known = [gpt2.token_text(token) for token in rng.sample(range(50256), 400)]
    known += [chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(200)]
    for _ in range(3000):
        text = "".join(rng.choice(rng.choice((later, known))) for _ in range(5))
        assert gpt2.encode_reference(text) == published.encode_ordinary(text)


def test_halves_of_characters_are_named(trained):
    for encode in (trained.encode, trained.encode_reference):
        with pytest.raises(TokenError, match=r"character 3 of the text, '\\ud83d', is half"):
            encode("ab\ud83d")
    with pytest.raises(TokenError, match="must be a str; got int"):
        trained.encode(5)


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
