"""Texts to learn from: finding them, splitting them, cutting them into batches."""

from microgpt.data.batches import Batch, Batches, DocumentBatches, pad
from microgpt.data.corpora import Corpus, load_corpus
from microgpt.data.encode_corpus import split_documents, encode_documents, split_sections
from microgpt.data.shard_writer import write_shard
from microgpt.data.shards import Shards, open_shard
from microgpt.data.num_windows import RandomBatches, TextBatches, WindowBatches

__all__ = [
    "Batch",
    "Batches",
    "Corpus",
    "DocumentBatches",
    "RandomBatches",
    "Shards",
    "TextBatches",
    "WindowBatches",
    "documents_of",
    "encode_documents",
    "load_corpus",
    "open_shard",
    "pad",
    "sections",
    "write_shard",
]
