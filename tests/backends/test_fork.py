"""A forked child can compute, whatever its parent did before."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

BEGIN = """
import multiprocessing, os, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 advises against any fork
import numba
import numpy as np
import microgpt as mg

def run_child(function):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(function()).encode())
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    return os.read(reading, 1000).decode() if status == 0 else f"the child ended with {status}"

mg.use("numba")
"""


def run(code, **environment):
    """What a new process prints; a child that hangs fails the test."""
    process = subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        env={**os.environ, "MICROGPT_POISON": "0", **environment},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return process.stdout


@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_a_child_runs_serially_what_its_parent_ran_in_parallel(layer):
    code = """
from microgpt.backends.numba_cpu.jit import kernel as jit
x = mg.Tensor(np.ones(200_000))
total = mg.capture(lambda t: (t + 1).sum())  # its replays launch parallel kernels
parent = [total(x).item() for _ in range(5)]
print(parent[-1], numba.threading_layer())
print(run_child(lambda: (total(x).item(), total(x).item(), (x + 1).sum().item())))
print(total(x).item(), jit.PARALLEL_FROM)
"""
    assert run(code, NUMBA_THREADING_LAYER=layer).splitlines() == [
        f"400000.0 {layer}",
        "(400000.0, 400000.0, 400000.0)",
        "400000.0 16384",  # the parent goes on in parallel
    ]


def test_a_child_of_a_parent_that_ran_nothing_in_parallel_may():
    code = """
from microgpt.backends.numba_cpu.jit import kernel as jit
mg.Tensor([1.0]) + 1
print(run_child(lambda: jit.PARALLEL_FROM))
"""
    assert run(code) == "16384\n"


def test_a_child_that_loads_the_kernels_itself():
    """The parent's own parallel function started the threads, long before."""
    code = """
from microgpt import backends
@numba.njit(parallel=True)
def fill(x):
    for i in numba.prange(x.size):
        x[i] = 1
fill(np.empty(1000))
print(run_child(lambda: (mg.Tensor(np.ones(200_000)) + 1).sum().item()))
"""
    assert run(code.replace("mg.use", "print"), NUMBA_THREADING_LAYER="omp") == "400000.0\n"


def test_no_lock_is_held_over_a_fork():
    """The child has only the thread that forked: what others hold would never be free."""
    code = """
from numba.core.compiler_lock import global_compiler_lock
from microgpt import backends
from microgpt.learn import mute_output, time_limit
mg.Tensor([1.0]) + 1
for name, lock in (("LOCK", backends.LOCK), ("loading", backends._loading),
                   ("compiler", global_compiler_lock._lock), ("mute", mute_output._lock),
                   ("stack", time_limit._stack_size_lock)):
    held = threading.Event()
    def hold():
        with lock:
            held.set()
            time.sleep(0.2)  # so long does the fork wait
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    print(name, run_child(lambda: lock.acquire(timeout=5)))
    thread.join()
"""
    assert run(code).splitlines() == [
        f"{name} True" for name in ("LOCK", "loading", "compiler", "mute", "stack")
    ]


@pytest.mark.slow
def test_a_pool_of_forked_workers_samples_what_its_parent_trained():
    code = """
from microgpt import backends
corpus = mg.load_corpus("names-mini")
config = mg.GPTConfig.microgpt(n_embd=128)
trainer = mg.Trainer(mg.GPT(config), corpus, mg.config.TrainConfig(steps=4, batch_size=64))
trainer.run()
numba.get_num_threads()  # threads, if none of the kernels was large enough
def sample(seed):
    return mg.generate(trainer.model, [0], 8, seed=seed)
parent = [list(sample(seed)) for seed in range(4)]
def child(seed):
    return list(sample(seed))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(child, range(4)).get(50) == parent)
"""
    assert run(code) == "True\n"
