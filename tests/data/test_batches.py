"""Batches of documents: padding, epochs, and streams that stay as they are."""

import hashlib

import numpy as np
import pytest

import microgpt as mg
from microgpt.data import Corpus, DocumentBatches, TextBatches, pad
from microgpt.tokenizers import BPETokenizer


def test_padding():
    tokens, targets = pad([[9, 1, 2, 9], [9, 3, 9]], pad_token=9)
    assert tokens.tolist() == [[9, 1, 2], [9, 3, 9]]
    assert targets.tolist() == [[1, 2, 9], [3, 9, -1]]
    assert tokens.dtype == targets.dtype == np.int32


def test_every_document_once_an_epoch():
    documents = ("ab", "b", "aab", "ba", "a")
    tokenizer = Corpus("c", documents).tokenizer()
    stream = iter(DocumentBatches(documents, tokenizer, 8, 1, seed=3))
    epochs = [[tokenizer.decode(next(stream)[0][0]) for _ in documents] for _ in range(3)]
    assert all(sorted(epoch) == sorted(documents) for epoch in epochs)
    assert epochs[0] != epochs[1]
    again = iter(DocumentBatches(documents, tokenizer, 8, 1, seed=3))
    assert [tokenizer.decode(next(again)[0][0]) for _ in documents] == epochs[0]


def test_long_documents_are_cut_and_it_is_said_once():
    documents = ("abcdefgh", "ab", "abcdefg", "abcde")  # the last one just fits
    tokenizer = Corpus("c", documents).tokenizer()
    message = "2 of 4 documents have more tokens than the block's 6 predictions and were cut"
    with pytest.warns(UserWarning, match=message) as said:
        batches = DocumentBatches(documents, tokenizer, 6)
    assert len(said) == 1
    assert str(said[0].message).endswith("raise block_size to 9 to keep all of them")
    assert [len(sequence) for sequence in batches.sequences] == [7, 4, 7, 7]
    assert len(DocumentBatches(("abcde",), tokenizer, 6).sequences[0]) == 7


def test_lengths_are_counted_in_tokens_not_in_characters():
    documents = ("abababab", "😀😀")  # 8 letters in 2 tokens; 2 characters in 8 bytes
    tokenizer = BPETokenizer([(97, 98), (256, 256)])
    with pytest.warns(UserWarning, match="1 of 2 documents have more tokens") as said:
        DocumentBatches(documents, tokenizer, 6)
    assert str(said[0].message).endswith("raise block_size to 9 to keep all of them")
    assert DocumentBatches(documents[:1], tokenizer, 3).sequences == [[258, 257, 257, 258]]


# Model cards and resumed runs rest on these streams: they stay as they are.
STREAMS = [
    ("names-mini", 6632, 16, 1, 0, "54123d53721c84c9"),
    ("names-mini", 100, 16, 7, 3, "d853f68c82dd76ce"),
    ("names-mini", 5, 16, 12, 42, "3f02a950f19e9b87"),
    ("names-mini", 50, 16, 25, 1, "8fe1b15e71c26fce"),
    ("story", 1, 16, 1, 0, "c702bcc27972ec19"),
    ("story", 1, 64, 8, 3, "24f3adecc733a0b9"),
    ("story", 1, 100_000, 2, 42, "8d363a884a2324c4"),
]


@pytest.mark.parametrize(("name", "count", "block_size", "batch_size", "seed", "expected"), STREAMS)
def test_streams_of_batches_stay_as_they_are(name, count, block_size, batch_size, seed, expected):
    corpus = mg.load_corpus(name)
    batches: DocumentBatches | TextBatches
    if corpus.format == "text":
        batches = TextBatches(corpus[0], corpus.tokenizer(), block_size, batch_size, seed)
    else:
        documents = corpus.documents[:count]
        batches = DocumentBatches(documents, corpus.tokenizer(), block_size, batch_size, seed)
    digest = hashlib.sha256()
    for _ in range(300):
        tokens, targets = next(batches)
        assert tokens.flags.c_contiguous
        assert targets.flags.c_contiguous
        digest.update(repr(tokens.shape).encode() + tokens.tobytes() + targets.tobytes())
    for tokens, targets in batches.eval_batches(37, 5):
        digest.update(tokens.tobytes() + targets.tobytes())
    assert digest.hexdigest()[:16] == expected
