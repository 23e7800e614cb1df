"""Limits on CPU and wall-clock time."""

import sys
import threading
import time

import pytest
from exercise_answers import endless

from microgpt.learn.time_limit import TimeLimitedCall, TimeLimitExceeded


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="no CPU clock of a thread")
def test_the_limits_are_of_cpu_time_and_of_wall_clock_time():
    waits = TimeLimitedCall(lambda: time.sleep(0.6), cpu_limit=0.3, wall_limit=30.0)
    assert waits.run() == "done"
    works = TimeLimitedCall(lambda: endless(), cpu_limit=0.3, wall_limit=30.0)
    assert works.run() == "stopped"
    start = time.monotonic()
    sleeps = TimeLimitedCall(lambda: [time.sleep(0.01) for _ in range(6000)], 30.0, wall_limit=0.3)
    assert sleeps.run() == "stopped"
    assert time.monotonic() - start < 20


def test_the_stack_size_of_other_threads_stays(monkeypatch):
    sizes = []
    before = threading.stack_size()
    call = TimeLimitedCall(lambda: sizes.append(threading.stack_size()), 1.0, 10.0)
    assert call.run() == "done"
    assert threading.stack_size() == before


def test_an_interrupt_of_the_caller_stops_the_thread(monkeypatch):
    call = TimeLimitedCall(lambda: endless(), cpu_limit=30.0, wall_limit=30.0)

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(call, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call.run()
    assert call._ended.is_set()
    assert isinstance(call.error, TimeLimitExceeded)


def test_an_answer_that_returns_after_the_limit_is_stopped_too():
    def swallows_the_exception():
        try:
            endless()
        except TimeLimitExceeded:
            return

    assert TimeLimitedCall(swallows_the_exception, 0.2, 30.0).run() == "stopped"
    assert TimeLimitedCall(lambda: None, 0.2, 30.0).run() == "done"


def test_a_stop_that_lands_in_a_finalizer_is_not_reported(monkeypatch):
    reports = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: reports.append(report.exc_type))

    class Finalized:
        def __init__(self, finalizer):
            self.finalizer = finalizer

        def __del__(self):
            self.finalizer()

    def broken():
        raise ValueError

    def answer():
        Finalized(broken)
        Finalized(lambda: endless(None))
        endless(None)

    hook = sys.unraisablehook
    assert TimeLimitedCall(answer, 0.1, 5.0).run() == "stopped"
    assert reports == [ValueError]
    assert sys.unraisablehook is hook
