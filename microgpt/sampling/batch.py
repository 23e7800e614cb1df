"""`generate_batch`: continue several texts at once; a step reads the weights once for all."""

from collections.abc import Callable, Sequence

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import no_grad
from microgpt.backends.shared_rules import UNDECIDED
from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling.captured_decode import (
    CapturedDecodeStep,
    acquire_batch_step,
    no_hooks_active,
    return_batch_step,
)
from microgpt.sampling.decoder import window_start
from microgpt.sampling.generation import has_sampler_override, sample_token
from microgpt.sampling.kv_cache import KVCache
from microgpt.sampling.validation import (
    SamplingRequest,
    Stop,
    check_model,
    check_prompt,
    check_request,
    resolve_max_new_tokens,
)

ShouldStop = Callable[[int, int], bool]


def generate_batch(
    model: GPT,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    stop: Stop = None,
    should_stop: ShouldStop | None = None,
    capture: bool = True,
) -> list[list[int]]:
    """Continue several prompts of any lengths together; return the new tokens of each, in order.

    Row i is what `generate(model, prompts[i], …, seed=seed + i)` yields, up to rounding: logits
    computed for several rows may differ in their last digits. All rows are at the same position:
    as many tokens as the shortest prompt has are prefilled in every row. Then a row whose prompt is
    longer reads its prompt's next token while shorter ones sample theirs. Nothing is padded or
    masked, so no row depends on another. When the block is full, all rows drop their older tokens
    at the same position, as one text alone would. `should_stop(i, token)` is called with each new
    token of row i, and ends the row after it if it returns True.
    """
    backends.check_host_read("generate_batch()")
    config = SampleConfig(temperature, top_k, top_p, min_p)
    check_model(model)
    if not isinstance(prompts, Sequence | np.ndarray) or isinstance(prompts, str):
        raise SettingError("prompts", "rows of token ids", type(prompts))
    rows = [check_prompt(model, prompt) for prompt in prompts]
    request = check_request(model.config, config, seed, stop, batch_size=len(rows))
    counts = [resolve_max_new_tokens(model, len(row), max_new_tokens) for row in rows]
    if not rows:
        return []
    return _Batch(model, rows, counts, request, capture).generate(should_stop)


class _Batch:
    """The token ids (B, T), known in every row before the current position, and each row's end."""

    def __init__(
        self,
        model: GPT,
        prompts: list[list[int]],
        counts: list[int],
        request: SamplingRequest,
        capture: bool,
    ):
        self.model, self.request = model, request
        self.prompt_lengths = np.array([len(prompt) for prompt in prompts])
        self.ends = self.prompt_lengths + counts
        self.tokens = np.zeros((len(prompts), self.ends.max()), np.int32)
        for row, prompt in zip(self.tokens, prompts, strict=True):
            row[: len(prompt)] = prompt
        self.step: CapturedDecodeStep | None = None
        if capture and (step := acquire_batch_step(model, len(prompts))) is not None:
            self.step = step
            step.reset(request.config, [request.seed + i for i in range(len(prompts))])
        self.cache = KVCache(model, len(prompts)) if self.step is None else self.step.cache
        self.ahead = np.empty((0, len(prompts)), np.int32)  # tokens of the next positions

    def generate(self, should_stop: ShouldStop | None = None) -> list[list[int]]:
        """Continue every text to its end; return the new tokens of each."""
        try:
            return self._generate(should_stop)
        finally:
            if self.step is not None:
                return_batch_step(self.model, self.step)

    def _generate(self, should_stop: ShouldStop | None) -> list[list[int]]:
        t, active = 0, self.prompt_lengths < self.ends
        while active.any():
            if (t < self.prompt_lengths[active]).all():  # all still in their prompts: prefill more
                t = int(self.prompt_lengths[active].min())
                self.cache.reset()
            sampling = active & (t >= self.prompt_lengths)
            next_tokens = self._next_ahead(t, active, sampling)
            if next_tokens is None:
                next_tokens = self._next_tokens(t, sampling)
            stopped = sampling & np.isin(next_tokens, list(self.request.stop_ids))
            self.ends[stopped] = t
            self.tokens[sampling, t] = next_tokens[sampling]
            t += 1
            if should_stop is not None:
                for i in np.flatnonzero(sampling & ~stopped):
                    if should_stop(int(i), int(next_tokens[i])):
                        self.ends[i] = t
            active &= t < self.ends
        return [
            row[start:end].tolist()
            for row, start, end in zip(self.tokens, self.prompt_lengths, self.ends, strict=True)
        ]

    def _next_ahead(self, t: int, active: np.ndarray, sampling: np.ndarray) -> np.ndarray | None:
        """Return the tokens (B,) at `t` that were sampled ahead, several steps as one graph.

        None where there are none: for a prompt's tokens, a full block, an end that is near, or a
        token that only `next_token` can decide; then the cache goes back before it.
        """
        if self.step is None or not self.step.num_ahead:
            return None
        if not len(self.ahead):
            self._look_ahead(self.step, t, bool((active == sampling).all()))
        if not len(self.ahead):
            return None
        next_tokens, later = self.ahead[0], len(self.ahead)
        self.ahead = self.ahead[1:]
        if (next_tokens[sampling] == UNDECIDED).any():
            self.cache.rewind(self.cache.length - later)
            self.ahead = self.ahead[:0]
            return None
        return next_tokens

    def _look_ahead(self, step: CapturedDecodeStep, t: int, all_sample: bool) -> None:
        """Sample several positions from `t` on, if all active rows need most of them."""
        cache = self.cache
        if not all_sample or 2 * (int(self.ends.max()) - t) < step.num_ahead:
            return
        if has_sampler_override() or not no_hooks_active():
            return
        if 0 < cache.length <= cache.block_size - step.num_ahead:
            ahead = step.decode_ahead(self.tokens[:, t - 1], t)
            self.ahead = self.ahead if ahead is None else ahead

    def _next_tokens(self, t: int, sampling: np.ndarray) -> np.ndarray:
        """Return the next tokens (B,) at position `t`, valid in the rows that are `sampling`."""
        cache, step = self.cache, self.step
        length = cache.length
        if length == cache.block_size:
            cache.reset()
            length = 0
        start = t - 1 if length else window_start(t, cache.block_size)
        pending, logits = self.tokens[:, start:t], None
        next_tokens = np.full(len(self.tokens), UNDECIDED)
        if step is not None and not has_sampler_override() and no_hooks_active():
            if length:
                next_tokens[:] = step.decode(pending[:, 0], t)
            else:
                logits = self._read(pending)
                next_tokens[:] = step.sample(logits, t)
        for i in np.flatnonzero(sampling & (next_tokens == UNDECIDED)):
            if logits is None:
                cache.rewind(length)  # in case the step has read them already
                logits = self._read(pending)
            seed = self.request.seed + int(i)
            next_tokens[i] = sample_token(backends.to_host(logits[int(i)]), self.request, seed, t)
        return next_tokens

    def _read(self, tokens: np.ndarray) -> np.ndarray:
        """Return the logits (B, V) after `tokens` (B, T), which follow those in the cache."""
        with backends.LOCK, no_grad():
            return self.model.next_token_logits(tokens, self.cache).array
