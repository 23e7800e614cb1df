"""`CapturedDecodeStep`: a captured decode step that reads a token and samples the next.

Recording takes two steps. So the captured step is kept with its model between texts, and the next
text is replayed from its first decode step. On a device several steps are captured as one graph:
each feeds its token to the next, and the host reads all of them at once.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter, is_
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from microgpt.autograd.engine import context, no_grad
from microgpt.backends import current_tracer
from microgpt.backends.memory import as_host
from microgpt.backends.shared_rules import UNDECIDED
from microgpt.config import SampleConfig
from microgpt.errors import CaptureError
from microgpt.models.gpt import GPT
from microgpt.models.quantized_gpt import QuantizedGPT
from microgpt.recording import capture
from microgpt.sampling.decoder import Decoder
from microgpt.sampling.kv_cache import KVCache

MAX_STEPS_AHEAD = 16  # of one graph: what comes after an end was computed for nothing

_idle_steps: WeakKeyDictionary[GPT, "CapturedDecodeStep"] = WeakKeyDictionary()  # one per model
_idle_batch_steps: WeakKeyDictionary[GPT, "CapturedDecodeStep"] = WeakKeyDictionary()  # the same
_modules = attrgetter("config", "wte", "wpe", "ln_emb", "h", "ln_f", "lm_head")


class CapturedDecodeStep:
    """A KV cache for `batch_size` texts and the captured step; used by one generator at a time.

    It refers to the model weakly, since it is kept with the model and must not keep it alive.
    """

    def __init__(self, model: GPT, batch_size: int = 1):
        self.cache = KVCache(model, batch_size)
        on_device = self.cache.backend.from_host
        self._token = on_device(np.zeros(batch_size, np.int32))
        self._position, self._params = on_device(np.zeros(1, np.int32)), on_device(np.zeros(4))
        self._seed = on_device(np.zeros(batch_size, np.int64))
        self._sample = _sample_function(
            self.cache, self._token, self._params, self._seed, self._position
        )
        self._step = capture(_step_function(model, self.cache, self._token, self._sample))
        self._captures = True
        self.num_ahead = 0  # steps of `decode_ahead`
        if self.cache.backend.reading_waits:
            self.num_ahead = min(MAX_STEPS_AHEAD, self.cache.block_size - 1)
            self._tokens = on_device(np.zeros((1 + self.num_ahead, batch_size), np.int32))
            self._steps = capture(
                _steps_function(
                    model, self.cache, self._tokens, self._params, self._seed, self._position
                )
            )
        self._recorded_modules, self._recorded_contents = _modules(model), list(_contents(model))

    def matches(self, model: GPT) -> bool:
        """Whether the model still has the modules and attributes that were recorded."""
        return all(map(is_, _modules(model), self._recorded_modules)) and all(
            len(container) == len(contents) and all(map(is_, _values(container), contents))
            for container, contents in self._recorded_contents
        )

    def reset(self, config: SampleConfig, seeds: Sequence[int]) -> None:
        """Empty the cache; set the sampling parameters and the seeds (one per row) to use next."""
        self.cache.reset()
        self._params[:] = config.temperature, config.top_k or 0, config.top_p or 1, config.min_p
        self._seed.view(np.uint64)[:] = seeds

    def next_token(self, decoder: Decoder, t: int) -> int:
        """Sample the token at position `t`; UNDECIDED if only the exact `next_token` can decide."""
        cache = self.cache
        length = cache.length
        if len(decoder.pending) != 1 or length == cache.block_size:
            return int(self.sample(decoder.read(), t)[0])
        self._token[0] = decoder.pending[0]
        token = int(self._decode(t)[0])
        if token == UNDECIDED:
            cache.rewind(length)  # the decoder will read the token again
        else:
            decoder.commit()
        return token

    def sample(self, logits: np.ndarray, t: int) -> np.ndarray:
        """Sample tokens (B,) at position `t` from logits (B, V); UNDECIDED as in `next_token`."""
        self._position[0] = t
        self._sample(logits)
        return as_host(self._token)

    def decode(self, tokens: Sequence[int] | np.ndarray, t: int) -> np.ndarray:
        """Read `tokens` (B,) and sample those at position `t` (B,), UNDECIDED as above."""
        self._token[:] = tokens
        return self._decode(t)

    def decode_ahead(self, tokens: np.ndarray, t: int) -> np.ndarray | None:
        """Read `tokens` (B,) and sample those at `num_ahead` positions from `t` on.

        Returns (num_ahead, B): a row is UNDECIDED where only the exact `next_token` can decide, and
        what follows it there was sampled after another token. None if the model is not captured.
        """
        self._position[0] = t
        self._tokens[0][:] = tokens
        try:
            self._steps()
        except CaptureError:
            self.num_ahead = 0
            return None
        return as_host(self._tokens)[1:]

    def _decode(self, t: int) -> np.ndarray:
        self._position[0] = t
        try:
            if self._captures:
                self._step()
        except CaptureError:  # a custom part of the model that cannot be recorded
            self._captures = False
        if not self._captures:
            self._token[:] = UNDECIDED
        return as_host(self._token)


# Closures, not methods: a captured bound method would refer back to its step, a reference cycle.


def _sample_function(cache: KVCache, token: np.ndarray, *args: np.ndarray) -> Callable:
    """Make the function that samples from logits (B, V) and writes the token into `token`."""

    def sample(logits: np.ndarray) -> None:
        cache.backend.launch("sample_", token, logits, *args)

    return sample


def _step_function(model: GPT, cache: KVCache, token: np.ndarray, sample: Callable) -> Callable:
    """Make the function to capture: it reads `token`, then replaces it by the next."""
    model_ref = ref(model)

    def step() -> None:
        model = model_ref()
        assert model is not None  # the caller who samples refers to it
        with no_grad():
            sample(model.decode_step(token, cache).array)

    return step


def _steps_function(
    model: GPT, cache: KVCache, tokens: Any, params: Any, seed: Any, position: Any
) -> Callable:
    """Make the function to capture: it reads the tokens of row 0, and fills the other rows."""
    model_ref, launch = ref(model), cache.backend.launch
    readable = cache.backend.from_host(np.zeros(cache.batch_size, np.int32))

    def steps() -> None:
        model = model_ref()
        assert model is not None  # as above
        for index in range(1, len(tokens)):
            # UNDECIDED has no embedding; the host drops what follows it.
            launch("clip_forward", readable, tokens[index - 1], 0, model.config.vocab_size - 1)
            with no_grad():
                logits = model.decode_step(readable, cache).array
            launch("sample_", tokens[index], logits, params, seed, position)
            launch("increment_position_", position, 1)

    return steps


def supports_capture(model: GPT) -> bool:
    """Whether decode steps of this model can be captured."""
    return model.backend.name != "numpy" and type(model) in (GPT, QuantizedGPT)


def acquire_decode_step(model: GPT) -> CapturedDecodeStep | None:
    """Take the model's kept step or make one, to be returned after use; None if not captured."""
    if not supports_capture(model):
        return None
    step = _idle_steps.pop(model, None)
    return step if step is not None and step.matches(model) else CapturedDecodeStep(model)


def return_decode_step(model: GPT, step: CapturedDecodeStep) -> None:
    """Keep the step for the next text, unless another is already kept."""
    _idle_steps.setdefault(model, step)


def acquire_batch_step(model: GPT, batch_size: int) -> CapturedDecodeStep | None:
    """The same for several texts; a step for another number of them is freed."""
    if not supports_capture(model):
        return None
    step = _idle_batch_steps.pop(model, None)
    if step is not None and step.cache.batch_size == batch_size and step.matches(model):
        return step
    return CapturedDecodeStep(model, batch_size)


def return_batch_step(model: GPT, step: CapturedDecodeStep) -> None:
    """Keep the step for the next texts on a device, where a graph is made after some calls.

    Elsewhere a call replays steps that it recorded itself, and the cache would only take memory.
    """
    if step.num_ahead:
        _idle_batch_steps[model] = step


def free_decode_step(model: GPT) -> None:
    """Free the KV caches and recorded steps that generation keeps with a model for the next texts.

    Otherwise they are freed with the model. For GPT-2 (124M) and one text they take 75 MB.
    """
    _idle_steps.pop(model, None)
    _idle_batch_steps.pop(model, None)


def no_hooks_active() -> bool:
    """Whether no hook, override, decomposition or tracer is active, which see plain launches."""
    return not context.watched and current_tracer() is None


def _contents(model: GPT) -> Iterator[tuple[Any, tuple]]:
    """Yield each attribute dictionary, dictionary and list in the modules, with its values now."""
    for _, module in model.named_modules():
        attributes = vars(module)
        if module is not model:  # the model's own attributes may refer back to it and leak it
            yield attributes, tuple(attributes.values())
        for value in attributes.values():
            if isinstance(value, dict | list):
                yield value, tuple(_values(value))


def _values(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container
