"""Tracers: are told of every launch, allocation and read of results by Python, in one thread."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from microgpt.backends.locking import LOCK


class LaunchTracer(Protocol):
    """Is told of every launch, allocation and read of results by Python, in one thread."""

    def on_launch(self, name: str, call: Callable[..., None], args: tuple) -> None: ...

    def on_alloc(self, array: Any) -> None: ...

    def on_host_read(self, what: str) -> None: ...


class _ActiveTracer:
    """The tracer in use, if any, and the thread it traces."""

    tracer: LaunchTracer | None = None
    thread: int = 0


active_tracer = _ActiveTracer()


@contextmanager
def tracing(tracer: LaunchTracer) -> Iterator[LaunchTracer]:
    """`with tracing(tracer):` reports the launches of this thread; other threads wait."""
    with LOCK:
        previous = active_tracer.tracer, active_tracer.thread
        try:
            active_tracer.tracer, active_tracer.thread = tracer, threading.get_ident()
            yield tracer
        finally:
            active_tracer.tracer, active_tracer.thread = previous


def current_tracer() -> LaunchTracer | None:
    """The tracer of the calling thread, or None."""
    return active_tracer.tracer if active_tracer.thread == threading.get_ident() else None


def check_host_read(what: str) -> None:
    """Tell the active tracer that Python reads results, which no recording can replay."""
    tracer = current_tracer()
    if tracer is not None:
        tracer.on_host_read(what)
