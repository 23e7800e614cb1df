"""The common mistakes of 09.top_k, recognised by what came back: how many, which ones, what sum."""

import numpy as np

from microgpt.learn.bundled.probabilities import softmax
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def _ranked_ids(probabilities):
    return np.argsort(-probabilities, kind="stable")


def _keep_ids(probabilities, ids):
    """Return the probabilities with all but these ids set to 0, not normalised."""
    kept = np.zeros(len(probabilities))
    kept[ids] = probabilities[ids]
    return kept


def _normalise(kept):
    return kept / kept.sum()


def _top_k(probabilities, k):
    return _normalise(_keep_ids(probabilities, _ranked_ids(probabilities)[:k]))


def _keeps(select):
    """Return a mistake that keeps the ids that `select(probabilities, k)` returns, normalised."""
    return lambda probabilities, k: _normalise(_keep_ids(probabilities, select(probabilities, k)))


def _has_ids(select):
    """Return whether the selected ids, other than the right ones, have a probability above 0."""

    def matches(result, probabilities, k):
        selected = _mask(select, probabilities, k)
        is_wrong = not np.array_equal(selected, _mask(_largest, probabilities, k))
        return is_wrong and np.array_equal(result != 0, selected)

    return matches


def _mask(select, probabilities, k):
    """Return which ids (V,) are selected, as booleans."""
    selected = np.zeros(len(probabilities), bool)
    selected[select(probabilities, k)] = True
    return selected


def _largest(probabilities, k):
    return _ranked_ids(probabilities)[:k]


def _first(probabilities, k):
    return np.arange(len(probabilities))[:k]


def _at_or_above_kth(probabilities, k):
    kth_largest = np.sort(probabilities)[::-1][min(k, len(probabilities)) - 1]
    return np.flatnonzero(probabilities >= kth_largest)


def _one_too_few(probabilities, k):
    return _ranked_ids(probabilities)[: k - 1]


def _one_too_many(probabilities, k):
    return _ranked_ids(probabilities)[: k + 1]


def _first_of_equals(probabilities, k):
    """Return the ids that `.index` finds for the k largest values."""
    values = sorted(probabilities, reverse=True)[:k]
    return [list(probabilities).index(value) for value in values]


def _are_ids(result, probabilities, k):
    return np.array_equal(np.sort(result), np.sort(_largest(probabilities, k)))


def _values(probabilities, k):
    kept = probabilities[np.sort(_largest(probabilities, k))]
    return kept / kept.sum()


def _are_values(result, probabilities, k):
    """Whether only the kept values came back, in any order, normalised or not."""
    has_their_shape = result.shape == (min(k, len(probabilities)),)
    return has_their_shape and (k < len(probabilities) or _is_sorted(result, probabilities, k))


def _kept_smallest(result, probabilities, k):
    """Whether the k smallest stayed; of equal ones, any."""
    return np.allclose(np.sort(probabilities[result != 0]), np.sort(probabilities)[:k])


def _is_sorted(result, probabilities, k):
    ranked = np.sort(_top_k(probabilities, k))
    return np.allclose(result, ranked) or np.allclose(result, ranked[::-1])


def _is_too_few(result, probabilities, k):
    if k == 1:  # then none stayed, and their sum is 0
        return not np.any(result > 0)
    return _has_ids(_one_too_few)(result, probabilities, k)


def _kept_other_ties(result, probabilities, k):
    """Whether k of the largest stayed; of equal ones, not the lower ids."""
    kept = result != 0
    is_right = np.array_equal(kept, _mask(_largest, probabilities, k))
    return _are_largest(kept, probabilities, k) and not is_right


def _are_largest(kept, probabilities, k):
    """Whether k of the largest are kept; of equal ones, any."""
    largest = np.sort(probabilities)[::-1][:k]
    return np.array_equal(np.sort(probabilities[kept])[::-1], largest)


def _softmax_of_kept(probabilities, k):
    return softmax(_not_normalised(probabilities, k))


def _minus_infinity(probabilities, k):
    kept = np.full(len(probabilities), -np.inf)
    kept[_largest(probabilities, k)] = probabilities[_largest(probabilities, k)]
    return _normalise(kept)


def _not_normalised(probabilities, k):
    return _keep_ids(probabilities, _largest(probabilities, k))


def _is_not_normalised(result, probabilities, k):
    """Whether those that stayed, right or wrong ones, are as large as before."""
    kept = result != 0
    is_as_before = np.allclose(result[kept], probabilities[kept], rtol=0, atol=1e-7)
    return bool(kept.any()) and is_as_before and result.sum() < 1 - 1e-4


def _has_the_largest(result, probabilities, k):
    return _are_largest(result != 0, probabilities, k)


def _divided_by_k(probabilities, k):
    return _not_normalised(probabilities, k) / k


def _is_divided_by_k(result, probabilities, k):
    kept = result != 0
    return _are_largest(kept, probabilities, k) and np.allclose(
        result[kept], probabilities[kept] / k, rtol=0, atol=1e-7
    )


def _equal_shares(probabilities, k):
    return _normalise((_not_normalised(probabilities, k) > 0).astype(float))


def _index_error_for_large_k(probabilities, k):
    order = _ranked_ids(probabilities)
    return _normalise(_keep_ids(probabilities, [order[rank] for rank in range(k)]))


def common_mistakes() -> tuple[CommonMistake, ...]:
    """Return the mistakes; the first of those that explain an answer equally well is named."""
    texts = message_section("09.top_k")
    mistakes = {
        "ids": (_largest, _are_ids),
        "values_only": (_values, _are_values),
        "minus_infinity": (_minus_infinity, None),
        "smallest": (_keeps(lambda p, k: np.argsort(p, kind="stable")[:k]), _kept_smallest),
        "sorted": (lambda p, k: np.sort(_top_k(p, k))[::-1], _is_sorted),
        "first_ids": (_keeps(_first), _has_ids(_first)),
        "keeps_ties": (_keeps(_at_or_above_kth), _has_ids(_at_or_above_kth)),
        "first_of_equals": (_keeps(_first_of_equals), _has_ids(_first_of_equals)),
        "higher_ids": (
            _keeps(lambda p, k: np.argsort(p, kind="stable")[::-1][:k]),
            _kept_other_ties,
        ),
        "one_too_few": (_keeps(_one_too_few), _is_too_few),
        "one_too_many": (_keeps(_one_too_many), _has_ids(_one_too_many)),
        "softmax": (_softmax_of_kept, None),
        "divided_by_k": (_divided_by_k, _is_divided_by_k),
        "not_normalised": (_not_normalised, _is_not_normalised),
        "proportions": (_equal_shares, _has_the_largest),
    }
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts["mistakes"][key], matches=matches)
            for key, (function, matches) in mistakes.items()
        ),
        CommonMistake(
            "index error for k > V", _index_error_for_large_k, texts["causes"]["large_k"]
        ),
    )
