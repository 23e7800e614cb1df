"""Temporary arrays share memory, and never one that is in use."""

import weakref

import numpy as np
import pytest

import microgpt as mg
from microgpt.backends.memory import CACHE_LINE, data_ptr, from_cache_line
from microgpt.recording.memory_plan import plan_memory


def test_arrays_share_memory_and_results_are_right(backend, poison):
    w = mg.Tensor(np.full(1000, 0.5), requires_grad=True)

    def chain(x):
        y = w * x
        for _ in range(20):
            y = y * 2.0 * 0.5
        return y, y.sum()

    f = mg.capture(chain)
    for number in range(8):
        with mg.no_grad():
            y, total = f(np.full(1000, float(number)))
        np.testing.assert_array_equal(y.numpy(), 0.5 * number)
        assert total.item() == 500 * number
    memory = f.memory()
    assert memory.unshared_bytes > 40 * 8000
    assert memory.arena_bytes < 4 * 8000


def test_one_arena_serves_all_recordings_and_grows(backend, poison):
    w = mg.Tensor(np.ones(1), requires_grad=True)
    f = mg.capture(lambda x: (w.broadcast_to(x.shape[0]) * x).exp().sum())
    sizes = (10, 100_000, 1000, 400_000, 2_000_000, 10)
    for _ in range(4):
        for size in sizes:
            assert f(np.zeros(size)).item() == size
    assert f.memory().arena_bytes >= 2_000_000 * 8
    assert f.memory().arena_bytes < f.memory().unshared_bytes


def test_what_is_kept_after_the_call_is_not_shared(backend, poison):
    w, kept = mg.Tensor(np.ones(50), requires_grad=True), {}

    def f(x):
        kept["y"] = w * x
        z = kept["y"] * 1.0
        for _ in range(5):
            z = z * 2.0
        return z

    captured = mg.capture(f)
    for number in range(6):
        captured(np.full(50, float(number)))
        np.testing.assert_array_equal(kept["y"].array, number)


def test_no_two_arrays_meet():
    rng = np.random.default_rng(1)
    for _ in range(50):
        firsts = np.sort(rng.integers(0, 40, 60))
        lifetimes = [
            (int(first), int(first + rng.integers(0, 12)), int(rng.integers(0, 500)))
            for first in firsts
        ]
        offsets, total = plan_memory(lifetimes)
        for n, (first, last, nbytes) in enumerate(lifetimes):
            assert offsets[n] % CACHE_LINE == 0
            assert offsets[n] + nbytes <= total
            for m in range(n):
                apart = (
                    offsets[m] + lifetimes[m][2] <= offsets[n] or offsets[n] + nbytes <= offsets[m]
                )
                assert apart or lifetimes[m][1] < first, (lifetimes[m], lifetimes[n], last)
        live = np.zeros(60)
        for first, last, nbytes in lifetimes:
            live[first : last + 1] += -(-nbytes // CACHE_LINE) * CACHE_LINE
        assert live.max() <= total <= 1.5 * live.max()


@pytest.mark.parametrize("shift", range(0, CACHE_LINE // 4, 3))
def test_memory_begins_at_a_cache_line_wherever_the_system_gave_it(shift):
    memory = from_cache_line(np.zeros(100, np.float32), 80)[shift:]
    aligned = from_cache_line(memory, 40)
    assert data_ptr(aligned) % CACHE_LINE == 0
    assert 0 <= data_ptr(aligned) - data_ptr(memory) < CACHE_LINE
    assert aligned.size == 40


def test_an_arena_begins_at_a_cache_line_and_keeps_no_old_memory(backend):
    w = mg.Tensor(np.ones(1), requires_grad=True)
    f = mg.capture(lambda x: (w.broadcast_to(x.shape[0]) * x).exp().sum())
    expected = {size: f(np.ones(size)).item() for size in (3, 400_000, 3_000_000)}
    memories = []
    for size in expected:
        for _ in range(3):
            assert f(np.ones(size)).item() == expected[size]
        memories.append(weakref.ref(f._arena.memory.base))
        assert data_ptr(f._arena.memory) % CACHE_LINE == 0
    assert [memory() is None for memory in memories] == [True, True, False]
    assert f(np.ones(3)).item() == expected[3]
