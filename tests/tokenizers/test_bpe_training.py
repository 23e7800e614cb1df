"""`train_bpe` against a textbook trainer, and what it refuses."""

import random
import sys
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt import tokenizers
from microgpt.errors import SettingError, TokenError
from microgpt.tokenizers import bpe_training, train_bpe


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


@pytest.mark.slow
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
    assert [(step.pair, step.frequency) for step in seen] == expected
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


@pytest.mark.slow
def test_a_thousand_tokens_of_tinyshakespeare(data):
    corpus = mg.load_corpus("tinyshakespeare")
    tokenizer = corpus.tokenizer("bpe:1000")
    assert tokenizer.vocab_size == 1000
    tokens = tokenizer.encode(corpus[0])
    assert tokenizer.decode(tokens) == corpus[0]
    start = corpus[0][:200_000]
    assert tokenizer.encode_reference(start) == tokenizer.encode(start)


def letters(alphabet, count):
    return "".join(random.Random(0).choices(alphabet, k=count))


@pytest.mark.parametrize("text", [letters("ACGT", 300), letters("ab", 200), "a" * 99])
def test_a_text_without_spaces_gives_the_textbooks_merges(text):
    expected = textbook(text, 12 if "b" in text or "C" in text else 5)
    tokenizer = train_bpe(text, 256 + len(expected), special_tokens=())
    assert list(zip(tokenizer.merges, tokenizer.counts, strict=True)) == expected


def lines_executed(text, vocab_size):
    """How many lines of the trainer run, which no machine makes more or fewer."""
    count = 0

    def on_line(frame, event, argument):
        nonlocal count
        count += event == "line"
        return on_line

    def on_call(frame, event, argument):
        return on_line if frame.f_code.co_filename == bpe_training.__file__ else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        train_bpe(text, vocab_size)
    finally:
        sys.settrace(before)
    return count


def test_a_text_without_spaces_takes_no_more_than_three_times_the_work_of_words():
    names = "\n".join(mg.load_corpus("names-mini"))[:6000]
    words = lines_executed(names, 400)
    assert lines_executed(letters("ACGT", len(names)), 400) < 3 * words
    assert lines_executed(names.replace("\n", ""), 400) < 3 * words


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
