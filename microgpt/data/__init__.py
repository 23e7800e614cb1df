"""Texts to learn from: finding them, splitting them, cutting them into batches."""

from microgpt.data.batches import DocumentBatches, TextBatches, pad
from microgpt.data.corpora import Corpus, load_corpus

__all__ = ["Corpus", "DocumentBatches", "TextBatches", "load_corpus", "pad"]
