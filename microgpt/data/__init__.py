"""Texts to learn from: finding them, splitting them, cutting them into batches."""

from microgpt.data.batches import Batch, DocumentBatches, TextBatches, pad
from microgpt.data.corpora import Corpus, load_corpus

__all__ = ["Batch", "Corpus", "DocumentBatches", "TextBatches", "load_corpus", "pad"]
