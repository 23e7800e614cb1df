"""Corpora as token ids, with BOS before every document."""

from collections.abc import Iterator

import numpy as np

from microgpt.data.corpora import Corpus
from microgpt.tokenizers import Tokenizer


def split_sections(text: str) -> list[str]:
    """A text cut at its blank lines, as llm.c cuts tinyshakespeare; joined, they are the text.

    A section keeps the blank line after it.
    """
    *first, last = text.split("\n\n")
    return [*(section + "\n\n" for section in first), last]


def split_documents(corpus: Corpus) -> list[str]:
    """What gets a BOS of its own: the lines of a corpus of lines, the sections of a text."""
    return list(corpus) if corpus.format == "lines" else split_sections(corpus[0])


def encode_documents(corpus: Corpus, tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """The token ids of each document of a corpus in turn, BOS first.

    For GPT-2's tokenizer BOS is `<|endoftext|>`, which llm.c too puts before every section. A
    tokenizer without one encodes the text alone.
    """
    for document in split_documents(corpus):
        yield np.array(tokenizer.encode(document, bos=True), np.int32)
