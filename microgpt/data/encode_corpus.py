"""Encode corpora as token ids, with BOS before every document."""

from collections.abc import Iterator

import numpy as np

from microgpt.data.corpora import Corpus
from microgpt.tokenizers import Tokenizer


def split_sections(text: str) -> list[str]:
    """Split a text after each blank line, as llm.c splits tinyshakespeare.

    A section keeps the blank line after it, so the sections joined give the text.
    """
    *first, last = text.split("\n\n")
    return [*(section + "\n\n" for section in first), last]


def split_documents(corpus: Corpus) -> list[str]:
    """Return the documents that get a BOS each: lines of a corpus, or sections of a text."""
    return list(corpus) if corpus.format == "lines" else split_sections(corpus[0])


def encode_documents(corpus: Corpus, tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """Yield the token ids of each document of a corpus in turn, BOS first.

    GPT-2's BOS is `<|endoftext|>`, which llm.c too puts before every section. A tokenizer without
    BOS encodes only the text.
    """
    for document in split_documents(corpus):
        yield np.array(tokenizer.encode(document, bos=True), np.int32)
