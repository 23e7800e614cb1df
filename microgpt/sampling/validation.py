"""What is asked of a model that writes: checked at the call, before the first token."""

from collections.abc import Collection, Sequence
from numbers import Integral
from typing import Any, NamedTuple

from microgpt.config import GPTConfig, SampleConfig
from microgpt.config.checks import whole
from microgpt.errors import SettingError, ShapeError, TokenError
from microgpt.models.gpt import GPT
from microgpt.ops.embedding import as_tokens
from microgpt.sampling.decoder import window_start
from microgpt.sampling.token_sampler import check_counter

Stop = int | Collection[int] | None


class Request(NamedTuple):
    """How a text goes on: which dials and dice, and the tokens that end it."""

    dials: SampleConfig
    seed: int
    stops: frozenset[int]


def request(
    config: GPTConfig, dials: SampleConfig, seed: int, stop: Stop, rows: int = 1
) -> Request:
    """The request, or what is wrong with it; row i throws the dice of seed + i."""
    V = config.vocab_size
    if dials.top_k is not None and dials.top_k > V:
        raise SettingError(f"top_k must be from 1 to the vocabulary's {V}; got {dials.top_k}")
    check_counter("seed", seed)
    if int(seed) + rows > 2**64:
        raise SettingError(f"the seeds of {rows} rows must be below 2**64; the first is {seed}")
    return Request(dials, int(seed), _stops(stop, V))


def require_model(model: Any) -> None:
    """Refuse what cannot write."""
    if not hasattr(model, "config"):
        raise SettingError(f"texts are written by a GPT; got {type(model).__name__}")


def require_tokenizer(tokenizer: Any) -> None:
    """Refuse what is no tokenizer; a model of other programs may come without one."""
    if not (hasattr(tokenizer, "encode") and hasattr(tokenizer, "vocab_size")):
        raise SettingError(
            f"a text needs a tokenizer; got {type(tokenizer).__name__}: hand over the one that the "
            "model was trained with, such as mg.tokenizers.gpt2(), or write token ids with generate"
        )


def tokens_of(model: GPT, prompt: Sequence[int]) -> list[int]:
    """The tokens of a prompt, at least one, all of the model's vocabulary."""
    require_model(model)
    ids, V = as_tokens(prompt), model.config.vocab_size
    tokens = ids.tolist()
    if ids.ndim != 1 or not tokens:
        raise ShapeError(
            f"the prompt must have 1 token or more (the beginning mark, if nothing else), in one "
            f"row; got shape {ids.shape}"
        )
    if min(tokens) < 0 or max(tokens) >= V:
        place = next(place for place, token in enumerate(tokens) if not 0 <= token < V)
        raise TokenError(f"token ids go from 0 to {V - 1}; got {tokens[place]} at place {place}")
    return tokens


def count_of(model: GPT, length: int, max_new_tokens: int | None = None) -> int:
    """How many tokens may follow a prompt of so many: by default, until the block is full."""
    block_size = model.config.block_size
    if max_new_tokens is None:
        return block_size - (length - window_start(length, block_size)) + 1
    whole("max_new_tokens", max_new_tokens, least=0)
    return int(max_new_tokens)


def _stops(stop: Any, vocab_size: int) -> frozenset[int]:
    if stop is None:
        return frozenset()
    stops = list(stop) if isinstance(stop, Collection) else [stop]
    for token in stops:
        whole_number = isinstance(token, Integral) and not isinstance(token, bool)
        if not whole_number or not 0 <= token < vocab_size:
            raise SettingError(
                f"stop must be a token id from 0 to {vocab_size - 1}, or some of them; got "
                f"{stop!r:.80}"
            )
    return frozenset(int(token) for token in stops)
