"""Discard the printed output of some threads while others print normally."""

import sys
import threading
from collections.abc import Iterable
from typing import Any

from microgpt.backends.dispatch import hold_over_fork

_muted_threads: set[int] = set()
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


def mute(thread_id: int) -> None:
    """Discard the printed output of this thread until `unmute`."""
    with _lock:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)  # None in a program without a console
            if stream is not None and not isinstance(stream, MutableStream):
                setattr(sys, name, MutableStream(stream))
        _muted_threads.add(thread_id)


def unmute(thread_id: int) -> None:
    """Let this thread print again; the last call restores sys.stdout and sys.stderr."""
    with _lock:
        _muted_threads.discard(thread_id)
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if not _muted_threads and isinstance(stream, MutableStream):
                setattr(sys, name, stream.stream)
