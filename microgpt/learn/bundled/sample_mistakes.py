"""The common mistakes of 09.sample, one at each stage: order, temperature, cut, walk, result."""

import numpy as np

from microgpt.learn.bundled.probabilities import softmax
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def _ranked_ids(logits):
    return np.argsort(-logits, kind="stable")


def _ranked_probs(logits, T):
    """Return all probabilities in descending order; at T = 0 the most probable has all."""
    if T == 0:
        return (np.arange(len(logits)) == 0).astype(float)
    return softmax(logits[_ranked_ids(logits)] / T)


def kept_probs(logits, T, k):
    """Return the probabilities of the k most probable in descending order, normalised."""
    probs = _ranked_probs(logits, T)[:k]
    return probs / probs.sum()


def _rank(probs, u, side="right"):
    """Return the first index at which the cumulative probability exceeds u, or the last one."""
    return min(int(np.searchsorted(np.cumsum(probs), u, side=side)), len(probs) - 1)


def _rank_of_token(logits, T, k, u):
    return _rank(kept_probs(logits, T, k), u)


def _probability(logits, T, k, u):
    return float(kept_probs(logits, T, k)[_rank_of_token(logits, T, k, u)])


def _is_probability(result, logits, T, k, u):
    """Whether a probability or a sum of them came back, of all tokens or of those kept."""
    if not isinstance(result, float):
        return False
    ranked, kept = _ranked_probs(logits, T), kept_probs(logits, T, k)
    return any(
        np.isclose(numbers, result).any() for probs in (ranked, kept)
        for numbers in (probs, np.cumsum(probs))
    )  # fmt: skip


def _is_logit(result, logits, T, k, u):
    return isinstance(result, float) and result in logits


def _is_largest_logit(result, logits, T, k, u):
    return isinstance(result, float) and result == max(logits)


def _is_token(result):
    return isinstance(result, int) and not isinstance(result, bool)


def _fell_off_the_end(result, logits, k):
    """Whether a walk without an end came back with nothing, the last token kept or one cut."""
    last = min(k, len(logits)) - 1
    return result is None or (_is_token(result) and result in _ranked_ids(logits)[last:])


def _in_id_order(logits, T, k, u):
    probs = np.zeros(len(logits))
    probs[_ranked_ids(logits)[:k]] = kept_probs(logits, T, k)
    return _rank(probs, u)


def _ascending(logits, T, k, u):
    kept = _ranked_ids(logits)[:k][::-1]
    if T == 0:
        return int(kept[-1])
    return int(kept[_rank(kept_probs(logits, T, k)[::-1], u)])


def _multiplied(logits, T, k, u):
    kept = _ranked_ids(logits)[:k]
    return int(kept[_rank(softmax(logits[kept] * T), u)]) if T else int(kept[0])


def _not_normalised(logits, T, k, u):
    """Return the token, or the last one kept if u lies beyond the sum of what was kept."""
    return int(_ranked_ids(logits)[:k][_rank(_ranked_probs(logits, T)[:k], u)])


def _is_not_normalised(result, logits, T, k, u):
    """Whether the token is that of probabilities that were not normalised after the cut."""
    if u >= _ranked_probs(logits, T)[:k].sum():
        return _fell_off_the_end(result, logits, k)
    return _is_token(result) and result == _not_normalised(logits, T, k, u)


def _keeps_ties(logits, T, k, u):
    order, probs = _ranked_ids(logits), _ranked_probs(logits, T)
    kept = np.where(probs >= probs[min(k, len(order)) - 1], probs, 0.0)
    return int(order[_rank(kept / kept.sum(), u)])


def _first_of_equals(logits, T, k, u):
    ranked = sorted(logits, reverse=True)
    return list(logits).index(ranked[_rank_of_token(logits, T, k, u)])


def _reversed_ties(logits, T, k, u):
    order = np.argsort(logits, kind="stable")[::-1]
    return int(order[_rank_of_token(logits, T, k, u)])


def _is_a_tie(result, logits, T, k, u):
    """Whether another token came back with the same logit."""
    token = _ranked_ids(logits)[_rank_of_token(logits, T, k, u)]
    return result != token and logits[result] == logits[token]


def _stops_at_equal(logits, T, k, u):
    return int(_ranked_ids(logits)[_rank(kept_probs(logits, T, k), u, side="left")])


def _walk(logits, T, k, u, ends):
    """Return the first kept id at which `ends(sum before, probability, u)`; at T = 0 the first."""
    order, cumulative = _ranked_ids(logits), 0.0
    if T == 0:
        return int(order[0])
    for token, prob in zip(order[:k], kept_probs(logits, T, k), strict=False):
        if ends(cumulative, prob, u):
            return int(token)
        cumulative += prob
    return int(order[:k][-1])


def _is_walk(ends):
    """Return whether a result is that of a walk with this rule for its end."""

    def matches(result, logits, T, k, u):
        probs = kept_probs(logits, T, k)
        before = np.cumsum(probs) - probs
        if T and not any(ends(*pair, u) for pair in zip(before, probs, strict=True)):
            return _fell_off_the_end(result, logits, k)
        return _is_token(result) and result == _walk(logits, T, k, u, ends)

    return matches


def _too_early(before, prob, u):
    return before > u


def _alone(before, prob, u):
    return prob > u


def _below(before, prob, u):
    return before + prob < u


def _index_error_for_large_k(logits, T, k, u):
    order = _ranked_ids(logits)
    kept = [order[rank] for rank in range(k)]
    return int(kept[_rank_of_token(logits, T, k, u)])


def _divides_by_zero(logits, T, k, u):
    scaled = [float(logit) / T for logit in logits]
    return int(_ranked_ids(logits)[_rank_of_token(np.array(scaled), 1.0, k, u)])


def _no_maximum(logits, T, k, u):
    """Return the token of a softmax that overflows."""
    order = _ranked_ids(logits)
    if T == 0:
        return int(order[0])
    exponentials = np.exp(logits[order[:k]] / T)
    probs = exponentials / exponentials.sum()
    return int(order[_rank(probs, u, "right")])


def common_mistakes(sample) -> tuple[CommonMistake, ...]:
    """Return the mistakes; the first of those that explain an answer equally well is named.

    `sample` is the solution.
    """
    texts = message_section("09.sample")

    def same_as(function):
        return lambda result, *arguments: _is_token(result) and result == function(*arguments)

    def greedy(logits, T, k, u):
        return int(np.argmax(logits))

    def no_temperature(logits, T, k, u):
        return sample(logits, 1.0 if T else 0, k, u)

    def is_no_temperature(result, logits, T, k, u):  # T = 0 may be no case of its own
        return _is_token(result) and result == sample(logits, 1.0, k, u)

    def no_cut(logits, T, k, u):
        return sample(logits, T, len(logits), u)

    def one_too_few(logits, T, k, u):
        return sample(logits, T, max(1, k - 1), u)

    def one_too_many(logits, T, k, u):
        return sample(logits, T, k + 1, u)

    def walk(ends):
        return lambda *arguments: _walk(*arguments, ends)

    mistakes = {
        "largest_logit": (lambda logits, T, k, u: float(max(logits)), _is_largest_logit),
        "largest_logit_at_zero": (
            lambda logits, T, k, u: sample(logits, T, k, u) if T else float(max(logits)),
            _is_largest_logit,
        ),
        "logit": (lambda *args: float(args[0][sample(*args)]), _is_logit),
        "probability": (_probability, _is_probability),
        "rank": (_rank_of_token, same_as(_rank_of_token)),
        "zero_at_zero": (
            lambda logits, T, k, u: sample(logits, T, k, u) if T else 0,
            lambda result, logits, T, k, u: T == 0 == result,
        ),
        "greedy_always": (greedy, same_as(greedy)),
        "id_order": (_in_id_order, None),
        "ascending": (_ascending, None),
        "multiplied": (_multiplied, None),
        "no_temperature": (no_temperature, is_no_temperature),
        "no_cut": (no_cut, same_as(no_cut)),
        "one_too_few": (one_too_few, None),
        "one_too_many": (one_too_many, None),
        "keeps_ties": (_keeps_ties, same_as(_keeps_ties)),
        "first_of_equals": (_first_of_equals, same_as(_first_of_equals)),
        "tie_order": (_reversed_ties, _is_a_tie),
        "compared_too_early": (walk(_too_early), _is_walk(_too_early)),
        "not_cumulative": (walk(_alone), _is_walk(_alone)),
        "wrong_direction": (walk(_below), _is_walk(_below)),
        "not_normalised": (_not_normalised, _is_not_normalised),
    }
    at_an_edge = {  # named as the property at which they fail is
        "sum_equals_u": _stops_at_equal,
        "large_k": _index_error_for_large_k,
        "divides_by_zero": _divides_by_zero,
        "large_logits": _no_maximum,
    }
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts["mistakes"][key], matches=matches)
            for key, (function, matches) in mistakes.items()
        ),
        *(
            CommonMistake(f"fails at {key}", function, texts["causes"][key])
            for key, function in at_an_edge.items()
        ),
    )
