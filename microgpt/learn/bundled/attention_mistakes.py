"""The common mistakes of 06.attention_head: what is hidden, what is divided, what is returned.

Most are functions of queries, keys and values, all (T, D), or of the scores (T, T) as well.
"""

import numpy as np

from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section

LOW_SCORES = (-1, -10, -100, -1000)  # which learners take for hidden


def softmax(scores, axis=-1):
    """Return softmax along an axis; None: over all numbers together."""
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def hide(scores, number=-np.inf, diagonal=1):
    """Return scores (T, T) with a number in the upper triangle, from a diagonal on."""
    return np.where(np.triu(np.ones(scores.shape), diagonal) > 0, number, scores)


def _from_values(formula):
    """Return a mistake made of `formula(q, k, v)`."""
    return lambda x, wq, wk, wv: formula(x @ wq.T, x @ wk.T, x @ wv.T)


def _from_scores(formula):
    """Return a mistake made of `formula(s, v)`: scaled scores that hide nothing yet, and values."""
    return _from_values(lambda q, k, v: formula(q @ k.T / len(q[0]) ** 0.5, v))


def _from_hidden(formula):
    """Return a mistake made of `formula(s, v)`: scaled and hidden scores, and values."""
    return _from_scores(lambda s, v: formula(hide(s), v))


def _scaled(scale):
    """Return a mistake whose unscaled scores are divided by `scale(x, D)`."""

    def mistake(x, wq, wk, wv):
        scores = (x @ wq.T) @ (x @ wk.T).T
        return softmax(hide(scores / scale(x, len(wq)))) @ (x @ wv.T)

    return mistake


def _weighted(q, k, v):
    return softmax(hide(q @ k.T / len(q[0]) ** 0.5)) @ v


def _weights_not_transposed(x, wq, wk, wv):
    return _weighted(x @ wq, x @ wk, x @ wv)


def _transposed_too_late(x, wq, wk, wv):
    return _weighted((x @ wq).T, (x @ wk).T, (x @ wv).T)


def _shared_out_again(s, v):
    shares = np.tril(softmax(s))
    return shares / shares.sum(axis=-1, keepdims=True) @ v


def _hidden_after_exp(s, v):
    e = np.exp(s) * np.tri(len(s))
    return e / e.sum(axis=-1, keepdims=True) @ v


def _before_itself(s, v):
    """Take the rows before each one, as a loop with [:t] does: for the first nothing is left."""
    e = np.tril(np.exp(s), -1)
    return e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300) @ v


def _sum_without_its_axis(s, v):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1) @ v


def _column_sums(s, v):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=0) @ v


def _maximum_without_its_axis(s, v):
    e = np.exp(s - s.max(axis=-1))
    return e / e.sum(axis=-1, keepdims=True) @ v


def _both_without_their_axis(s, v):
    e = np.exp(s - s.max(axis=-1))
    return e / e.sum(axis=-1) @ v


def _no_maximum(s, v):
    e = np.exp(s)
    return e / e.sum(axis=-1, keepdims=True) @ v


def _global_maximum(s, v):
    e = np.exp(s - s.max())
    return e / e.sum(axis=-1, keepdims=True) @ v


def _equal_shares(s, v):
    return np.tri(len(s)) / np.arange(1, len(s) + 1)[:, None] @ v


def _times_infinity(s, v):
    return softmax(s + np.triu(np.ones(s.shape), 1) * -np.inf) @ v


def _zeros_hidden(s, v):
    visible = np.tril(s)
    return softmax(np.where(visible == 0, -np.inf, visible)) @ v


def _one_hot(s, v):
    return v[s.argmax(axis=-1)]


def common_mistakes(attention_head):
    """Return the mistakes; the first of those that explain an answer equally well is named.

    `attention_head` is the solution.
    """
    texts = message_section("06.attention_head")["mistakes"]
    mistakes = {
        "mask_after": _from_scores(lambda s, v: np.tril(softmax(s)) @ v),
        "shared_out_again": _from_scores(_shared_out_again),
        "hidden_after_exp": _from_scores(_hidden_after_exp),
        "no_mask": _from_scores(lambda s, v: softmax(s) @ v),
        "no_scale": _scaled(lambda x, D: 1),
        "divided_by_d": _scaled(lambda x, D: D),
        "multiplied": _scaled(lambda x, D: D**-0.5),
        "divided_by_2": _scaled(lambda x, D: 2),
        "root_of_c": _scaled(lambda x, D: x.shape[1] ** 0.5),
        "root_of_t": _scaled(lambda x, D: len(x) ** 0.5),
        "mask_after_no_scale": _from_values(lambda q, k, v: np.tril(softmax(q @ k.T)) @ v),
        "no_mask_nor_scale": _from_values(lambda q, k, v: softmax(q @ k.T) @ v),
        "scale_of_shares": _from_values(
            lambda q, k, v: softmax(hide(q @ k.T)) / len(q[0]) ** 0.5 @ v
        ),
        "scaled_twice": _from_hidden(lambda s, v: softmax(s) @ v / len(v[0]) ** 0.5),
        "upside_down": _from_scores(lambda s, v: softmax(hide(s.T).T) @ v),
        "diagonal_masked": _from_scores(lambda s, v: softmax(hide(s, diagonal=0)) @ v),
        "diagonal_masked_evenly": _from_scores(lambda s, v: softmax(hide(s, -1e30, 0)) @ v),
        "before_itself": _from_scores(_before_itself),
        "sees_next": _from_scores(lambda s, v: softmax(hide(s, diagonal=2)) @ v),
        "hidden_zero": _from_scores(lambda s, v: softmax(np.tril(s)) @ v),
        "zeros_hidden": _from_scores(_zeros_hidden),
        "times_infinity": _from_scores(_times_infinity),
        "columns": _from_hidden(lambda s, v: softmax(s, axis=0) @ v),
        "column_sums": _from_hidden(_column_sums),
        "columns_unmasked": _from_scores(lambda s, v: softmax(s, axis=0) @ v),
        "all_together": _from_hidden(lambda s, v: softmax(s, axis=None) @ v),
        "swapped": _from_values(lambda q, k, v: _weighted(k, q, v)),
        "sum_without_its_axis": _from_hidden(_sum_without_its_axis),
        "maximum_without_its_axis": _from_hidden(_maximum_without_its_axis),
        "both_without_their_axis": _from_hidden(_both_without_their_axis),
        "no_maximum": _from_hidden(_no_maximum),
        "global_maximum": _from_hidden(_global_maximum),
        "no_softmax": _from_scores(lambda s, v: np.tril(s) @ v),
        "no_softmax_hidden": _from_scores(lambda s, v: hide(s, -1e30) @ v),
        "not_normalised": _from_hidden(lambda s, v: np.exp(s) @ v),
        "not_normalised_but_maximum": _from_hidden(
            lambda s, v: np.exp(s - s.max(axis=-1, keepdims=True)) @ v
        ),
        "softmax_twice": _from_scores(lambda s, v: softmax(hide(softmax(s))) @ v),
        "negative": _from_scores(lambda s, v: softmax(hide(-s)) @ v),
        "equal_shares": _from_scores(_equal_shares),
        "one_hot": _from_hidden(_one_hot),
        "whole_division": _from_values(
            lambda q, k, v: softmax(hide(q @ k.T // len(q[0]) ** 0.5)) @ v
        ),
        "shares": _from_hidden(lambda s, v: softmax(s)),
        "scores": _from_scores(lambda s, v: s),
        "values": _from_values(lambda q, k, v: v),
        "queries": _from_values(lambda q, k, v: q),
        "keys": _from_values(lambda q, k, v: k),
        "transposed_shares": _from_hidden(lambda s, v: softmax(s).T @ v),
        "transposed": _from_values(lambda q, k, v: _weighted(q, k, v).T),
        "x_for_values": lambda x, wq, wk, wv: _weighted(x @ wq.T, x @ wk.T, x),
        "x_alone": lambda x, wq, wk, wv: _weighted(x, x, x),
        "keys_for_values": _from_values(lambda q, k, v: _weighted(q, k, k)),
        "queries_for_values": _from_values(lambda q, k, v: _weighted(q, k, q)),
        "values_for_keys": _from_values(lambda q, k, v: _weighted(q, v, v)),
        "keys_and_values_exchanged": _from_values(lambda q, k, v: _weighted(q, v, k)),
        "queries_for_keys": _from_values(lambda q, k, v: _weighted(q, q, v)),
        "keys_for_queries": _from_values(lambda q, k, v: _weighted(k, k, v)),
        "weights_not_transposed": _weights_not_transposed,
        "transposed_too_late": _transposed_too_late,
        "residual": lambda x, wq, wk, wv: x + attention_head(x, wq, wk, wv),
        "last_row": lambda x, wq, wk, wv: attention_head(x, wq, wk, wv)[-1],
        "first_row": lambda x, wq, wk, wv: attention_head(x, wq, wk, wv)[0],
        "first_row_in_a_list": lambda x, wq, wk, wv: attention_head(x, wq, wk, wv)[:1],
        "mean_of_rows": lambda x, wq, wk, wv: attention_head(x, wq, wk, wv).mean(axis=0),
        "whole_numbers": lambda x, wq, wk, wv: np.trunc(attention_head(x, wq, wk, wv)),
    }
    low = (
        CommonMistake(
            f"a hidden score of {score}",
            _from_scores(lambda s, v, score=score: softmax(hide(s, score)) @ v),
            texts["low_score"].format(score=f"−{-score}"),
        )
        for score in LOW_SCORES
    )
    lowered = (
        CommonMistake(
            f"hidden scores lowered by {-score}",
            _from_scores(
                lambda s, v, score=score: softmax(s + score * np.triu(np.ones(s.shape), 1)) @ v
            ),
            texts["lowered_score"].format(score=-score),
        )
        for score in LOW_SCORES
    )
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts[key])
            for key, function in mistakes.items()
        ),
        *low,
        *lowered,
    )
