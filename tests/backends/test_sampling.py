"""`sample_`: the kernel samples the token that `next_token` samples, by the same rules."""

import functools
import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends
from microgpt.backends import shared_rules
from microgpt.backends.shared_rules import UNDECIDED

UNFILTERED = (1.0, 0, 1.0, 0.0)  # temperature, top_k, top_p, min_p


def sampled(logits, params=UNFILTERED, seed=0, t=0):
    """What the kernel of the back end in use writes for each row."""
    logits = np.atleast_2d(logits)
    seeds = np.full(len(logits), seed, np.uint64)
    token, position = np.full(len(logits), -7, np.int32), np.array([t], np.int32)
    backends.current().launch(
        "sample_", token, logits, np.array(params, float), seeds.view(np.int64), position
    )
    return token.tolist()


def expected(logits, params=UNFILTERED, seed=0, t=0):
    """What `next_token` samples."""
    temperature, top_k, top_p, min_p = params
    return mg.next_token(
        logits, temperature, top_k or None, top_p, min_p, mg.uniform(seed, t)
    ).token


def random_logits(rng):
    logits = rng.normal(size=rng.choice([1, 2, 3, 9, 27, 200])) * rng.choice([0.1, 1, 5, 50])
    variant = rng.integers(4)
    if variant == 1:
        logits = np.round(logits)
    if variant == 2:
        logits[1:][rng.random(logits.size - 1) < 0.3] = -np.inf
    return logits.astype(rng.choice(["float32", "float64"]))


def random_params(rng, vocab_size):
    return (
        rng.choice([0, 1e-300, 0.01, 0.5, 1, 2, 100]),
        rng.choice([0, rng.integers(1, vocab_size + 1)]),
        rng.choice([1, rng.uniform(0.01, 1)]),
        rng.choice([0, 1, rng.uniform()]),
    )


def test_it_samples_what_next_token_samples(backend):
    rng, undecided = np.random.default_rng(1), 0
    for _ in range(1500):
        logits = random_logits(rng)
        params = random_params(rng, logits.size)
        seed, t = int(rng.integers(2**64, dtype=np.uint64)), int(rng.integers(2**31))
        (token,) = sampled(logits, params, seed, t)
        undecided += token == UNDECIDED
        assert token in (expected(logits, params, seed, t), UNDECIDED), (logits, params, seed, t)
    assert undecided <= (0 if backend == "numpy" else 30)


def sampled_by_the_rules(logits, temperature, top_k, top_p, min_p, u):
    """The token by the scalar rules alone, one after the other; UNDECIDED near an edge."""
    before = functools.cmp_to_key(
        lambda a, b: -1 if shared_rules.ranks_before(logits[a], a, logits[b], b) else 1
    )
    ranked = sorted(range(len(logits)), key=before)
    depths = [shared_rules.nats_below_max(logits[v], max(logits), temperature) for v in ranked]
    masses = [math.exp(-depth) for depth in depths][: top_k or None]
    if top_p < 1:
        rank = first_rank(shared_rules.reaches, masses, top_p)
        masses = masses[: rank + 1] if rank != UNDECIDED else []
    masses = [mass for mass in masses if shared_rules.keeps_min_p(mass, masses[0], min_p)]
    rank = first_rank(shared_rules.hits, masses, u) if masses else UNDECIDED
    return rank if rank == UNDECIDED else ranked[rank]


def first_rank(rule, masses, share):
    """The first rank for which the rule holds of its cumulative mass; UNDECIDED near an edge."""
    total, through = sum(masses), 0.0
    for rank, mass in enumerate(masses):
        before, through = through, through + mass
        if shared_rules.near_edge(share * total, before, through, 1e-11 * total):
            return UNDECIDED
        if rule(through, share * total):
            return rank
    return UNDECIDED


def test_next_token_follows_the_scalar_rules():
    rng, decided = np.random.default_rng(4), 0
    for _ in range(500):
        logits = random_logits(rng)
        params = random_params(rng, logits.size)
        u = float(rng.random())
        token = UNDECIDED
        if params[0] >= 0.01:  # else exponents overflow, which Python raises
            token = sampled_by_the_rules(logits.astype(float).tolist(), *params, u)
        if token != UNDECIDED:
            temperature, top_k, top_p, min_p = params
            assert mg.next_token(logits, temperature, top_k or None, top_p, min_p, u).token == token
            decided += 1
    assert decided > 200


def test_the_compiled_loops_use_the_same_rules():
    from microgpt.backends.numba_cpu import sampling

    for name in ("ranks_before", "nats_below_max", "keeps_min_p", "hits", "near_edge"):
        assert getattr(sampling, name).py_func is getattr(shared_rules, name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_draws_by_uniform(backend, dtype):
    logits = np.zeros(4096, dtype)
    for seed in (0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1):
        for t in (0, 1, 77, 2**31 - 1):
            assert sampled(logits, UNFILTERED, seed, t) == [int(mg.uniform(seed, t) * 4096)]


LARGE = {
    "long tail": -1.1 * np.log(np.arange(1, 50_258)),
    "flat": np.random.default_rng(2).normal(size=50_257) * 0.3,
    "all equal": np.zeros(50_257),
    "forbidden": np.where(np.arange(50_257) % 7, np.sin(np.arange(50_257)) * 4, -1e9),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_vocabulary(backend, name):
    logits = LARGE[name].astype(np.float32)
    for number, params in enumerate(
        [
            UNFILTERED,
            (0, 0, 1, 0),
            (0.7, 40, 1, 0),
            (1, 0, 0.9, 0),
            (100, 0, 1, 0),
            (0.8, 50, 0.95, 0.03),
        ]
    ):
        for seed in range(3):
            assert sampled(logits, params, seed, number) == [expected(logits, params, seed, number)]


def test_greedy_takes_the_first_of_equals(backend):
    assert sampled([[1.0, 3.0, 3.0], [-np.inf, -np.inf, -2.0]], (0, 0, 1, 0)) == [1, 2]


def test_logits_that_are_no_numbers(backend):
    for params in (UNFILTERED, (0, 0, 1, 0)):
        for bad in ([0, math.nan], [0, math.inf], [math.nan] * 2, [-math.inf] * 2):
            assert sampled(bad, params) == [UNDECIDED]


def test_every_row_has_a_seed_of_its_own(backend):
    logits, seeds = np.random.default_rng(3).normal(size=(6, 27)), np.arange(6)
    token, params, position = np.empty(6, np.int32), (0.9, 20, 0.95, 0.01), np.array([5], np.int32)
    backends.current().launch("sample_", token, logits, np.array(params), seeds, position)
    assert token.tolist() == [expected(row, params, seed, 5) for seed, row in enumerate(logits)]


def test_what_rounding_decides_is_left_to_next_token():
    with backends.using("numba"):
        assert sampled([0.0] * 10, (1, 0, 0.3, 0)) == [UNDECIDED]  # 0.1 + 0.1 + 0.1 is not 0.3
        assert sampled(np.log([0.5, 0.25, 0.25]), (1, 0, 1, 0.5)) == [UNDECIDED]
        edge = mg.uniform(4, 2)
        assert sampled(np.log([edge, 1 - edge]), UNFILTERED, 4, 2) == [UNDECIDED]
        assert sampled(np.log([edge - 1e-9, 1 - edge + 1e-9]), UNFILTERED, 4, 2) == [1]
        assert sampled(np.log([edge + 1e-9, 1 - edge - 1e-9]), UNFILTERED, 4, 2) == [0]


def test_its_exponential():
    import numba

    from microgpt.backends.numba_cpu.sampling import exp_negative

    @numba.njit
    def every(x):
        return np.array([exp_negative(number) for number in x])

    depth = np.linspace(0, 707, 100_001)
    np.testing.assert_allclose(every(depth), np.exp(-depth), rtol=1e-15)
    np.testing.assert_array_equal(every(np.array([0.0, 708.0, 1e300, np.inf])), [1, 0, 0, 0])
