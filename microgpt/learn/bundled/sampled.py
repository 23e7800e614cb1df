"""09.sample: from logits to a token, with two dials and a dart."""

# ruff: noqa: N803  (the temperature is T, as in the formula)

import math

import numpy as np

from microgpt.learn.exercise import Example, Exercise, Property, CommonMistake
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import whole


def sample(logits, T, k, u):
    logits = np.asarray(logits)
    order = np.argsort(-logits, kind="stable")
    if T == 0:
        return int(order[0])
    kept = order[:k]
    chances = np.exp((logits[kept] - logits.max()) / T)
    cumulative = np.cumsum(chances / chances.sum())
    rank = min(np.searchsorted(cumulative, u, side="right"), len(kept) - 1)
    return int(kept[rank])


def _by_a_walk(logits, T, k, u):
    ids = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[:k]
    if T == 0:
        return ids[0]
    top = float(max(logits))
    weights = [math.exp((float(logits[token]) - top) / T) for token in ids]
    reached = 0.0
    for token, weight in zip(ids, weights, strict=True):
        reached += weight / sum(weights)
        if reached > u:
            return token
    return ids[-1]


def _walked(order, chances, u, side="right"):
    rank = int(np.searchsorted(np.cumsum(chances), u, side=side))
    return int(order[min(rank, len(order) - 1)])


def _ranked(logits, T):
    """The ids from the likeliest down and their chances; at T = 0 all goes to the first."""
    order = np.argsort(-logits, kind="stable")
    if T == 0:
        return order, (np.arange(len(logits)) == 0).astype(float)
    chances = np.exp((logits[order] - logits.max()) / T)
    return order, chances / chances.sum()


def _keeps_ties(logits, T, k, u):
    order, chances = _ranked(logits, T)
    kept = np.where(chances >= chances[min(k, len(order)) - 1], chances, 0.0)
    return _walked(order, kept / kept.sum(), u)


def _after_softmax(logits, T, k, u):
    order, chances = _ranked(logits, 1.0 if T else 0)
    kept = (chances / T if T else chances)[:k]
    return _walked(order[:k], kept / kept.sum(), u)


def _no_second_sum(logits, T, k, u):
    order, chances = _ranked(logits, T)
    return _walked(order, np.where(np.arange(len(order)) < k, chances, 0.0), u)


def _too_short(logits, T, k, u):
    order, chances = _ranked(logits, T)
    kept = np.array([chances[rank] for rank in range(k)])
    return _walked(order, kept / kept.sum(), u)


def _divides_by_zero(logits, T, k, u):
    cooled = [(float(score) - float(logits.max())) / T for score in logits]
    return sample(np.array(cooled), 1.0, k, u)


def _id_order(logits, T, k, u):
    order, chances = _ranked(logits, T)
    kept = np.zeros(len(order))
    kept[order[:k]] = chances[:k]
    return _walked(np.arange(len(order)), kept / kept.sum(), u)


def _or_equal(logits, T, k, u):
    order, chances = _ranked(logits, T)
    kept = chances[:k]
    return _walked(order[:k], kept / kept.sum(), u, side="left")


def _darts(logits, T, k, rng):
    """Cases whose dart stands in the middle of a piece, so that no rounding can decide."""
    pieces = _ranked(logits, T)[1][:k]
    pieces = pieces / pieces.sum()
    ends = np.cumsum(pieces)
    wide = np.flatnonzero(pieces > 0.002)
    for rank in {int(wide[0]), int(wide[-1]), int(rng.choice(wide))}:
        yield logits, T, k, round(float(ends[rank] - pieces[rank] / 2), 4)


def _scores(rng, size):
    return np.round(rng.normal(size=size) * 1.5, 2)


def _ranks(rng):
    for size in (2, 3, 5):
        yield from _darts(np.round(rng.permutation(size) * 0.7, 2), 1.0, size, rng)


def _temperatures(rng):
    for size, T in ((2, 0.5), (2, 2.0), (4, 0.5), (4, 2.0)):
        yield from _darts(np.round(rng.permutation(size) * 0.7, 2), T, size, rng)


def _greedy(rng):
    for size, u in ((2, 0.0), (3, 0.99), (5, 0.5)):
        yield rng.permutation(size) * 0.5, 0, size, u
        yield rng.permutation(size) * 0.5, 0.0, 1, u


def _cuts(rng):
    for size, k in ((2, 1), (3, 1), (3, 2), (5, 3)):
        yield from _darts(np.round(rng.permutation(size) * 0.5, 2), 1.0, k, rng)


def _edges_of_k(rng):
    yield np.array([1.0, 1.0]), 1.0, 1, 0.9
    yield np.array([0.0, 1.0, 1.0, 1.0]), 1.0, 2, 0.9
    yield np.array([2.0, 1.0, 1.0, 1.0]), 2.0, 2, 0.9


def _random(rng):
    for size in (3, 8, 27, 27, 27):
        for T in (0.25, 0.5, 1.0, 2.0):
            yield from _darts(_scores(rng, size), T, int(rng.integers(1, size + 1)), rng)


_words = message_section("09.sample")
_says, _causes, _wrong = _words["properties"], _words["causes"], _words["wrong"]

SAMPLE = Exercise(
    id="09.sample",
    signature="sample(logits, T, k, u) -> token",
    shapes=_words["shapes"],
    statement=_words["statement"],
    example=Example((np.array([1.0, 2.0, 0.1]), 1.0, 3, 0.7), 0),
    difficulty=3,
    importance=5,
    minutes=10,
    needs=("softmax", "temperature", "top_k"),
    hints=tuple(_words["hints"]),
    solution=sample,
    right=(_by_a_walk,),
    properties=(
        Property(_says["leader"], lambda rng: ((_scores(rng, n), 1.0, n, 0.0) for n in (1, 2, 5))),
        Property(_says["ranked"], _ranks),
        Property(_says["temperature"], _temperatures),
        Property(_says["greedy"], _greedy, cause=_causes["greedy"]),
        Property(_says["cut"], _cuts),
        Property(_says["ties"], _edges_of_k, cause=_causes["ties"]),
        Property(
            _says["beyond"],
            lambda rng: iter([(np.array([0.0, 1.0]), 1.0, 5, u) for u in (0.2, 0.9)]),
            cause=_causes["beyond"],
        ),
        Property(
            _says["edge"],
            lambda rng: iter([(np.zeros(2), 1.0, 2, 0.5), (np.zeros(4), 1.0, 4, 0.25)]),
            cause=_causes["edge"],
        ),
        Property(_says["values"], _random),
    ),
    wrong=(
        CommonMistake("keeps ties", _keeps_ties, _wrong["keeps_ties"]),
        CommonMistake("T after softmax", _after_softmax, _wrong["after_softmax"]),
        CommonMistake("not shared out after the cut", _no_second_sum, _wrong["no_second_sum"]),
        CommonMistake("k beyond the vocabulary fails", _too_short, _wrong["too_short"]),
        CommonMistake("divides by T = 0", _divides_by_zero, _wrong["divides_by_zero"]),
        CommonMistake("id order", _id_order, _wrong["id_order"]),
        CommonMistake("stops at a sum equal to u", _or_equal, _wrong["or_equal"]),
    ),
    reads=whole,
)
