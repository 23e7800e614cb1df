"""Batches for evaluation are evenly spaced; a text is one text."""

import pytest

import microgpt as mg
from microgpt.data import DocumentBatches, TextBatches
from microgpt.errors import (
    SettingError,
)


def test_held_out_lines_are_taken_from_the_whole_list():
    lines = tuple("a" * (1 + i // 100) for i in range(1000))
    tokenizer = mg.tokenizers.CharTokenizer("a")
    batches = DocumentBatches(lines, tokenizer, 16)
    lengths = [int((row >= 0).sum()) for _, targets in batches.eval_batches(10) for row in targets]
    assert lengths == list(range(2, 12))
    windows = list(TextBatches("ab" * 500, mg.tokenizers.CharTokenizer("ab"), 4).eval_batches(3))
    assert sum(len(tokens) for tokens, _ in windows) == 3


def test_two_texts_are_no_text():
    from microgpt.data import Corpus

    with pytest.raises(SettingError, match="one text; got 2 texts"):
        Corpus("x", ("abc", "xyz"), "text")
