"""09.temperature and 09.top_k: the two dials that bend and cut the chances."""

# ruff: noqa: N803  (the temperature is T, as in the formula)

import numpy as np

from microgpt.learn.exercise import Example, Exercise, Mismatch, Property, CommonMistake
from microgpt.learn.messages import message_section


def temperature(logits, T):
    scaled = np.asarray(logits) / T
    exponentials = np.exp(scaled - scaled.max())
    return exponentials / exponentials.sum()


def top_k(probabilities, k):
    probabilities = np.asarray(probabilities)
    order = np.argsort(-probabilities, kind="stable")[:k]
    kept = np.zeros(len(probabilities))
    kept[order] = probabilities[order]
    return kept / kept.sum()


def adds_up(answer, *arguments):
    """The chances sum to 1."""
    got = answer(*arguments)
    total = float(np.sum(got))
    return None if abs(total - 1) <= 1e-4 else Mismatch(total, 1.0)


def _scores(rng, sizes, temperatures):
    for size in sizes:
        for T in temperatures:
            yield np.round(rng.normal(size=size) * 2, 2), T


def _softmax(x):
    x = np.exp(x - np.max(x))
    return x / x.sum()


def _by_logarithms(logits, T):
    scaled = np.array(logits) / T
    top = scaled.max()
    return np.exp(scaled - top - np.log(np.exp(scaled - top).sum()))


def _no_maximum(logits, T):
    exponentials = np.exp(np.asarray(logits) / T)
    return exponentials / exponentials.sum()


_cool = message_section("09.temperature")

TEMPERATURE = Exercise(
    id="09.temperature",
    signature="temperature(logits, T) -> chances",
    shapes=_cool["shapes"],
    statement=_cool["statement"],
    example=Example((np.array([2.0, 1.0, 0.1]), 0.5), np.array([0.86377, 0.1169, 0.01932])),
    difficulty=1,
    importance=4,
    minutes=4,
    needs=("softmax",),
    hints=tuple(_cool["hints"]),
    solution=temperature,
    right=(_by_logarithms,),
    properties=(
        Property(
            _cool["properties"]["sums"],
            lambda rng: _scores(rng, (1, 2, 4), (0.5, 2.0)),
            adds_up,
            _cool["causes"]["sums"],
        ),
        Property(_cool["properties"]["at_one"], lambda rng: _scores(rng, (2, 5), (1.0,))),
        Property(
            _cool["properties"]["values"],
            lambda rng: _scores(rng, (2, 3, 8, 27), (0.25, 0.5, 2.0, 10.0)),
        ),
        Property(
            _cool["properties"]["large"],
            lambda rng: iter([(np.array([1000.0, 0.0]), 1.0), (np.array([3.0, 1.0]), 0.001)]),
            cause=_cool["causes"]["large"],
        ),
    ),
    wrong=(
        CommonMistake("T after softmax", lambda logits, T: _softmax(logits) / T, _cool["wrong"]["after"]),
        CommonMistake(
            "a power, not shared out again",
            lambda logits, T: _softmax(logits) ** (1 / T),
            _cool["wrong"]["power"],
        ),
        CommonMistake(
            "multiplied by T",
            lambda logits, T: _softmax(np.asarray(logits) * T),
            _cool["wrong"]["multiplied"],
        ),
        CommonMistake("no maximum subtracted", _no_maximum, _cool["wrong"]["no_maximum"]),
    ),
)


def _chances(rng, sizes):
    for size in sizes:
        for k in sorted({1, 2, max(1, size // 2), size}):
            yield _softmax(rng.normal(size=size) * 1.5), k


def _edges(rng):
    yield np.array([0.5, 0.5]), 1
    yield np.array([0.4, 0.2, 0.2, 0.2]), 2
    yield np.array([0.125, 0.25, 0.125, 0.25, 0.125, 0.125]), 3


def _largest_first(rng):
    yield np.array([0.25, 0.75]), 1
    yield np.array([0.125, 0.5, 0.125, 0.25]), 2


def _beyond(rng):
    yield np.array([1.0]), 2
    yield np.array([0.25, 0.75]), 5


def _by_a_loop(probabilities, k):
    left, kept = list(probabilities), [0.0] * len(probabilities)
    for _ in range(min(k, len(left))):
        best = left.index(max(left))
        kept[best], left[best] = left[best], -1.0
    return [chance / sum(kept) for chance in kept]


def _with_ties(probabilities, k):
    kept = np.where(probabilities >= np.sort(probabilities)[::-1][min(k, len(probabilities)) - 1],
                    probabilities, 0.0)  # fmt: skip
    return kept / kept.sum()


def _not_renormalised(probabilities, k):
    order = np.argsort(-probabilities, kind="stable")[:k]
    kept = np.zeros(len(probabilities))
    kept[order] = probabilities[order]
    return kept


def _first_ids(probabilities, k):
    kept = np.where(np.arange(len(probabilities)) < k, probabilities, 0.0)
    return kept / kept.sum()


def _too_short(probabilities, k):
    order, kept = np.argsort(-probabilities, kind="stable"), np.zeros(len(probabilities))
    for rank in range(k):
        kept[order[rank]] = probabilities[order[rank]]
    return kept / kept.sum()


def _highest_ids(probabilities, k):
    order, kept = np.argsort(probabilities, kind="stable")[::-1][:k], np.zeros(len(probabilities))
    kept[order] = probabilities[order]
    return kept / kept.sum()


_cut = message_section("09.top_k")

TOP_K = Exercise(
    id="09.top_k",
    signature="top_k(probabilities, k) -> probabilities",
    shapes=_cut["shapes"],
    statement=_cut["statement"],
    example=Example((np.array([0.2, 0.5, 0.3]), 2), np.array([0.0, 0.625, 0.375])),
    difficulty=2,
    importance=3,
    minutes=5,
    needs=("probability",),
    hints=tuple(_cut["hints"]),
    solution=top_k,
    right=(_by_a_loop,),
    properties=(
        Property(_cut["properties"]["sums"], lambda rng: _chances(rng, (1, 2, 4)), adds_up),
        Property(_cut["properties"]["largest"], _largest_first),
        Property(_cut["properties"]["ties"], _edges),
        Property(_cut["properties"]["beyond"], _beyond, cause=_cut["causes"]["beyond"]),
        Property(_cut["properties"]["values"], lambda rng: _chances(rng, (3, 8, 27))),
    ),
    wrong=(
        CommonMistake("keeps ties", _with_ties, _cut["wrong"]["keeps_ties"]),
        CommonMistake("not renormalised", _not_renormalised, _cut["wrong"]["not_renormalised"]),
        CommonMistake("the k first", _first_ids, _cut["wrong"]["first"]),
        CommonMistake("k beyond the vocabulary fails", _too_short, _cut["wrong"]["too_short"]),
        CommonMistake("ties by highest id", _highest_ids, _cut["wrong"]["highest"]),
    ),
)
