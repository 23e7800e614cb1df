"""What a model is trained on and what is held out: split, cut into batches, and known again."""

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
)
from microgpt.errors import FormatError, SettingError, ShapeError, TokenError
from microgpt.tokenizers import Tokenizer

Texts = Corpus | np.ndarray | Sequence[int] | Shards
PIECE = 1 << 22  # tokens that are looked at together


class TrainingData:
    """`train` and `validation` (or None), and the batches of each, read through `tokenizer`.

    Texts come as a corpus, or as tokens: a row of whole numbers, a memory map or shards. Without
    `validation`, `held_out` of them is kept for it: of lines, repeats removed, by their SHA-256; of
    one text or of tokens, the end.
    """

    def __init__(
        self,
        texts: Texts,
        validation: Texts | None,
        tokenizer: Tokenizer | None,
        config: TrainConfig,
        shape: GPTConfig,
    ):
        self.config, self.block_size = config, shape.block_size
        self.whole = whole = _texts(texts)
        self.train, self.validation = whole, None if validation is None else _texts(validation)
        if isinstance(whole, Corpus):
            self.train = whole.deduplicated()
            tokenizer = whole.tokenizer() if tokenizer is None else tokenizer
        if validation is None and config.held_out:
            self.train, self.validation = _split(whole, config.held_out)
        self.tokenizer: Any = tokenizer
        self._check(shape.vocab_size)

    def _check(self, vocab_size: int) -> None:
        """Refuse what does not fit together, before anything is trained."""
        config, tokenizer = self.config, self.tokenizer
        if tokenizer is not None and tokenizer.vocab_size != vocab_size:
            name = f"corpus {self.whole.name!r}" if isinstance(self.whole, Corpus) else "tokenizer"
            raise ShapeError(
                f"the {name} has a vocabulary of {tokenizer.vocab_size}, the "
                f"model one of {vocab_size}; make the model with "
                f"GPTConfig(vocab_size={tokenizer.vocab_size}, …)"
            )
        for part in (self.train, self.validation):
            self._check_readable(part)
            if isinstance(part, np.ndarray) and not isinstance(part, np.memmap):
                _check_ids(part, vocab_size)  # those on disk are checked as they are read
        if self.is_lines and isinstance(self.validation, Corpus):
            both = set(self.train.documents) & set(self.validation.documents)
            if both:
                raise SettingError(
                    f"{len(both):,} of the held-out lines {'is' if len(both) == 1 else 'are'} "
                    f"trained on too, such as {min(both)!r:.40}; remove what stands in both"
                )
        if config.stride is not None and self.is_lines:
            raise SettingError(
                f"stride={config.stride} cuts one text into windows, and the corpus has lines; "
                'leave stride out, or load it with format="text"'
            )
        if config.patience is not None and self.validation is None:
            raise SettingError("patience looks at held-out data, and nothing is; set held_out too")
        if config.sample_every and tokenizer is None:
            raise SettingError("samples are texts, which need a tokenizer: Trainer(…, tokenizer=…)")
        if config.sample_every:
            tokenizer.encode(config.prompt)

    def _check_readable(self, texts: Any) -> None:
        if isinstance(texts, Corpus) and self.tokenizer is None:
            raise SettingError(
                "a corpus beside tokens needs the tokenizer that made these; set it, as in "
                "Trainer(…, tokenizer=…)"
            )

    @property
    def is_lines(self) -> bool:
        """Whether each text stands alone between two marks."""
        return isinstance(self.train, Corpus) and self.train.format == "lines"

    def batches(self, warn: bool = True) -> Batches:
        """Batches to train on, from the start."""
        c = self.config
        if self.is_lines:
            return self._documents(self.train, warn)
        tokens = self._tokens(self.train)
        if c.stride is None:
            return RandomBatches(tokens, self.block_size, c.batch_size, c.seed)
        width = min(self.block_size, max(1, len(tokens) - 1))
        return WindowBatches(tokens, width, c.stride, c.batch_size, seed=c.seed)

    def steps(self, batches: Batches) -> int:
        """So many steps training takes; counted in epochs, the last of them is finished."""
        c = self.config
        if c.epochs is None:
            return c.steps
        return -(-c.epochs * batches.rows_per_epoch // (c.batch_size * c.accumulate))

    def seen(self, steps: int) -> Iterator[Batch]:
        """The batches of the first steps, drawn anew in the same order."""
        return islice(self.batches(warn=False), steps * self.config.accumulate)

    def looks(self, texts: Texts) -> Batches:
        """Batches to be gone through in order, for evaluation."""
        self._check_readable(texts)
        if isinstance(texts, Corpus) and texts.format == "lines":
            return self._documents(texts, warn=False)
        return RandomBatches(self._tokens(_texts(texts)), self.block_size)

    def _documents(self, corpus: Any, warn: bool) -> DocumentBatches:
        c = self.config
        return DocumentBatches(
            corpus.documents, self.tokenizer, self.block_size, c.batch_size, c.seed, warn
        )

    def _tokens(self, texts: Any) -> Any:
        if isinstance(texts, Corpus):
            return np.array(self.tokenizer.encode(texts.documents[0]), np.int32)
        return texts

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of all that is trained on and held out, and of how it becomes tokens.

        Of much data that takes a while, so it is worked out once, when it is first asked for.
        """
        digest = hashlib.sha256()
        for part in (self.train, self.validation):
            digest.update(b"\0part\0")
            if isinstance(part, Corpus):
                digest.update(part.format.encode())
                for document in part.documents:
                    content = document.encode("utf-8", "surrogatepass")
                    digest.update(len(content).to_bytes(8, "little") + content)
            elif part is not None:
                for start in range(0, len(part), PIECE):
                    piece = np.asarray(part[start : start + PIECE])
                    digest.update(piece.astype("<i8").tobytes())
        if self.tokenizer is not None:
            digest.update(json.dumps(self.tokenizer.to_dict(), sort_keys=True).encode())
        return digest.hexdigest()


def _texts(texts: Texts) -> Any:
    """A corpus as it is; tokens as something of one axis, without a copy."""
    if isinstance(texts, Corpus | Shards):
        return texts
    if isinstance(texts, np.ndarray | list | tuple):
        array = np.asanyarray(texts)  # a memory map stays one
        if array.ndim == 1 and array.dtype.kind in "iu" and array.size > 1:
            return array
        raise SettingError(
            "tokens to train on are one row of at least two whole numbers; got shape "
            f"{array.shape} of {array.dtype}"
        )
    raise SettingError(
        f"a corpus comes from load_corpus; got {type(texts).__name__} (tokens come as an array, or "
        "as Shards)"
    )


def _check_ids(tokens: np.ndarray, vocab_size: int) -> None:
    least, largest = int(tokens.min()), int(tokens.max())
    if not 0 <= least <= largest < vocab_size:
        raise TokenError(
            f"tokens go from 0 to {vocab_size - 1}, as the model's vocabulary does; got "
            f"{least if least < 0 else largest}"
        )


def _split(texts: Any, held_out: float) -> tuple[Any, Any]:
    if isinstance(texts, Corpus):
        return texts.split(held_out)
    if isinstance(texts, Shards):
        raise SettingError(
            "shards stay on disk whole; name others to hold out, Trainer(…, validation=Shards(…)), "
            "or hold nothing out, TrainConfig(held_out=0)"
        )
    cut = len(texts) - max(1, round(held_out * len(texts)))
    if cut < 2:
        raise FormatError(f"{len(texts)} tokens are too few to hold a part of them out")
    return texts[:cut], texts[cut:]
