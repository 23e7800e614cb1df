"""The common mistakes of 03.cross_entropy, and the probabilities that its gradient uses as well."""

import numpy as np

from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section

EPSILON = 1e-9


def probs(logits, axis=-1):
    """Return softmax along an axis; None: over all numbers together."""
    e = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def naive_probs(logits):
    """Return softmax without the maximum, which overflows."""
    e = np.exp(logits)
    return e / e.sum(axis=-1, keepdims=True)


def one_hot(logits, targets):
    """Return 1 at each row's target and 0 elsewhere, of the shape of logits."""
    return np.eye(logits.shape[-1])[targets]


def _at_targets(array, targets):
    return array[np.arange(len(targets)), targets]


def _mean_nll(p, targets):
    return -np.log(_at_targets(p, targets)).mean()


def _log_sums(logits):
    m = logits.max(axis=-1)
    return m + np.log(np.exp(logits - m[:, None]).sum(axis=-1))


def _naive_log_sums(logits, targets):
    return (np.log(np.exp(logits).sum(axis=-1)) - _at_targets(logits, targets)).mean()


def _global_maximum(logits, targets):
    m = logits.max()
    log_sums = m + np.log(np.exp(logits - m).sum(axis=-1))
    return (log_sums - _at_targets(logits, targets)).mean()


def _with_epsilon(logits, targets):
    return -np.log(_at_targets(probs(logits), targets) + EPSILON).mean()


def _was_clipped(result, logits, targets):
    """Whether logits 1000 apart gave a modest loss, or that of logits that are all equal."""
    is_modest = 5 < result < 900 or abs(result - np.log(logits.shape[1])) < 1e-6
    return np.ptp(logits) >= 1000 and is_modest


def _binary(logits, targets):
    p, y = probs(logits), one_hot(logits, targets)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p + (p == 1))).sum(axis=-1).mean()


def _maximum_added_twice(logits, targets):
    m = logits.max(axis=-1)
    return (_log_sums(logits) + m - _at_targets(logits, targets)).mean()


def common_mistakes(cross_entropy):
    """Return the mistakes; the first of those that explain an answer equally well is named.

    `cross_entropy` is the solution.
    """
    texts = message_section("03.cross_entropy")
    mistakes = {
        "every_cell": lambda z, t: cross_entropy(z, t) / z.shape[1],
        "sum": lambda z, t: cross_entropy(z, t) * len(t),
        "vocabulary_only": lambda z, t: cross_entropy(z, t) * len(t) / z.shape[1],
        "each_row": lambda z, t: _log_sums(z) - _at_targets(z, t),
        "base_2": lambda z, t: cross_entropy(z, t) / np.log(2),
        "base_10": lambda z, t: cross_entropy(z, t) / np.log(10),
        "likeliest": lambda z, t: cross_entropy(z, z.argmax(axis=-1)),
        "all_pairs": lambda z, t: -np.log(probs(z))[:, t].mean(),
        "rows_by_target": lambda z, t: -np.log(probs(z)[t]).mean(),
        "return_in_loop": lambda z, t: cross_entropy(z[:1], t[:1]) / len(t),
        "zero_times_infinity": lambda z, t: -(one_hot(z, t) * np.log(probs(z))).sum(axis=-1).mean(),
        "first_row": lambda z, t: cross_entropy(z[:1], t[:1]),
        "sign": lambda z, t: -cross_entropy(z, t),
        "no_logarithm": lambda z, t: _at_targets(probs(z), t).mean(),
        "one_minus": lambda z, t: 1 - _at_targets(probs(z), t).mean(),
        "log_of_mean": lambda z, t: -np.log(_at_targets(probs(z), t).mean()),
        "product": lambda z, t: np.exp(-cross_entropy(z, t) * len(t)),
        "perplexity": lambda z, t: np.exp(cross_entropy(z, t)),
        "logit_only": lambda z, t: -_at_targets(z, t).mean(),
        "log_of_logits": lambda z, t: -np.log(_at_targets(z, t)).mean(),
        "no_target": lambda z, t: _log_sums(z).mean(),
        "mean_of_all": lambda z, t: -np.log(probs(z)).mean(),
        "sum_of_each_row": lambda z, t: -np.log(probs(z)).sum(axis=-1).mean(),
        "maximum_forgotten": lambda z, t: (
            _log_sums(z) - z.max(axis=-1) - _at_targets(z, t)
        ).mean(),
        "maximum_twice": _maximum_added_twice,
        "no_log_of_sum": lambda z, t: (np.exp(z).sum(axis=-1) - _at_targets(z, t)).mean(),
        "columns": lambda z, t: _mean_nll(probs(z, axis=0), t),
        "all_together": lambda z, t: _mean_nll(probs(z, axis=None), t),
        "softmax_twice": lambda z, t: cross_entropy(probs(z), t),
        "entropy": lambda z, t: -(probs(z) * np.log(probs(z))).sum(axis=-1).mean(),
        "binary": _binary,
        "squared_error": lambda z, t: ((probs(z) - one_hot(z, t)) ** 2).sum(axis=-1).mean(),
        "squared_error_mean": lambda z, t: ((probs(z) - one_hot(z, t)) ** 2).mean(),
        "next_target": lambda z, t: cross_entropy(z, (t - 1) % z.shape[1]),
        "accuracy": lambda z, t: (z.argmax(axis=-1) == t).mean(),
        "global_maximum": _global_maximum,
        "overflow": _naive_log_sums,
        "overflow_in_softmax": lambda z, t: _mean_nll(naive_probs(z), t),
    }
    rounded = (
        CommonMistake(
            f"rounded to {digits} digits",
            lambda z, t, digits=digits: round(float(cross_entropy(z, t)), digits),
            texts["mistakes"]["rounded"].format(digits=digits),
        )
        for digits in (2, 3)
    )
    return (
        CommonMistake(
            "log of softmax",
            lambda z, t: _mean_nll(probs(z), t),
            texts["mistakes"]["log_of_softmax"],
        ),
        *(
            CommonMistake(key.replace("_", " "), function, texts["mistakes"][key])
            for key, function in mistakes.items()
        ),
        *rounded,
        CommonMistake("epsilon", _with_epsilon, texts["mistakes"]["epsilon"], matches=_was_clipped),
    )
