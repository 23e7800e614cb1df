"""`sample_`: the kernel that draws a token chooses what `next_token` chooses."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends

UNDECIDED = -1
UNCUT = (1.0, 0, 1.0, 0.0)  # temperature, top_k, top_p, min_p


def drawn(logits, dials=UNCUT, seed=0, t=0):
    """What the kernel of the back end in use writes for each row."""
    logits = np.atleast_2d(logits)
    seeds = np.full(len(logits), seed, np.uint64)
    token, position = np.full(len(logits), -7, np.int32), np.array([t], np.int32)
    backends.current().launch(
        "sample_", token, logits, np.array(dials, float), seeds.view(np.int64), position
    )
    return token.tolist()


def expected(logits, dials=UNCUT, seed=0, t=0):
    """What `next_token` chooses."""
    temperature, top_k, top_p, min_p = dials
    return mg.next_token(
        logits, temperature, top_k or None, top_p, min_p, mg.uniform(seed, t)
    ).token


def random_logits(rng):
    logits = rng.normal(size=rng.choice([1, 2, 3, 9, 27, 200])) * rng.choice([0.1, 1, 5, 50])
    kind = rng.integers(4)
    if kind == 1:
        logits = np.round(logits)
    if kind == 2:
        logits[1:][rng.random(logits.size - 1) < 0.3] = -np.inf
    return logits.astype(rng.choice(["float32", "float64"]))


def random_dials(rng, vocab_size):
    return (
        rng.choice([0, 1e-300, 0.01, 0.5, 1, 2, 100]),
        rng.choice([0, rng.integers(1, vocab_size + 1)]),
        rng.choice([1, rng.uniform(0.01, 1)]),
        rng.choice([0, 1, rng.uniform()]),
    )


def test_it_chooses_what_next_token_chooses(backend):
    rng, undecided = np.random.default_rng(1), 0
    for _ in range(1500):
        logits = random_logits(rng)
        dials = random_dials(rng, logits.size)
        seed, t = int(rng.integers(2**64, dtype=np.uint64)), int(rng.integers(2**31))
        (token,) = drawn(logits, dials, seed, t)
        undecided += token == UNDECIDED
        assert token in (expected(logits, dials, seed, t), UNDECIDED), (logits, dials, seed, t)
    assert undecided <= (0 if backend == "numpy" else 30)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_throws_the_dice_of_uniform(backend, dtype):
    logits = np.zeros(4096, dtype)
    for seed in (0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1):
        for t in (0, 1, 77, 2**31 - 1):
            assert drawn(logits, UNCUT, seed, t) == [int(mg.uniform(seed, t) * 4096)]


LARGE = {
    "long tail": -1.1 * np.log(np.arange(1, 50_258)),
    "flat": np.random.default_rng(2).normal(size=50_257) * 0.3,
    "all equal": np.zeros(50_257),
    "forbidden": np.where(np.arange(50_257) % 7, np.sin(np.arange(50_257)) * 4, -1e9),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_vocabulary(backend, name):
    logits = LARGE[name].astype(np.float32)
    for number, dials in enumerate(
        [
            UNCUT,
            (0, 0, 1, 0),
            (0.7, 40, 1, 0),
            (1, 0, 0.9, 0),
            (100, 0, 1, 0),
            (0.8, 50, 0.95, 0.03),
        ]
    ):
        for seed in range(3):
            assert drawn(logits, dials, seed, number) == [expected(logits, dials, seed, number)]


def test_greedy_takes_the_first_of_equals(backend):
    assert drawn([[1.0, 3.0, 3.0], [-np.inf, -np.inf, -2.0]], (0, 0, 1, 0)) == [1, 2]


def test_logits_that_are_no_numbers(backend):
    for dials in (UNCUT, (0, 0, 1, 0)):
        for bad in ([0, math.nan], [0, math.inf], [math.nan] * 2, [-math.inf] * 2):
            assert drawn(bad, dials) == [UNDECIDED]


def test_every_row_has_a_seed_of_its_own(backend):
    logits, seeds = np.random.default_rng(3).normal(size=(6, 27)), np.arange(6)
    token, dials, position = np.empty(6, np.int32), (0.9, 20, 0.95, 0.01), np.array([5], np.int32)
    backends.current().launch("sample_", token, logits, np.array(dials), seeds, position)
    assert token.tolist() == [expected(row, dials, seed, 5) for seed, row in enumerate(logits)]


def test_what_rounding_may_turn_is_left_to_next_token():
    with backends.using("numba"):
        assert drawn([0.0] * 10, (1, 0, 0.3, 0)) == [UNDECIDED]  # 0.1 + 0.1 + 0.1 is not 0.3
        assert drawn(np.log([0.5, 0.25, 0.25]), (1, 0, 1, 0.5)) == [UNDECIDED]
        edge = mg.uniform(4, 2)
        assert drawn(np.log([edge, 1 - edge]), UNCUT, 4, 2) == [UNDECIDED]
        assert drawn(np.log([edge - 1e-9, 1 - edge + 1e-9]), UNCUT, 4, 2) == [1]
        assert drawn(np.log([edge + 1e-9, 1 - edge - 1e-9]), UNCUT, 4, 2) == [0]


def test_its_exponential():
    import numba

    from microgpt.backends.numba_cpu.sampling import falling

    @numba.njit
    def every(x):
        return np.array([falling(number) for number in x])

    depth = np.linspace(0, 707, 100_001)
    np.testing.assert_allclose(every(depth), np.exp(-depth), rtol=1e-15)
    np.testing.assert_array_equal(every(np.array([0.0, 708.0, 1e300, np.inf])), [1, 0, 0, 0])
