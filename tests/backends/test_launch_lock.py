"""An interrupt during a launch frees the lock."""

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(os.name == "nt", reason="timers are signalled differently there")
def test_an_interrupt_during_a_launch_frees_the_lock():
    code = """
import random, signal, threading
import microgpt as mg
from microgpt.backends import LOCK
x = mg.Tensor([1.0], backend="numpy")
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
random.seed(0)
for _ in range(1500):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 4e-4))
        while True:
            x + x
    except KeyboardInterrupt:
        pass
done = []
thread = threading.Thread(target=lambda: done.append((x + x).item()), daemon=True)
thread.start()
thread.join(10)
print(done)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[2.0]"
