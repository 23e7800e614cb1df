"""A learner's softmax, cross-entropy and so on, in the place of a model's operations."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad, state
from microgpt.autograd.tensor import Tensor
from microgpt.errors import ShapeError
from microgpt.learn.messages import format_message
from microgpt.learn.op_adapters import PARTS, PLAIN
from microgpt.learn.usage_report import COMPARED, UsageReport
from microgpt.models.gpt import GPT

FUSED = ("decode_attention",)
NAMES = tuple(name for name in ops.HOOKABLE if name not in FUSED)


class OpOverrides:
    """The hook that runs the learner's functions, counts, and compares with the library."""

    def __init__(self, functions: dict[str, Callable[..., Any]], report: UsageReport):
        self.functions, self.report = functions, report
        self.seen: Counter[str] = Counter()
        self.passing = False  # True while the library itself, or a learner's function, runs

    def hook(self, name: str, op: Callable, arguments: tuple, options: dict) -> Any:
        """What stands in for the operation `name`."""
        if self.passing:
            return op(*arguments, **options)
        if name in self.functions:
            return self._own(name, op, arguments, options)
        if name in PARTS and (name != "causal_softmax" or "softmax" in self.functions):
            return PARTS[name](*arguments, **options)
        self.seen[name] += 1
        return op(*arguments, **options)

    def _own(self, name: str, op: Callable, arguments: tuple, options: dict) -> Any:
        tally = self.report.tallies[name]
        given = PLAIN.get(name, lambda *parts: parts)(*arguments)
        tally.calls += 1
        with self._aside():
            result: Any = None
            if tally.trains is not False:
                result = self._on_tensors(name, given, options, must=tally.trains is True)
            if tally.trains is None:
                tally.trains = isinstance(result, Tensor)
            library: Any = None
            if not tally.trains or tally.compared < COMPARED:
                library = op(*arguments, **options)
            if not tally.trains:
                result = self._on_arrays(name, given, options, library)
            shape = library.shape if library is not None else result.shape
            if result.shape != shape:
                raise ShapeError(f"your {name} must return shape {shape}; got {result.shape}")
            if library is not None and tally.compared < COMPARED:
                tally.compare(result.array, library.array)
            if tally.trains:
                return result
            # The learner's values on the library's node: its rule gives the slopes.
            library.array = result.array
            return library

    def _on_tensors(self, name: str, given: tuple, options: dict, must: bool) -> Any:
        """The learner's result if it is a Tensor; a function made for arrays stumbles here."""
        try:
            result = self.functions[name](*given, **options)
        except Exception:
            if must:
                raise
            return None
        return result

    def _on_arrays(self, name: str, given: tuple, options: dict, library: Any) -> Tensor:
        bare = (np.array(part.array) if isinstance(part, Tensor) else part for part in given)
        value = np.asarray(self.functions[name](*bare, **options))
        if value.dtype.kind not in "fiub":
            raise ShapeError(f"your {name} must return numbers; got {value.dtype}")
        if not library.shape:
            value = value.reshape(()) if value.size == 1 else value
        return library.detached(np.ascontiguousarray(value, library.dtype).reshape(value.shape))

    @contextmanager
    def _aside(self) -> Iterator[None]:
        self.passing = True
        try:
            yield
        finally:
            self.passing = False

    def loss(self, original: Callable, model: GPT, tokens: Any, targets: Any) -> Any:
        """A model's loss with the learner's functions, the first few beside the library's."""
        yours = original(model, tokens, targets)
        slopes = self.report.gradient is None and state.grad_enabled and yours.requires_grad
        more = len(self.report.losses) < COMPARED
        if self.passing or not (more or slopes):
            return yours
        with self._aside():
            if slopes:  # the first loss that has any: others may have been measured before
                library = original(model, tokens, targets)
                self.report.gradient = _apart(_gradient(model, yours), _gradient(model, library))
            else:
                with no_grad():
                    library = original(model, tokens, targets)
        if more:
            self.report.losses.append((yours.item(), library.item()))
        return yours

    def why_not(self, name: str) -> str:
        """Why that function never ran, in one sentence."""
        if not self.seen:
            return format_message("using", "nothing_called", names=f"your {name}")
        return format_message("using", "calls_instead", names=f"your {name}",
                        called=", ".join(sorted(self.seen)))  # fmt: skip


def _gradient(model: GPT, loss: Any) -> np.ndarray:
    """The gradient of one pass as one long array; what was collected before is put back."""
    parameters = model.parameters()
    before = [parameter.gradient().copy() for parameter in parameters]
    for parameter in parameters:
        parameter.gradient()[...] = 0.0
    loss.backward()
    slopes = np.concatenate([parameter.gradient().reshape(-1) for parameter in parameters])
    for parameter, collected in zip(parameters, before, strict=True):
        parameter.gradient()[...] = collected
    return slopes.astype(np.float64)


def _apart(yours: np.ndarray, library: np.ndarray) -> float:
    """The length of the difference, as a share of the library's length."""
    share = float(np.linalg.norm(yours - library)) / max(float(np.linalg.norm(library)), 1e-30)
    return float("inf") if np.isnan(share) else share


# `GPT.loss` is watched while a block of `using` is open, in the threads that have one open.

_watching: dict[int, list[OpOverrides]] = {}
_lock = threading.Lock()
_unwatched = GPT.loss


def _watched(self: GPT, tokens: Any, targets: Any) -> Tensor:
    """The model's loss, seen by the block of `using` that is open in this thread."""
    watchers = _watching.get(threading.get_ident())
    if not watchers:
        return _unwatched(self, tokens, targets)
    return watchers[-1].loss(_unwatched, self, tokens, targets)


@contextmanager
def watching(own: OpOverrides) -> Iterator[None]:
    """`with watching(own):` offers every loss of a `GPT` in this thread to `own.loss`."""
    thread = threading.get_ident()
    with _lock:
        _watching.setdefault(thread, []).append(own)
        GPT.loss = _watched  # type: ignore[method-assign]
    try:
        yield
    finally:
        with _lock:
            _watching[thread].pop()
            if not _watching[thread]:
                del _watching[thread]
            if not _watching:
                GPT.loss = _unwatched  # type: ignore[method-assign]
