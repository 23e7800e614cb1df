"""Run a model's method while traces look: record every named activation, and edit some.

Fused operations never store what is inside them. So a run without edits happens twice: once
decomposed, to record, and once as always, to return the model's own result to the last bit. A run
with edits happens once, decomposed.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from typing import Any

import numpy as np

from microgpt.autograd.engine import context, hook_activations, no_grad, override_runs
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.errors import StateError
from microgpt.interpretability.edit import Edit, replace_value
from microgpt.models.gpt import GPT
from microgpt.nn.dropout import freeze_masks
from microgpt.ops.token_ids import as_token_ids
from microgpt.sampling.kv_cache import KVCache

LOGITS = "logits"


class Recording:
    """The activations of one run by name, in order of computation, without a batch axis for (T,).

    `tokens` (T,) or (B, T) are what the model read, if `cached` after those in a cache.
    """

    def __init__(self, tokens: Any, cached: bool = False):
        self.tokens = np.array(as_token_ids(tokens))
        self.cached = cached
        self.arrays: dict[str, np.ndarray] = {}

    def record(self, edits: Iterable[Edit], run: Callable[[], Tensor]) -> Tensor:
        """Return `run()`, hooked: activations are edited, then recorded."""
        edits, applied = tuple(edits), set()
        earlier_hook = context.activation_hook
        has_batch = self.tokens.ndim > 1

        def hook(name: str, node: Any) -> Any:
            if earlier_hook is not None:
                node = earlier_hook(name, node)
            array = node.numpy() if has_batch else node.numpy()[0]
            for edit in edits:
                if edit.name == name:
                    applied.add(name)
                    array = edit(array)
            self.arrays[name] = array
            return replace_value(node, array) if name in applied else node

        with hook_activations(hook):
            result = run()
        for edit in edits:
            if edit.name not in applied:
                raise StateError(
                    f"{edit.name} was not computed in this run, so its edit had no effect",
                    "t.names() lists what was; a function in place of an operation hides its parts",
                )
        return result

    def keep_logits(self, result: Tensor) -> None:
        """Record the logits that the model returned, in place of the decomposed run's."""
        recorded = self.arrays[LOGITS]
        if result.size == recorded.size:  # and not a loss
            self.arrays[LOGITS] = result.numpy().reshape(recorded.shape)


class RunObserver:
    """Sees the runs of `model` while it is active: `edits` for them, the last one's `recording`."""

    def __init__(self, model: GPT):
        self.model = model
        self.edits: tuple[Edit, ...] = ()
        self.recording: Recording | None = None


class _Thread(threading.local):
    active: tuple[RunObserver, ...] = ()


_thread = _Thread()


def observe_runs(observer: RunObserver) -> ExitStack:
    """Activate an observer in this thread, until the stack that is returned closes."""
    stack, before = ExitStack(), _thread.active
    stack.callback(setattr, _thread, "active", before)
    stack.enter_context(override_runs(_run_traced))
    _thread.active = (*before, observer)
    return stack


def _run_traced(method: Callable[..., Tensor], model: GPT, *args: Any, **kwargs: Any) -> Tensor:
    """Run `method(model, …)`, seen by all observers of that model: edits of the outer one first."""
    observers = [observer for observer in _thread.active if observer.model is model]
    if not observers:
        return method(model, *args, **kwargs)

    def run() -> Tensor:
        return method(model, *args, **kwargs)

    tokens = args[0] if args else kwargs["tokens"]
    cache = next((a for a in (*args, *kwargs.values()) if isinstance(a, KVCache)), None)
    recording = Recording(tokens, cached=cache is not None and cache.length > 0)
    edits = [edit for each in observers for edit in each.edits]
    with LOCK, override_runs(None):
        if edits or context.activation_hook is not None:
            length = 0 if cache is None else cache.length
            try:
                result = recording.record(edits, run)
            except StateError:
                if cache is not None:  # the refused tokens can be read again
                    cache.rewind(length)
                raise
        else:
            _record_beside(recording, run, cache)
            result = run()
            recording.keep_logits(result)
    for observer in observers:
        observer.recording = recording
    return result


def _record_beside(recording: Recording, run: Callable[[], Tensor], cache: KVCache | None) -> None:
    """Record a run that leaves no mark: no graph, no cached token, and dropout's next masks."""
    length = 0 if cache is None else cache.length
    with freeze_masks() if context.grad_enabled else nullcontext(), no_grad():
        recording.record((), run)
    if cache is not None:
        cache.rewind(length)


def record_run(model: GPT, tokens: np.ndarray, edits: Iterable[Edit] = ()) -> Recording:
    """Record a run of its own on `tokens`, decomposed and without gradients, outside any trace."""
    recording = Recording(tokens)
    with LOCK, override_runs(None), hook_activations(None), no_grad():
        recording.record(edits, lambda: model(tokens))
    return recording
