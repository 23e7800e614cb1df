"""Numba's cache folder for the learner's own functions stays theirs."""

import subprocess
import sys


def test_the_learners_own_numba_cache_folder_is_left_alone():
    code = """
import threading
import numba
import microgpt as mg
before = numba.core.config.CACHE_DIR
mg.use("numba")
def work(name):
    x = mg.Tensor([0.5])
    for op in ("exp", "log", "tanh", "sigmoid", "relu"):
        getattr(x, op)()
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
print(numba.core.config.CACHE_DIR == before)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True"
