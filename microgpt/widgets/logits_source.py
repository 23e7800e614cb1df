"""`LogitsSource`: next-token logits, from a model that reads text or fixed (`FixedLogits`)."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK, using
from microgpt.errors import SettingError, ShapeError, SizeError, TokenError
from microgpt.models.context_model import ContextModel
from microgpt.models.gpt import GPT
from microgpt.plain_text import BOS_LABEL
from microgpt.sampling import Decoder, incremental_decode
from microgpt.tokenizers import CharTokenizer, Tokenizer
from microgpt.viz.formatting import quoted

MAX_CACHED_LOGITS = 2_000_000  # floats in the cache, over all texts
MAX_TOKENS = 200  # of a text from a model without a block size
MAX_NAMED = 60  # characters of a vocabulary that is named whole


def token_unit(tokenizer: Tokenizer) -> str:
    """Return what a token of this tokenizer is called in a sentence: "letter" or "token"."""
    return "letter" if isinstance(tokenizer, CharTokenizer) else "token"


class TextLogits(ABC):
    """The next-token logits of a model after any text; a text ends before `block_size` is full.

    `memorization_check` labels a finished text as "trained on", "new", …
    """

    def __init__(
        self,
        name: str,
        model: Any,
        tokenizer: Tokenizer,
        vocab_size: int,
        block_size: int,
        memorization_check: Callable[[str], str] | None = None,
        note: str = "",
    ):
        self.name, self.model, self.tokenizer, self.note = name, model, tokenizer, note
        self.memorization_check = memorization_check
        if tokenizer.vocab_size != vocab_size:
            raise SizeError(
                "tokenizer",
                f"one of {vocab_size} tokens, as many as the model has",
                tokenizer,
                "give the one it was trained with as {tokenizer}",
            )
        self.unit = token_unit(tokenizer)
        self.vocab_size, self.block_size = vocab_size, block_size
        self.eos_token_id = tokenizer.eos_token_id
        self.labels = tuple(
            BOS_LABEL if token == self.eos_token_id else tokenizer.token_text(token)
            for token in range(vocab_size)
        )

    @property
    def text_noun(self) -> str:
        """What a text of the model is called: a name, if it is made of letters and ends."""
        is_name = self.unit == "letter" and self.eos_token_id is not None
        return "name" if is_name else "text"

    def encode_prompt(self, text: str) -> tuple[int, ...]:
        """Return the token ids of a prompt, after a BOS token if the tokenizer has one.

        An empty prompt is replaced by the tokenizer's default prompt.
        """
        if not isinstance(text, str):
            raise SettingError("text", "a string", type(text))
        text = text or self.tokenizer.default_prompt
        self.check_chars([char for char in text if not self.can_encode(char)])
        token_ids = self.tokenizer.encode(text, bos=True)
        self.check_length(len(token_ids))
        return tuple(token_ids)

    def encode_text(self, text: str) -> tuple[int, ...]:
        """Return the token ids of the text alone, without BOS or default prompt."""
        return tuple(self.tokenizer.encode(text))

    def check_chars(self, unknown_chars: Sequence[str]) -> None:
        """Raise TokenError if there are characters that the vocabulary lacks, and name them."""
        if not unknown_chars:
            return
        unknown = [quoted(char) for char in dict.fromkeys(unknown_chars)]
        names = ", ".join(unknown[:8]) + ", …" * (len(unknown) > 8)
        known = [label for token, label in enumerate(self.labels) if token != self.eos_token_id]
        letters = f": it has {''.join(known)}" if len(known) <= MAX_NAMED else ""
        raise TokenError(f"This model's vocabulary has no {names}{letters}.")

    def check_length(self, num_tokens: int) -> None:
        """Raise TokenError for more tokens, BOS included, than the block holds."""
        if num_tokens > self.block_size:
            bos = self.eos_token_id is not None
            raise TokenError(
                f"the model reads at most {self.block_size - bos:,} {self.unit}s; this text has "
                f"{num_tokens - bos:,}"
            )

    def pieces(self, token_ids: Sequence[int]) -> tuple[str, ...]:
        """Return the text of the tokens in pieces, one for each token that ends a character."""
        return tuple(incremental_decode(self.tokenizer, token_ids))

    def can_encode(self, char: str) -> bool:
        """Return whether a character is in the vocabulary."""
        try:
            return bool(self.tokenizer.encode(char))
        except TokenError:
            return False

    @abstractmethod
    def next_token_logits(self, prompt_length: int, token_ids: tuple[int, ...]) -> np.ndarray:
        """Return the logits (V,) after `token_ids`; the first `prompt_length` are the prefill."""


class ModelLogits(TextLogits):
    """The next-token logits of a GPT, computed exactly as `generate` does.

    It works on a NumPy copy of the model, so that further training does not change it.
    """

    def __init__(
        self,
        name: str,
        model: GPT,
        tokenizer: Tokenizer,
        memorization_check: Callable[[str], str] | None = None,
        note: str = "",
    ):
        with LOCK:
            model = model.copy("numpy")
        c = model.config
        super().__init__(
            name, model, tokenizer, c.vocab_size, c.block_size, memorization_check, note
        )
        self._cache: dict[tuple[int, tuple[int, ...]], np.ndarray] = {}
        self._decoder: tuple[int, Decoder] | None = None

    def next_token_logits(self, prompt_length: int, token_ids: tuple[int, ...]) -> np.ndarray:
        """Return the logits (V,) after `token_ids`; the first `prompt_length` are the prefill."""
        key = prompt_length, token_ids
        with LOCK:
            if key not in self._cache:
                if len(self._cache) * self.vocab_size >= MAX_CACHED_LOGITS:
                    self._cache.clear()
                self._cache[key] = self._decode(prompt_length, token_ids)
            return self._cache[key]

    def _decode(self, prompt_length: int, token_ids: tuple[int, ...]) -> np.ndarray:
        with using("numpy"):
            last_prompt_length, decoder = self._decoder or (0, None)
            if (
                decoder is None
                or tuple(decoder.tokens) != token_ids[:-1]
                or last_prompt_length != prompt_length
            ):
                decoder = Decoder(self.model, token_ids[:prompt_length])
                for token in token_ids[prompt_length:-1]:
                    decoder.append(token)
            if len(token_ids) > prompt_length:
                decoder.append(token_ids[-1])
            self._decoder = prompt_length, decoder
            return decoder.logits()


class ContextLogits(TextLogits):
    """The next-token logits of a model that reads the last few tokens; it works on a copy."""

    def __init__(
        self,
        name: str,
        model: ContextModel,
        tokenizer: Tokenizer,
        memorization_check: Callable[[str], str] | None = None,
    ):
        with LOCK:
            model = copy.deepcopy(model)
        super().__init__(name, model, tokenizer, model.vocab_size, MAX_TOKENS, memorization_check)

    def next_token_logits(self, prompt_length: int, token_ids: tuple[int, ...]) -> np.ndarray:
        """Return the logarithm of the probabilities (V,), whose softmax is these."""
        return self.model.log_probs(np.array(token_ids))[-1]


class FixedLogits:
    """A fixed row of logits (V,), the same after any text: an example to check by hand."""

    memorization_check = None
    eos_token_id = None

    def __init__(
        self,
        name: str,
        logits: Sequence[float] | np.ndarray | Tensor,
        labels: Sequence[str] | None = None,
        unit: str = "word",
        note: str = "",
    ):
        try:
            numbers = logits.numpy() if isinstance(logits, Tensor) else logits
            self.logits = np.array(numbers, np.float64)
        except (TypeError, ValueError):
            raise SettingError("logits", "numbers", logits) from None
        if not np.isfinite(self.logits).all():
            raise SettingError("logits", "finite numbers, one for each choice", logits)
        if self.logits.ndim != 1 or not len(self.logits):
            raise ShapeError(f"logits must have shape (V,); got {self.logits.shape}")
        self.vocab_size = len(self.logits)
        if labels is None:
            labels = [f"rank {token + 1:,}" for token in range(self.vocab_size)]
        if len(labels) != self.vocab_size:
            raise ShapeError(f"{self.vocab_size} logits need as many labels; got {len(labels)}")
        self.name, self.unit, self.note = name, unit, note
        self.labels = tuple(map(str, labels))

    def encode_prompt(self, text: str) -> tuple[int, ...]:
        """Return no tokens; raise TokenError unless the text is empty."""
        if text:
            raise TokenError(f"{self.name!r} is one row of numbers; no text comes before it")
        return ()

    encode_text = encode_prompt

    def pieces(self, token_ids: Sequence[int]) -> tuple[str, ...]:
        """Return the label of each token."""
        return tuple(self.labels[token] for token in token_ids)

    def next_token_logits(self, prompt_length: int, token_ids: tuple[int, ...]) -> np.ndarray:
        """Return the row (V,)."""
        return self.logits


LogitsSource = TextLogits | FixedLogits


def zipf_logits(vocab_size: int = 50_257, exponent: float = 1.1) -> FixedLogits:
    """Make up logits with the long tail of a large vocabulary: probability ~ 1 / rank^exponent.

    Zipf 1949; the default has as many ranks as GPT-2 has tokens.
    """
    return FixedLogits(
        "long tail (made-up numbers)",
        -exponent * np.log(np.arange(1, vocab_size + 1)),
        unit="rank",
        note=f"Made-up numbers: rank r has a probability proportional to 1 / r^{exponent:g}.",
    )
