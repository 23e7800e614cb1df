"""Where logits come from: a model that reads a text, or one row of numbers given by hand."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microgpt.backends import LOCK, using
from microgpt.errors import SettingError, ShapeError, TokenError
from microgpt.models.gpt import GPT
from microgpt.sampling.decoder import Decoder
from microgpt.tokenizers import Tokenizer

KEPT_NUMBERS = 2_000_000  # logits that are kept for texts seen lately


class ModelOrigin:
    """The logits of a model after any text, computed exactly as `generate` computes them.

    Works on a copy of the model on NumPy, taken now: a model that is still being trained may
    change, what is looked at does not. `mark` says of a finished text what it is ("new", …).
    """

    unit = "letter"

    def __init__(
        self,
        name: str,
        model: GPT,
        tokenizer: Tokenizer,
        mark: Callable[[str], str] | None = None,
        note: str = "",
    ):
        self.name, self.tokenizer, self.mark, self.note = name, tokenizer, mark, note
        with LOCK:
            self.model = on_numpy(model)
        if tokenizer.vocab_size != model.config.vocab_size:
            raise ShapeError(
                f"the tokenizer has {tokenizer.vocab_size} tokens, the model "
                f"{model.config.vocab_size}; hand over the corpus or tokenizer it was trained with"
            )
        self.vocab_size = tokenizer.vocab_size
        self.stop = tokenizer.bos
        self.block_size = model.config.block_size
        self._kept: dict[tuple[int, tuple[int, ...]], np.ndarray] = {}
        self._decoder: tuple[int, Decoder] | None = None

    def start(self, text: str) -> tuple[int, ...]:
        """The tokens a text begins with; refuses unknown characters and texts over the block."""
        if not isinstance(text, str):
            raise SettingError(f"a text is a string; got {type(text).__name__}")
        tokens = self.tokenizer.encode(text or self.tokenizer.default_prompt, bos=True)
        if len(tokens) > self.block_size:
            most = self.block_size - (self.stop is not None)
            raise TokenError(
                f"the model reads at most {most} characters; this text has {len(text):,}"
            )
        return tuple(tokens)

    def shown_start(self, text: str) -> tuple[int, ...]:
        """Of those tokens, the ones that the reader typed."""
        return tuple(self.tokenizer.encode(text))

    def can_read(self, letter: str) -> bool:
        """Whether a letter is in the model's vocabulary."""
        try:
            return bool(self.tokenizer.encode(letter))
        except TokenError:
            return False

    def label(self, token: int) -> str:
        """What a token stands for."""
        return self.tokenizer.token_text(token)

    def logits(self, first: int, tokens: tuple[int, ...]) -> np.ndarray:
        """The logits after `tokens`, of which the `first` were given at once (V,)."""
        with LOCK:
            if (first, tokens) not in self._kept:
                if len(self._kept) * self.vocab_size >= KEPT_NUMBERS:
                    self._kept.clear()
                self._kept[first, tokens] = self._read(first, tokens)
            return self._kept[first, tokens]

    def _read(self, first: int, tokens: tuple[int, ...]) -> np.ndarray:
        with using("numpy"):
            begun, decoder = self._decoder or (0, None)
            fits = decoder is not None and tuple(decoder.tokens) == tokens[:-1] and begun == first
            if decoder is None or not fits:
                decoder = Decoder(self.model, tokens[:first])
                for token in tokens[first:-1]:
                    decoder.append(token)
            if len(tokens) > first:
                decoder.append(tokens[-1])
            self._decoder = first, decoder
            return decoder.logits()


class FixedOrigin:
    """One row of logits (V,), the same after any text: an example one can check by hand."""

    mark = None
    stop = None

    def __init__(
        self,
        name: str,
        logits: Sequence[float] | np.ndarray,
        labels: Sequence[str] | None = None,
        unit: str = "word",
        note: str = "",
    ):
        try:
            self.row = np.array(logits, np.float64)
        except (TypeError, ValueError):
            raise SettingError(f"logits must be numbers; got {logits!r:.60}") from None
        if not np.isfinite(self.row).all():
            raise SettingError("logits must be finite numbers, one for each choice")
        if self.row.ndim != 1 or not len(self.row):
            raise ShapeError(f"logits must have shape (V,); got {self.row.shape}")
        if labels is not None and len(labels) != len(self.row):
            raise ShapeError(f"{len(self.row)} logits need as many labels; got {len(labels)}")
        self.name, self.unit, self.note = name, unit, note
        self.labels = None if labels is None else tuple(map(str, labels))
        self.vocab_size = len(self.row)

    def start(self, text: str) -> tuple[int, ...]:
        """No tokens: these numbers follow no text."""
        if text:
            raise TokenError(f"{self.name!r} is one row of numbers; no text comes before it")
        return ()

    shown_start = start

    def label(self, token: int) -> str:
        """What a token stands for."""
        return f"rank {token + 1:,}" if self.labels is None else self.labels[token]

    def logits(self, first: int, tokens: tuple[int, ...]) -> np.ndarray:
        """The row (V,)."""
        return self.row


Origin = ModelOrigin | FixedOrigin


def tokenizer_of(model: GPT, corpus: Any = None) -> Tokenizer:
    """How a model reads: the tokenizer or corpus handed over, or what it trained with."""
    if not isinstance(model, GPT):
        raise SettingError(f"a view takes a GPT; got {type(model).__name__}")
    if hasattr(corpus, "tokenizer"):
        return corpus.tokenizer()
    if corpus is not None:
        if not hasattr(corpus, "vocab_size"):
            raise SettingError(
                f"hand over a corpus from mg.load_corpus, or a tokenizer; got {corpus!r:.60}"
            )
        return corpus
    if model.tokenizer is None:
        raise SettingError(
            "this model was never trained, so nobody knows how it reads; hand over its corpus too"
        )
    return model.tokenizer


def long_tail(vocab_size: int = 50_257, exponent: float = 1.1) -> FixedOrigin:
    """Invented logits with the long tail of a large vocabulary: chance ~ 1 / rank^exponent.

    Zipf 1949; as many ranks as GPT-2 has tokens.
    """
    logits = -exponent * np.log(np.arange(1, vocab_size + 1))
    return FixedOrigin(
        "long tail (made-up numbers)",
        logits,
        unit="rank",
        note=f"Made-up numbers: {vocab_size:,} ranks under Zipf's law with exponent {exponent:g}.",
    )


def on_numpy(model: GPT) -> GPT:
    """A copy of a model with the same weights, on NumPy."""
    return model.copy("numpy")
