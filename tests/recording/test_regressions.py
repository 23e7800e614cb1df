"""Bugs that were found once, each by its name."""

import ast
import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import microgpt as mg
from microgpt import nn, ops
from microgpt.errors import (
    CaptureError,
    ShapeError,
)


def leaf(*shape, seed=0, **options):
    return mg.Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True, **options)


class Pair(NamedTuple):
    first: mg.Tensor
    second: int


def microgpt(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "microgpt", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def cached(heads=2, places=4, size=3, rows=1):
    """Queries, keys and values of one more token, and what they are attended with."""
    keys = np.zeros((rows, heads, places, size), np.float32)
    qkv = mg.Tensor(np.ones((rows, 1, 3 * heads * size), np.float32))
    return qkv, keys, keys.copy(), np.zeros(1, np.int32)


class Shouting(mg.GPT):
    def __call__(self, tokens, cache=None):
        return super().__call__(tokens, cache) * 2


class OwnMLP(nn.Module):
    def __init__(self):
        self.weight = mg.Tensor(np.full((16, 16), 0.1), requires_grad=True, dtype="float32")
        self.same = self.weight
        self.rows = {"shift": [mg.Tensor(np.ones(16, np.float32), requires_grad=True)]}

    def __call__(self, x, residual):
        return residual + ops.linear(x, self.same, self.rows["shift"][0])


PRODUCTS = ("matmul", "dot", "vdot", "vecdot", "inner", "outer", "einsum", "tensordot")


def _name(node):
    return node.attr if isinstance(node, ast.Attribute) else node.name


def test_captured_results_made_by_numpy_or_changing_are_refused(backend):
    w = leaf(3)
    with pytest.raises(CaptureError, match="made itself"):
        mg.capture(lambda x: x * 2)(np.arange(3.0))
    kept = [w * 1.0, w * 2.0]
    turns = iter([0, 1, 0, 1])
    f = mg.capture(lambda: kept[next(turns)])
    f(), f()
    with pytest.raises(CaptureError, match="another array each time"):
        f()
    f = mg.capture(lambda x: (w * 1.0, float(x.sum())))
    f(np.zeros(3)), f(np.ones(3))
    with pytest.raises(CaptureError, match="it returned"):
        f(np.full(3, 2.0))


def test_a_captured_decoding_step_is_refused_not_wrong(backend):
    model = mg.GPT(mg.GPTConfig())
    cache = mg.KVCache(model)
    with mg.no_grad(), pytest.raises(CaptureError, match=r"cache\.length"):
        mg.capture(lambda t: model(t, cache))(np.array([[1]]))


def test_an_argument_changed_in_place_is_refused(backend):
    f = mg.capture(lambda p: mg.backends.get(backend).launch("advance_", p, 1))
    with pytest.raises(CaptureError, match="changes an argument"):
        f(np.zeros(1, np.int32))


def test_wide_token_ids_are_refused_by_a_replay(backend):
    w = leaf(5, 2)
    f = mg.capture(lambda t: ops.embedding(w, t))
    for token in (0, 1, 2):
        f(np.array([token]))
    with pytest.raises(mg.TokenError, match="32 bits"):
        f(np.array([2**32 + 1]))


def test_recordings_of_tensors_on_two_back_ends():
    f = mg.capture(lambda x: x * 2)
    for _ in range(3):
        for name in ("numpy", "numba"):
            assert f(mg.Tensor([1.0], backend=name)).backend.name == name


def test_named_tuples_and_nan_in_captured_functions(backend):
    w = leaf(2)
    f = mg.capture(lambda: Pair(w * 2, 3))
    for _ in range(3):
        assert f().second == 3
    with pytest.raises(CaptureError, match="NaN"):
        mg.capture(lambda x: w * x)(float("nan"))


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


def test_equal_arguments_of_other_kinds_have_their_own_recordings(backend):
    one = mg.Tensor(np.ones(1), requires_grad=True)
    f = mg.capture(lambda s: one * (s[0] if isinstance(s[0], float) else 10 * s[0]))
    for _ in range(3):
        assert f((1,)).item() == 10.0
        assert f((1.0,)).item() == 1.0
    with pytest.raises(CaptureError, match="is or holds a dict"):
        f({"s": 1})


def test_an_argument_that_is_kept_is_not_the_next_one(backend):
    state = {}

    def change(x):
        y = x - state.get("previous", x)
        state["previous"] = x
        return y

    f = mg.capture(change)
    for x in (0.0, 1.0):
        f(mg.Tensor([x]))
    with pytest.raises(CaptureError):
        f(mg.Tensor([4.0]))


def test_more_shapes_than_there_is_room_for(backend):
    two = mg.Tensor([2.0], requires_grad=True, dtype="float64")
    f = mg.capture(lambda x: x * two)
    for _ in range(4):
        for n in range(1, 67):
            assert f(mg.Tensor(np.ones(n))).sum().item() == 2 * n
    assert "64 recordings" in repr(f)


def test_a_named_tuple_is_not_a_plain_one(backend):
    class Pair(NamedTuple):
        a: float
        b: float

    f = mg.capture(lambda x, pair: x * (pair.a if isinstance(pair, Pair) else 7.0))
    for _ in range(3):
        assert f(mg.Tensor([1.0]), Pair(1.0, 2.0)).item() == 1.0
        assert f(mg.Tensor([1.0]), (1.0, 2.0)).item() == 7.0


def test_a_replay_refuses_a_token_beyond_the_cache(backend):
    qkv, keys, values, position = cached()
    with mg.no_grad():
        step = mg.capture(lambda x: ops.decode_self_attention(x, keys, values, position, 2))
        for place in range(4):
            position[0] = place
            step(qkv)
        position[0] = 4
        with pytest.raises(ShapeError, match="from place 4 on"):
            step(qkv)
