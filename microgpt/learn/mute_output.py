"""Discard the printed output of some threads while others print normally."""

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from microgpt.backends.locking import hold_over_fork

ErrorTypes = tuple[type[BaseException], ...]

_muted_threads: dict[int, ErrorTypes] = {}  # with the errors that are not reported
_lock = threading.RLock()
hold_over_fork(_lock)


class MutableStream:
    """Wraps a stream: discards writes of muted threads and passes on all others."""

    def __init__(self, stream: Any):
        self.stream = stream

    def write(self, text: Any) -> int:
        return len(text) if threading.get_ident() in _muted_threads else self.stream.write(text)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> "MutableStream":
        return MutableStream(self.stream.buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class MutableHook:
    """Wraps sys.unraisablehook: discards what `mute` named, and passes on all other reports."""

    def __init__(self, hook: Callable[[Any], Any]):
        self.hook = hook

    def __call__(self, unraisable: Any) -> None:
        unreported = _muted_threads.get(threading.get_ident(), ())
        if not issubclass(unraisable.exc_type, unreported):
            self.hook(unraisable)


def mute(thread_id: int, unreported: ErrorTypes = ()) -> None:
    """Discard the printed output of this thread until `unmute`.

    An error in a finalizer, or in the callback of a weak reference, cannot be raised: Python
    reports it to `sys.unraisablehook`. Errors of the types in `unreported` are not reported there.
    """
    with _lock:
        if not isinstance(sys.unraisablehook, MutableHook):
            sys.unraisablehook = MutableHook(sys.unraisablehook)
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)  # None in a program without a console
            if stream is not None and not isinstance(stream, MutableStream):
                setattr(sys, name, MutableStream(stream))
        _muted_threads[thread_id] = unreported


def unmute(thread_id: int) -> None:
    """Let this thread print again; the last call restores the streams and the hook."""
    with _lock:
        _muted_threads.pop(thread_id, None)
        if not _muted_threads and isinstance(sys.unraisablehook, MutableHook):
            sys.unraisablehook = sys.unraisablehook.hook
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if not _muted_threads and isinstance(stream, MutableStream):
                setattr(sys, name, stream.stream)
