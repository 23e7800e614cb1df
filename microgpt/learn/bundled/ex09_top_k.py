"""09.top_k: keep the k largest probabilities and normalise them."""

import numpy as np

from microgpt.learn.bundled.probabilities import softmax, sums_to_one
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Property
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


def _keep_ids(probabilities, ids):
    """Return the probabilities with all but these ids set to 0, not normalised."""
    kept = np.zeros(len(probabilities))
    kept[ids] = probabilities[ids]
    return kept


def _keep_ties(probabilities, k):
    kth_largest = np.sort(probabilities)[::-1][min(k, len(probabilities)) - 1]
    kept = np.where(probabilities >= kth_largest, probabilities, 0.0)
    return kept / kept.sum()


def _not_normalised(probabilities, k):
    return _keep_ids(probabilities, np.argsort(-probabilities, kind="stable")[:k])


def _first_ids(probabilities, k):
    kept = _keep_ids(probabilities, np.arange(len(probabilities))[:k])
    return kept / kept.sum()


def _index_error_for_large_k(probabilities, k):
    order = np.argsort(-probabilities, kind="stable")
    kept = _keep_ids(probabilities, [order[rank] for rank in range(k)])
    return kept / kept.sum()


def _higher_ids(probabilities, k):
    kept = _keep_ids(probabilities, np.argsort(probabilities, kind="stable")[::-1][:k])
    return kept / kept.sum()


def _random_probabilities(rng, sizes):
    for size in sizes:
        for k in sorted({1, 2, max(1, size // 2), size}):
            yield softmax(rng.normal(size=size) * 1.5), k


def _distinct(rng):
    yield np.array([0.25, 0.75]), 1
    yield np.array([0.125, 0.5, 0.125, 0.25]), 2


def _ties(rng):
    yield np.array([0.5, 0.5]), 1
    yield np.array([0.4, 0.2, 0.2, 0.2]), 2
    yield np.array([0.125, 0.25, 0.125, 0.25, 0.125, 0.125]), 3


def _large_k(rng):
    yield np.array([1.0]), 2
    yield np.array([0.25, 0.75]), 5


_texts = message_section("09.top_k")
_descriptions, _causes = _texts["properties"], _texts["causes"]
_mistakes = _texts["mistakes"]

TOP_K = Exercise(
    id="09.top_k",
    signature="top_k(probabilities, k) -> probabilities",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((np.array([0.2, 0.5, 0.3]), 2), np.array([0.0, 0.625, 0.375])),
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
        ),
        Property(_descriptions["keeps_largest"], _distinct),
        Property(_descriptions["ties"], _ties),
        Property(_descriptions["large_k"], _large_k, cause=_causes["large_k"]),
        Property(_descriptions["random"], lambda rng: _random_probabilities(rng, (3, 8, 27))),
    ),
    common_mistakes=(
        CommonMistake("keeps ties", _keep_ties, _mistakes["keeps_ties"]),
        CommonMistake("not normalised", _not_normalised, _mistakes["not_normalised"]),
        CommonMistake("the first k ids", _first_ids, _mistakes["first_ids"]),
        CommonMistake("index error for k > V", _index_error_for_large_k, _causes["large_k"]),
        CommonMistake("higher ids at ties", _higher_ids, _mistakes["higher_ids"]),
    ),
)
