"""Sampling's threads give the tokens of `next_token`, whichever of the two kernels draws them."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends
from microgpt.backends.numba_cuda import _launch, sampling
from microgpt.backends.numba_cuda.sampling.searched import SCRAMBLE, UNSCRAMBLE
from microgpt.backends.shared_rules import UNDECIDED
from microgpt.interpreter import ORDERS

UNFILTERED = (1.0, 0, 1.0, 0.0)  # temperature, top_k, top_p, min_p
FILTERS = [
    UNFILTERED, (0, 0, 1, 0), (0.7, 5, 1, 0), (1, 0, 0.8, 0), (2, 0, 1, 0.2), (1, 9, 0.9, 0.05),
    (1e-300, 0, 1, 0), (1, 1, 1, 0), (1, 0, 1, 1),
]  # fmt: skip


@pytest.fixture(params=["ranked", "searched"])
def method(request, monkeypatch):
    """Either kernel, for a vocabulary of any size; in blocks of two warps, to save time."""
    monkeypatch.setattr(sampling, "MAX_RANKED", 0 if request.param == "searched" else 1024)
    monkeypatch.setattr(sampling, "BLOCK", 64)
    return request.param


def sampled(logits, params=UNFILTERED, seeds=(0,), t=0):
    """What the kernel writes for each row."""
    logits = np.atleast_2d(logits)
    token, position = np.full(len(logits), -7, np.int32), np.array([t], np.int32)
    seed = np.array(seeds, np.uint64).view(np.int64)
    kernel = backends.get("interpreter")
    kernel.launch("sample_", token, logits, np.array(params, float), seed, position)
    return token.tolist()


def expected(logits, params=UNFILTERED, seeds=(0,), t=0):
    """What `next_token` samples."""
    temperature, top_k, top_p, min_p = params
    return [
        mg.next_token(row, temperature, top_k or None, top_p, min_p, mg.uniform(seed, t)).token
        for row, seed in zip(np.atleast_2d(logits), seeds, strict=True)
    ]


@pytest.mark.parametrize("params", FILTERS)
def test_it_samples_what_next_token_samples(method, params):
    rng = np.random.default_rng(3)
    for V, dtype in [(1, "float32"), (2, "float64"), (27, "float32"), (33, "float64")]:
        logits = (3 * rng.normal(size=(2, V))).astype(dtype)
        logits[1] = np.round(logits[1])  # some are equal
        logits[1, 1:][rng.random(V - 1) < 0.3] = -np.inf
        seeds, t = [2**64 - 1, int(rng.integers(2**62))], int(rng.integers(2**31))
        assert sampled(logits, params, seeds, t) == expected(logits, params, seeds, t)


def test_block_wide_sums_of_a_longer_row(method):
    logits = np.random.default_rng(4).normal(size=(1, 150)) * 2
    for t, params in enumerate([UNFILTERED, (0.8, 50, 0.95, 0.03)]):
        assert sampled(logits, params, t=t) == expected(logits, params, t=t)


def test_the_size_of_the_vocabulary_chooses_the_kernel(monkeypatch):
    used = []
    for name in ("ranked", "searched"):
        kernel = getattr(sampling, f"sample_{name}")

        class Watched:
            def __getitem__(self, sizes, kernel=kernel, name=name):
                used.append((name, sizes))
                return kernel[sizes]

        monkeypatch.setattr(sampling, f"sample_{name}", Watched())
    for V in (128, 129, 1025):
        logits = np.zeros((1, V), np.float32)
        logits[0, V - 1] = 12
        params = (0, 0, 1, 0) if V > 129 else (0.5, 0, 0.99, 0)
        assert sampled(logits, params) == [V - 1]
    assert used == [("ranked", (1, 32)), ("ranked", (1, 256)), ("searched", (1, 256))]


def test_logits_that_are_no_numbers(method):
    bad = [[0, math.nan], [math.nan, 0], [0, math.inf], [math.nan] * 2, [-math.inf] * 2]
    for params in (UNFILTERED, (0, 0, 1, 0)):
        assert sampled(bad, params, range(5)) == [UNDECIDED] * 5


def test_greedy_takes_the_first_of_equals(method):
    logits = [[1.0, 3.0, 3.0], [-np.inf, -np.inf, -2.0]]
    assert sampled(logits, (0, 0, 1, 0), (1, 2)) == [1, 2]


def test_what_rounding_decides_is_left_to_next_token(method):
    assert sampled([0.0] * 10, (1, 0, 0.3, 0)) == [UNDECIDED]  # 0.1 + 0.1 + 0.1 is not 0.3
    assert sampled(np.log([0.5, 0.25, 0.25]), (1, 0, 1, 0.5)) == [UNDECIDED]
    edge = mg.uniform(4, 2)
    for change, token in ((0, UNDECIDED), (-1e-9, 1), (1e-9, 0)):
        logits = np.log([edge + change, 1 - edge - change])
        assert sampled(logits, UNFILTERED, (4,), 2) == [token]


def test_no_order_of_the_threads_changes_a_token(method, monkeypatch):
    logits = np.random.default_rng(5).normal(size=(3, 40)).astype(np.float32)
    tokens = set()
    for order in (*ORDERS, 7):
        monkeypatch.setattr(_launch, "order", order)
        tokens.add(tuple(sampled(logits, (0.9, 20, 0.95, 0.01), (1, 2, 3), 6)))
    assert tokens == {tuple(expected(logits, (0.9, 20, 0.95, 0.01), (1, 2, 3), 6))}


def test_an_empty_batch(method):
    assert sampled(np.zeros((0, 5)), seeds=()) == []


def test_a_token_is_found_again_from_its_scrambled_number():
    for v in (0, 1, 50_256, 2**31 - 1):
        assert v * SCRAMBLE % 2**32 * UNSCRAMBLE % 2**32 == v
