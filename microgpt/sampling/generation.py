"""`generate`: continue a prompt, one token at a time."""

import contextvars
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from microgpt.backends import check_host_read
from microgpt.backends.shared_rules import UNDECIDED
from microgpt.config import SampleConfig
from microgpt.models.gpt import GPT
from microgpt.sampling.captured_decode import (
    acquire_decode_step,
    no_hooks_active,
    return_decode_step,
)
from microgpt.sampling.decoder import Decoder
from microgpt.sampling.token_sampler import next_token, uniform
from microgpt.sampling.validation import (
    SamplingRequest,
    Stop,
    check_prompt,
    check_request,
    resolve_max_new_tokens,
)

_sampler_override: contextvars.ContextVar[Callable[..., int] | None] = contextvars.ContextVar(
    "sampler_override", default=None
)


@contextmanager
def override_sampler(function: Callable[..., int]) -> Iterator[None]:
    """`with override_sampler(f):` makes `generate` sample each token with `f`, not `next_token`.

    `f` is called as f(logits, temperature=, top_k=, top_p=, min_p=, u=) and returns a token id.
    """
    reset_token = _sampler_override.set(function)
    try:
        yield
    finally:
        _sampler_override.reset(reset_token)


def has_sampler_override() -> bool:
    """Whether `override_sampler` is active."""
    return _sampler_override.get() is not None


def sample_token(logits: np.ndarray, request: SamplingRequest, seed: int, t: int) -> int:
    """Sample the token at position `t` from logits (V,), with the override if one is active."""
    args = {**vars(request.config), "u": uniform(seed, t)}
    override = _sampler_override.get()
    return next_token(logits, **args).token if override is None else override(logits, **args)


def generate(
    model: GPT,
    prompt: Sequence[int],
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    stop: Stop = None,
    capture: bool = True,
) -> Generator[int, None, None]:
    """Yield token after token, each sampled by `next_token` with `uniform(seed, t)`.

    `t` is the token's index in the whole text including the prompt, so a text continues the same
    way whether its beginning was sampled or given. It ends at a token of `stop` (one or several;
    not yielded) or after `max_new_tokens` (default: until the block is full). When the block is
    full and another token follows, the last block_size / 2 tokens are read again without the older
    ones; a prompt longer than the block is cut at the same index as if it had been sampled.
    On Numba each step is a replay, with the same tokens; `capture=False` turns that off.
    """
    check_host_read("generate()")
    config = SampleConfig(temperature, top_k, top_p, min_p)
    tokens, request = check_prompt(model, prompt), check_request(model.config, config, seed, stop)
    count = resolve_max_new_tokens(model, len(tokens), max_new_tokens)
    return _generate(model, tokens, count, request, capture)


def _generate(
    model: GPT, tokens: list[int], count: int, request: SamplingRequest, capture: bool
) -> Generator[int, None, None]:
    step = acquire_decode_step(model) if capture else None
    try:
        if step is not None:
            step.reset(request.config, [request.seed])
        decoder = Decoder(model, tokens, None if step is None else step.cache)
        for t in range(len(tokens), len(tokens) + count):
            token = UNDECIDED
            if step is not None and not has_sampler_override() and no_hooks_active():
                token = step.next_token(decoder, t)
            if token == UNDECIDED:
                token = sample_token(decoder.logits(), request, request.seed, t)
            if int(token) in request.stop_ids:
                return
            decoder.append(token)
            yield token
    finally:
        if step is not None:
            return_decode_step(model, step)
