"""Encode corpora as token ids: each document after BOS, or a long text with its separators."""

from collections.abc import Iterator

import numpy as np

from microgpt.data.corpora import Corpus
from microgpt.errors import SettingError
from microgpt.tokenizers import Tokenizer


def split_sections(text: str) -> list[str]:
    """Split a text after each blank line, as llm.c splits tinyshakespeare.

    A section keeps the blank line after it, so the sections joined give the text.
    """
    *first, last = text.split("\n\n")
    return [*(section + "\n\n" for section in first), last]


def split_documents(corpus: Corpus) -> list[str]:
    """Return the documents that get a BOS each: lines, or what stands between separators.

    A text without separators is split into sections.
    """
    if corpus.format == "text" and not corpus.separator:
        return split_sections(corpus[0])
    return list(corpus.pieces)


def encode_documents(corpus: Corpus, tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """Yield the token ids of each document of a corpus in turn, BOS first.

    GPT-2's BOS is `<|endoftext|>`, which llm.c too puts before every section. A tokenizer without
    BOS encodes only the text.
    """
    for document in split_documents(corpus):
        yield np.array(tokenizer.encode(document, bos=True), np.int32)


def encode_text(corpus: Corpus, tokenizer: Tokenizer) -> np.ndarray:
    """Return the token ids of a long text; each separator becomes the end-of-text token."""
    if corpus.separator and tokenizer.eos_token_id is None:
        raise SettingError(
            "tokenizer",
            f"one with a token for {corpus.separator}, which separates the corpus's documents",
            tokenizer,
        )
    first, *others = corpus[0].split(corpus.separator) if corpus.separator else [corpus[0]]
    tokens = tokenizer.encode(first)
    for piece in others:
        tokens += tokenizer.encode(piece, bos=True)
    return np.array(tokens, np.int32)
