"""09.top_k: keep the k largest probabilities and normalise them."""

import numpy as np

from microgpt.learn.bundled.probabilities import softmax, sums_to_one
from microgpt.learn.bundled.top_k_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Exercise, Property
from microgpt.learn.messages import message_section


def top_k(probabilities, k):
    probabilities = np.asarray(probabilities)
    order = np.argsort(-probabilities, kind="stable")[:k]
    kept = np.zeros(len(probabilities))
    kept[order] = probabilities[order]
    return kept / kept.sum()


def _by_a_loop(probabilities, k):
    left, kept = list(probabilities), [0.0] * len(probabilities)
    for _ in range(min(k, len(left))):
        best = left.index(max(left))
        kept[best], left[best] = left[best], -1.0
    return [probability / sum(kept) for probability in kept]


def _random_probabilities(rng, sizes):
    for size in sizes:
        for k in sorted({1, min(2, size), max(1, size // 2), size}):
            yield softmax(rng.normal(size=size) * 1.5), k


def _distinct(rng):
    yield np.array([0.25, 0.75]), 1
    yield np.array([0.125, 0.5, 0.125, 0.25]), 2


def _ties(rng):
    yield np.array([0.5, 0.5]), 1
    yield np.array([0.4, 0.2, 0.2, 0.2]), 2
    yield np.array([0.125, 0.25, 0.125, 0.25, 0.125, 0.125]), 3
    for size in (100, 200):  # so many that an unstable sort changes their order
        yield np.full(size, 1 / size), size // 3
        yield (1 + np.arange(size) % 3) / (1 + np.arange(size) % 3).sum(), size // 2


def _large_k(rng):
    yield np.array([1.0]), 2
    yield np.array([0.25, 0.75]), 5


_texts = message_section("09.top_k")
_descriptions, _causes = _texts["properties"], _texts["causes"]

TOP_K = Exercise(
    id="09.top_k",
    signature="top_k(probabilities, k) -> probabilities",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((np.array([0.5, 0.3, 0.2]), 2), np.array([0.625, 0.375, 0.0])),
    difficulty=2,
    importance=3,
    minutes=5,
    prerequisites=("probability",),
    hints=tuple(_texts["hints"]),
    solution=top_k,
    alternative_solutions=(_by_a_loop,),
    properties=(
        Property(
            _descriptions["sum_to_one"],
            lambda rng: _random_probabilities(rng, (1, 2, 4)),
            sums_to_one,
            cause=_causes["sum_to_one"],
        ),
        Property(_descriptions["keeps_largest"], _distinct, cause=_causes["keeps_largest"]),
        Property(_descriptions["ties"], _ties, cause=_causes["ties"]),
        Property(_descriptions["large_k"], _large_k, cause=_causes["large_k"]),
        Property(_descriptions["random"], lambda rng: _random_probabilities(rng, (3, 8, 27))),
    ),
    common_mistakes=common_mistakes(),
)
