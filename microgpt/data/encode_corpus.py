"""Corpora as token ids, with a mark before every document."""

from collections.abc import Iterator

import numpy as np

from microgpt.data.corpora import Corpus
from microgpt.tokenizers import Tokenizer


def sections(text: str) -> list[str]:
    """A text cut at its blank lines, as llm.c cuts tinyshakespeare; joined, they are the text.

    A section keeps the blank line after it.
    """
    *first, last = text.split("\n\n")
    return [*(section + "\n\n" for section in first), last]


def documents_of(corpus: Corpus) -> list[str]:
    """What gets a mark of its own: the lines of a corpus of lines, the sections of a text."""
    return list(corpus) if corpus.kind == "lines" else sections(corpus[0])


def encode_documents(corpus: Corpus, tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """The token ids of each document of a corpus, the tokenizer's `bos` before them, one by one.

    For GPT-2's tokenizer that is `<|endoftext|>`, as llm.c puts it before every section. A
    tokenizer without one leaves the text as it is.
    """
    for document in documents_of(corpus):
        yield np.array(tokenizer.encode(document, bos=True), np.int32)
