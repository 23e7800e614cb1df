"""Corpora as token ids: sections, and BOS before every document."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt.data import (
    encode_documents,
    load_corpus,
    split_sections,
)


def test_sections_keep_their_blank_lines():
    assert split_sections("a\nb\n\nc\n\n\n\nd\n") == ["a\nb\n\n", "c\n\n", "\n\n", "d\n"]
    assert split_sections("a\n\n\nb\n\n") == ["a\n\n", "\nb\n\n", ""]
    assert split_sections("no blank line") == ["no blank line"]


@settings(deadline=None, max_examples=100)
@given(st.text("ab\n"))
def test_sections_are_the_text(text):
    found = split_sections(text)
    assert "".join(found) == text
    assert all(section.endswith("\n\n") for section in found[:-1])


def test_every_line_gets_a_mark():
    corpus = load_corpus(text="ab\nb\n")
    pieces = list(encode_documents(corpus, corpus.tokenizer()))
    assert [piece.tolist() for piece in pieces] == [[2, 0, 1], [2, 1]]


def test_a_text_of_characters_has_no_marks():
    corpus = load_corpus(text="ab\n\nb", format="text")
    tokens = np.concatenate(list(encode_documents(corpus, corpus.tokenizer())))
    assert corpus.tokenizer().decode(tokens.tolist()) == "ab\n\nb"
