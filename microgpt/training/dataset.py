"""`TrainingData`: a corpus split into training and validation data, with batches of each."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from microgpt.config import GPTConfig, TrainConfig
from microgpt.data import (
    Batch,
    Batches,
    Corpus,
    DocumentBatches,
    RandomBatches,
    Shards,
    WindowBatches,
    encode_text,
)
from microgpt.errors import Described, FormatError, SettingError, SizeError, TokenError
from microgpt.tokenizers import Tokenizer

Texts = Corpus | np.ndarray | Sequence[int] | Shards
HASH_CHUNK = 1 << 22  # tokens


class TrainingData:
    """Training data, validation data (or None), and batches of each.

    `texts` are a corpus, or token ids: a one-dimensional array, memory-mapped or not, or shards.
    `tokenizer` encodes a corpus. Without `validation`, a share `val_fraction` is held out: of a
    corpus of lines, some lines with all their copies, chosen by SHA-256; of one text or of tokens,
    the end.
    `corpus` is `texts` before the split.
    """

    def __init__(
        self,
        texts: Texts,
        validation: Texts | None,
        tokenizer: Tokenizer | None,
        config: TrainConfig,
        model_config: GPTConfig,
    ):
        self.config, self.block_size = config, model_config.block_size
        self.corpus = corpus = _check_texts(texts)
        self.train = corpus
        self.validation = None if validation is None else _check_texts(validation)
        if isinstance(corpus, Corpus):
            tokenizer = corpus.tokenizer() if tokenizer is None else tokenizer
        if validation is None and config.val_fraction:
            self.train, self.validation = _split(corpus, config.val_fraction)
        self.tokenizer: Any = tokenizer
        self._check_vocabulary(model_config.vocab_size)
        self._check_config()

    def _check_vocabulary(self, vocab_size: int) -> None:
        """Raise unless tokenizer and token ids fit the model's vocabulary."""
        tokenizer, corpus = self.tokenizer, self.corpus
        if tokenizer is not None and tokenizer.vocab_size != vocab_size:
            name = f"corpus {corpus.name!r}" if isinstance(corpus, Corpus) else "tokenizer"
            raise SizeError(
                "vocab_size",
                f"{tokenizer.vocab_size}, the vocabulary of the {name}",
                vocab_size,
                "train a new model for it",
            )
        for texts in (self.train, self.validation):
            self._check_tokenizer(texts)
            if isinstance(texts, np.ndarray) and not isinstance(texts, np.memmap):
                _check_token_ids(texts, vocab_size)  # ids on disk are checked when they are read

    def _check_config(self) -> None:
        """Raise before training starts if the settings do not fit the data."""
        config = self.config
        if self.is_lines and isinstance(self.validation, Corpus):
            overlap = set(self.train.documents) & set(self.validation.documents)
            if overlap:
                raise SettingError(
                    "validation",
                    "without lines of the training data",
                    Described(f"{len(overlap):,} in both, such as {min(overlap)!r:.40}"),
                    "remove what is in both",
                )
        if config.stride is not None and self.is_lines:
            raise SettingError(
                "stride",
                "left out for a corpus of lines, since it cuts one text into windows",
                config.stride,
                ("leave {stride} out", "read the corpus with {format}"),
                format="text",
            )
        if config.patience is not None and self.validation is None:
            raise SettingError(
                "val_fraction",
                "above 0 with {patience}, which counts evaluations of validation data",
                config.val_fraction,
                patience=config.patience,
            )
        if config.sample_every and self.tokenizer is None:
            raise SettingError(
                "tokenizer",
                "given with {sample_every}, since samples are texts",
                self.tokenizer,
                sample_every=config.sample_every,
            )
        if config.sample_every:
            self.tokenizer.encode(config.sample_prompt)

    def _check_tokenizer(self, texts: Any) -> None:
        if isinstance(texts, Corpus) and self.tokenizer is None:
            raise SettingError(
                "tokenizer",
                "the one that made the tokens, for a corpus beside them",
                self.tokenizer,
            )

    @property
    def is_lines(self) -> bool:
        """Whether each training text is a document between two BOS tokens."""
        return isinstance(self.train, Corpus) and self.train.format == "lines"

    def train_batches(self, warn: bool = True) -> Batches:
        """Return batches of the training data, starting with the first."""
        c = self.config
        if self.is_lines:
            return self._document_batches(self.train, warn)
        tokens = self._token_ids(self.train)
        if c.stride is None:
            return RandomBatches(tokens, self.block_size, c.batch_size, c.seed)
        seq_len = min(self.block_size, max(1, len(tokens) - 1))
        return WindowBatches(tokens, seq_len, c.stride, c.batch_size, seed=c.seed)

    def num_steps(self, batches: Batches) -> int:
        """Return the number of training steps; with `epochs`, enough to finish the last epoch."""
        c = self.config
        if c.epochs is None:
            return c.steps
        return -(-c.epochs * batches.rows_per_epoch // (c.batch_size * c.grad_accum_steps))

    def first_batches(self, num_steps: int) -> Iterator[Batch]:
        """Iterate over the batches of the first `num_steps` steps, drawn again in that order."""
        return islice(self.train_batches(warn=False), num_steps * self.config.grad_accum_steps)

    def evaluation_batches(self, texts: Texts) -> Batches:
        """Return batches of other texts, for evaluation."""
        self._check_tokenizer(texts)
        if isinstance(texts, Corpus) and texts.format == "lines":
            return self._document_batches(texts, warn=False)
        return RandomBatches(self._token_ids(_check_texts(texts)), self.block_size)

    def _document_batches(self, corpus: Any, warn: bool) -> DocumentBatches:
        c = self.config
        return DocumentBatches(
            corpus.documents, self.tokenizer, self.block_size, c.batch_size, c.seed, warn
        )

    def _token_ids(self, texts: Any) -> Any:
        if isinstance(texts, Corpus):
            return encode_text(texts, self.tokenizer)
        return texts

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of training data, validation data and tokenizer.

        Computed once, on first use, since hashing a large corpus takes a while.
        """
        digest = hashlib.sha256()
        for texts in (self.train, self.validation):
            digest.update(b"\0part\0")
            if isinstance(texts, Corpus):
                digest.update(f"{texts.format}{texts.separator}".encode())
                for document in texts.documents:
                    content = document.encode("utf-8", "surrogatepass")
                    digest.update(len(content).to_bytes(8, "little") + content)
            elif texts is not None:
                for start in range(0, len(texts), HASH_CHUNK):
                    chunk = np.asarray(texts[start : start + HASH_CHUNK])
                    digest.update(chunk.astype("<i8").tobytes())
        if self.tokenizer is not None:
            digest.update(json.dumps(self.tokenizer.to_dict(), sort_keys=True).encode())
        return digest.hexdigest()


def _check_texts(texts: Texts) -> Any:
    """Return a corpus or shards unchanged, token ids as a one-dimensional array (not a copy)."""
    if isinstance(texts, Corpus | Shards):
        return texts
    if isinstance(texts, np.ndarray | list | tuple):
        array = np.asanyarray(texts)  # keeps a memory-mapped array memory-mapped
        if array.ndim == 1 and array.dtype.kind in "iu" and array.size > 1:
            return array
        raise SettingError(
            "tokens to train on",
            "a one-dimensional array of at least two integers",
            Described(f"shape {array.shape}, dtype {array.dtype}"),
        )
    raise SettingError(
        "corpus", "what load_corpus returns, an array of tokens, or Shards", type(texts)
    )


def _check_token_ids(tokens: np.ndarray, vocab_size: int) -> None:
    smallest, largest = int(tokens.min()), int(tokens.max())
    if not 0 <= smallest <= largest < vocab_size:
        raise TokenError(
            f"token ids must be from 0 to {vocab_size - 1}, as in the model's vocabulary; got "
            f"{smallest if smallest < 0 else largest}"
        )


def _split(texts: Any, val_fraction: float) -> tuple[Any, Any]:
    if isinstance(texts, Corpus):
        return texts.split(val_fraction)
    if isinstance(texts, Shards):
        raise SettingError(
            "val_fraction",
            "0 for shards, which are not split",
            val_fraction,
            ("set {val_fraction}", "give the shards of {validation}"),
            val_fraction=0.0,
        )
    cut = len(texts) - max(1, round(val_fraction * len(texts)))
    if cut < 2:
        raise FormatError(f"{len(texts)} tokens are too few to hold a part of them out")
    return texts[:cut], texts[cut:]
