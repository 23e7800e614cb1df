"""09.sample: sample a token from logits, with temperature, top-k and a uniform random number u."""

import math

import numpy as np

from microgpt.learn.bundled.division_by_zero import without_division_by_zero
from microgpt.learn.bundled.sample_mistakes import common_mistakes, kept_probs
from microgpt.learn.exercise import Example, Exercise, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import integer


def sample(logits, T, k, u):
    logits = np.asarray(logits)
    order = np.argsort(-logits, kind="stable")
    if T == 0:
        return int(order[0])
    kept = order[:k]
    probs = np.exp((logits[kept] - logits.max()) / T)
    cumulative = np.cumsum(probs / probs.sum())
    rank = min(np.searchsorted(cumulative, u, side="right"), len(kept) - 1)
    return int(kept[rank])


def _by_a_loop(logits, T, k, u):
    ids = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[:k]
    if T == 0:
        return ids[0]
    top = float(max(logits))
    weights = [math.exp((float(logits[token]) - top) / T) for token in ids]
    cumulative = 0.0
    for token, weight in zip(ids, weights, strict=True):
        cumulative += weight / sum(weights)
        if cumulative > u:
            return token
    return ids[-1]


def _mid_interval_cases(logits, T, k, rng):
    """Yield cases with u in the middle of a token's interval, so that rounding cannot matter."""
    probs = kept_probs(logits, T, k)
    edges = np.cumsum(probs)
    wide = np.flatnonzero(probs > 0.002)
    for rank in {int(wide[0]), int(wide[-1]), int(rng.choice(wide))}:
        yield logits, T, k, round(float(edges[rank] - probs[rank] / 2), 4)


def _random_logits(rng, size):
    return np.round(rng.normal(size=size) * 1.5, 2)


def _at_u_zero(rng):
    for size in (1, 2, 5):
        yield _random_logits(rng, size), 1.0, size, 0.0


def _without_cut(rng):
    for size in (2, 3, 5):
        yield from _mid_interval_cases(np.round(rng.permutation(size) * 0.7, 2), 1.0, size, rng)


def _temperatures(rng):
    for size, T in ((2, 0.5), (2, 2.0), (4, 0.5), (4, 2.0)):
        yield from _mid_interval_cases(np.round(rng.permutation(size) * 0.7, 2), T, size, rng)


def _greedy(rng):
    for size, u in ((2, 0.0), (3, 0.99), (5, 0.5)):
        yield rng.permutation(size) * 0.5, 0, size, u
        yield rng.permutation(size) * 0.5, 0.0, 1, u


def _top_k(rng):
    for size, k in ((2, 1), (3, 1), (3, 2), (5, 3)):
        yield from _mid_interval_cases(np.round(rng.permutation(size) * 0.5, 2), 1.0, k, rng)


def _ties(rng):
    yield np.array([1.0, 1.0]), 1.0, 1, 0.9
    yield np.array([0.0, 1.0, 1.0, 1.0]), 1.0, 2, 0.9
    yield np.array([2.0, 1.0, 1.0, 1.0]), 2.0, 2, 0.9
    for size in (100, 200):  # so many that an unstable sort changes their order
        yield np.zeros(size), 1.0, size, 0.1025
        yield np.arange(size) % 3.0, 1.0, size // 2, 0.255


def _large_k(rng):
    for u in (0.2, 0.9):
        yield np.array([0.0, 1.0]), 1.0, 5, u


def _sum_equals_u(rng):
    yield np.zeros(2), 1.0, 2, 0.5
    yield np.zeros(4), 1.0, 4, 0.25


def _large_logits(rng):
    yield np.array([0.0, 1000.0, 999.0]), 1.0, 3, 0.9
    yield np.array([-1000.0, -999.0]), 1.0, 2, 0.9
    yield np.array([1.0, 3.0, 2.99]), 0.001, 2, 0.99999


def _random(rng):
    for size in (3, 8, 27, 27, 27):
        for T in (0.25, 0.5, 1.0, 2.0):
            logits, k = _random_logits(rng, size), int(rng.integers(1, size + 1))
            yield from _mid_interval_cases(logits, T, k, rng)


_texts = message_section("09.sample")
_at_zero = without_division_by_zero(sample, _texts["causes"]["divides_by_zero"])

SAMPLE = Exercise(
    id="09.sample",
    signature="sample(logits, T, k, u) -> token",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((np.array([1.0, 2.0, 0.1, -1.0]), 1.0, 4, 0.7), 0),
    difficulty=3,
    importance=5,
    minutes=10,
    prerequisites=("softmax", "temperature", "top_k"),
    hints=tuple(_texts["hints"]),
    solution=sample,
    alternative_solutions=(_by_a_loop,),
    properties=tuple(
        Property(
            _texts["properties"][key],
            inputs,
            test=_at_zero if key == "greedy" else None,
            cause=_texts["causes"].get(key, ""),
        )
        for key, inputs in {
            "u_zero": _at_u_zero,
            "rank_order": _without_cut,
            "temperature": _temperatures,
            "greedy": _greedy,
            "top_k": _top_k,
            "ties": _ties,
            "large_k": _large_k,
            "sum_equals_u": _sum_equals_u,
            "large_logits": _large_logits,
            "random": _random,
        }.items()
    ),
    common_mistakes=common_mistakes(sample),
    parse=integer,
)
