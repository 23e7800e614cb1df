"""Corpora, token shards, and batches of tokens and targets."""

from microgpt.data.batches import Batch, Batches, DocumentBatches, pad
from microgpt.data.corpora import Corpus, as_corpus, load_corpus
from microgpt.data.encode_corpus import (
    encode_documents,
    encode_text,
    split_documents,
    split_sections,
)
from microgpt.data.shard_writer import write_shard
from microgpt.data.shards import Shards, open_shard
from microgpt.data.windows import RandomBatches, TextBatches, WindowBatches

__all__ = [
    "Batch",
    "Batches",
    "Corpus",
    "DocumentBatches",
    "RandomBatches",
    "Shards",
    "TextBatches",
    "WindowBatches",
    "as_corpus",
    "encode_documents",
    "encode_text",
    "load_corpus",
    "open_shard",
    "pad",
    "split_documents",
    "split_sections",
    "write_shard",
]
