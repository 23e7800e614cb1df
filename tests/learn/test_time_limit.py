"""Limits on CPU and wall-clock time."""

import time

import pytest
from exercise_answers import endless

from microgpt.learn.time_limit import TimeLimitedCall


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
