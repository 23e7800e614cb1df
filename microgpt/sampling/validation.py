"""Validation of the arguments of `generate` and its variants, before the first token."""

from collections.abc import Collection, Sequence
from numbers import Integral
from typing import Any, NamedTuple

from microgpt.config import GPTConfig, SampleConfig
from microgpt.config.checks import check_integer
from microgpt.errors import SettingError, ShapeError, TokenError
from microgpt.models.gpt import GPT
from microgpt.ops.token_ids import as_token_ids
from microgpt.sampling.decoder import window_start
from microgpt.sampling.token_sampler import check_counter

Stop = int | Collection[int] | None


class SamplingRequest(NamedTuple):
    """Validated sampling parameters, the seed, and the token ids that end a text."""

    config: SampleConfig
    seed: int
    stop_ids: frozenset[int]


def check_request(
    model_config: GPTConfig, config: SampleConfig, seed: int, stop: Stop, batch_size: int = 1
) -> SamplingRequest:
    """Validate sampling arguments for a vocabulary; row i of a batch has the seed `seed` + i."""
    check_counter("seed", seed)
    if int(seed) + batch_size > 2**64:
        largest = 2**64 - batch_size
        raise SettingError(
            "seed", f"at most {largest:,}, so that each of {batch_size} rows has its own", seed
        )
    return SamplingRequest(config, int(seed), _check_stop(stop, model_config.vocab_size))


def check_model(model: Any) -> None:
    """Raise SettingError unless `model` is a GPT (has a `config`)."""
    if not hasattr(model, "config"):
        raise SettingError("model", "a GPT", type(model))


def check_tokenizer(tokenizer: Any) -> None:
    """Raise SettingError unless `tokenizer` is one; pretrained models may come without (None)."""
    if not (hasattr(tokenizer, "encode") and hasattr(tokenizer, "vocab_size")):
        raise SettingError(
            "tokenizer",
            "the one that the model was trained with, such as mg.tokenizers.gpt2()",
            type(tokenizer),
            "generate continues token ids without one",
        )


def check_prompt(model: GPT, prompt: Sequence[int]) -> list[int]:
    """Return a prompt's token ids; raise if there are none, or any outside the vocabulary."""
    check_model(model)
    ids, V = as_token_ids(prompt), model.config.vocab_size
    tokens = ids.tolist()
    if ids.ndim != 1 or not tokens:
        raise ShapeError(
            f"the prompt must have 1 token or more (the BOS token, if nothing else), in one "
            f"dimension; got shape {ids.shape}"
        )
    if min(tokens) < 0 or max(tokens) >= V:
        index = next(index for index, token in enumerate(tokens) if not 0 <= token < V)
        raise TokenError(
            f"token ids must be from 0 to {V - 1}; got {tokens[index]} at index {index}"
        )
    return tokens


def resolve_max_new_tokens(
    model: GPT, prompt_length: int, max_new_tokens: int | None = None
) -> int:
    """Return how many tokens to generate after a prompt; by default, until the block is full."""
    block_size = model.config.block_size
    if max_new_tokens is None:
        return block_size - (prompt_length - window_start(prompt_length, block_size)) + 1
    return check_integer("max_new_tokens", max_new_tokens, minimum=0)


def _check_stop(stop: Any, vocab_size: int) -> frozenset[int]:
    if stop is None:
        return frozenset()
    stop_ids = list(stop) if isinstance(stop, Collection) else [stop]
    for token in stop_ids:
        is_integer = isinstance(token, Integral) and not isinstance(token, bool)
        if not is_integer or not 0 <= token < vocab_size:
            raise SettingError(
                "stop",
                f"a token id from 0 to {vocab_size - 1}, or several",
                stop,
                "give strings to sampling.generate_text or stream_text" * isinstance(token, str),
            )
    return frozenset(int(token) for token in stop_ids)
