"""The common mistakes of 06.many_heads: how features are split, which heads see what, the join."""

import numpy as np

from microgpt.learn.bundled.attention_mistakes import hide, softmax
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def split(y, n_head):
    """Return features (T, C) as heads (H, T, D)."""
    return y.reshape(len(y), n_head, -1).transpose(1, 0, 2)


def join(heads):
    """Return heads (H, T, D) side by side, (T, C)."""
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


def attend(q, k, v, scale=None):
    """Return the results of causal heads, all (H, T, D); `scale` (default √D) divides scores."""
    return softmax(hide(_scores(q, k, scale))) @ v


def _scores(q, k, scale=None):
    return q @ k.transpose(0, 2, 1) / (q.shape[-1] ** 0.5 if scale is None else scale)


def _in_heads(formula, split=split, join=join):
    """Return a mistake whose heads are `formula(q, k, v)`, all (H, T, D), but for split or join."""

    def mistake(x, wq, wk, wv, wo, n_head):
        return join(formula(*(split(x @ w.T, n_head) for w in (wq, wk, wv)))) @ wo.T

    return mistake


def _from_heads(formula):
    """Return a mistake that gives `formula(heads, wo)` of right heads (H, T, D)."""

    def mistake(x, wq, wk, wv, wo, n_head):
        return formula(attend(*(split(x @ w.T, n_head) for w in (wq, wk, wv))), wo)

    return mistake


def _right(x, wq, wk, wv, wo, n_head):
    return _from_heads(lambda heads, wo: join(heads) @ wo.T)(x, wq, wk, wv, wo, n_head)


def _scaled(scale):
    """Return a mistake whose scores are divided by `scale(x, n_head)`."""

    def mistake(x, wq, wk, wv, wo, n_head):
        q, k, v = (split(x @ w.T, n_head) for w in (wq, wk, wv))
        return join(attend(q, k, v, scale(x, n_head))) @ wo.T

    return mistake


def _by_rows(rows):
    """Return a mistake whose head h has the rows `rows(h, D)` of each weight."""

    def mistake(x, wq, wk, wv, wo, n_head):
        heads = []
        for h in range(n_head):
            own = rows(h, len(x[0]) // n_head)
            heads.append(attend(*((x @ w[own].T)[None] for w in (wq, wk, wv)))[0])
        return np.concatenate(heads, axis=1) @ wo.T

    return mistake


def _split_without_transposing(y, n_head):
    return y.reshape(n_head, len(y), -1)


def _split_interleaved(y, n_head):
    return y.reshape(len(y), -1, n_head).transpose(2, 0, 1)


def _join_without_transposing(heads):
    return heads.reshape(heads.shape[1], -1)


def _join_interleaved(heads):
    return heads.transpose(1, 2, 0).reshape(heads.shape[1], -1)


def _split_x(x, wq, wk, wv, wo, n_head):
    """Let each head read its own D features of x only."""
    D, heads = len(x[0]) // n_head, []
    for h in range(n_head):
        own = slice(h * D, (h + 1) * D)
        heads.append(attend(*((x[:, own] @ w[own, own].T)[None] for w in (wq, wk, wv)))[0])
    return np.concatenate(heads, axis=1) @ wo.T


def _does_not_fit(x, wq, wk, wv, wo, n_head):
    if n_head > 1:
        raise ValueError
    return _right(x, wq, wk, wv, wo, n_head)


def _uneven(x, wq, wk, wv, wo, n_head):
    parts = [np.array_split(x @ w.T, n_head, axis=1) for w in (wq, wk, wv)]
    heads = [attend(*(part[None] for part in own))[0] for own in zip(*parts, strict=True)]
    return np.concatenate(heads, axis=1) @ wo.T


def _weights_not_transposed(x, wq, wk, wv, wo, n_head):
    return join(attend(*(split(x @ w, n_head) for w in (wq, wk, wv)))) @ wo.T


def _no_weight_transposed(x, wq, wk, wv, wo, n_head):
    return join(attend(*(split(x @ w, n_head) for w in (wq, wk, wv)))) @ wo


def _residual(x, wq, wk, wv, wo, n_head):
    return x + _right(x, wq, wk, wv, wo, n_head)


def _reversed_axes(q, k, v):
    return softmax(hide(q @ k.T / q.shape[-1] ** 0.5)) @ v


def _one_head(x, wq, wk, wv, wo, n_head):
    return _right(x, wq, wk, wv, wo, 1)


def _exchanged(x, wq, wk, wv, wo, n_head):
    return _right(x, wq, wk, wv, wo, len(wo) // n_head)


def common_mistakes():
    """Return the mistakes; the first of those that explain an answer equally well is named."""
    section = message_section("06.many_heads")
    texts = section["mistakes"]
    mistakes = {
        "no_transpose": _in_heads(attend, _split_without_transposing, _join_without_transposing),
        "split_without_transposing": _in_heads(attend, split=_split_without_transposing),
        "join_without_transposing": _in_heads(attend, join=_join_without_transposing),
        "root_of_c": _scaled(lambda x, n_head: x.shape[1] ** 0.5),
        "one_head": _one_head,
        "no_scale": _scaled(lambda x, n_head: 1),
        "divided_by_d": _scaled(lambda x, n_head: x.shape[1] / n_head),
        "root_of_t": _scaled(lambda x, n_head: len(x) ** 0.5),
        "root_of_n_head": _scaled(lambda x, n_head: n_head**0.5),
        "multiplied": _scaled(lambda x, n_head: (n_head / x.shape[1]) ** 0.5),
        "interleaved": _in_heads(attend, _split_interleaved, _join_interleaved),
        "split_interleaved": _in_heads(attend, split=_split_interleaved),
        "join_interleaved": _in_heads(attend, join=_join_interleaved),
        "wo_forgotten": _from_heads(lambda heads, wo: join(heads)),
        "wo_not_transposed": _from_heads(lambda heads, wo: join(heads) @ wo),
        "wo_forgotten_and_added": _from_heads(lambda heads, wo: heads.sum(axis=0)),
        "averaged": _from_heads(lambda heads, wo: heads.mean(axis=0)),
        "not_joined": _from_heads(lambda heads, wo: heads),
        "joined_below": _from_heads(lambda heads, wo: np.concatenate(list(heads), axis=0)),
        "first_head": _from_heads(lambda heads, wo: heads[0]),
        "last_head": _from_heads(lambda heads, wo: heads[-1]),
        "does_not_fit": _does_not_fit,
        "across_features": _in_heads(
            attend, lambda y, n_head: y.reshape(len(y), n_head, -1), lambda y: y.reshape(len(y), -1)
        ),
        "exchanged": _exchanged,
        "reversed_axes": _in_heads(_reversed_axes),
        "weights_not_transposed": _weights_not_transposed,
        "no_weight_transposed": _no_weight_transposed,
        "x_split": _split_x,
        "step_of_one": _by_rows(lambda h, D: slice(h, h + D)),
        "same_head": _by_rows(lambda h, D: slice(0, D)),
        "reversed_heads": _in_heads(lambda q, k, v: attend(q, k, v)[::-1]),
        "no_mask": _in_heads(lambda q, k, v: softmax(_scores(q, k)) @ v),
        "mask_after": _in_heads(lambda q, k, v: np.tril(softmax(_scores(q, k))) @ v),
        "upside_down": _in_heads(lambda q, k, v: softmax(np.triu(_scores(q, k)) + _lower(q)) @ v),
        "diagonal_masked": _in_heads(lambda q, k, v: softmax(hide(_scores(q, k), diagonal=0)) @ v),
        "columns": _in_heads(lambda q, k, v: softmax(hide(_scores(q, k)), axis=1) @ v),
        "across_heads": _in_heads(lambda q, k, v: softmax(hide(_scores(q, k), -1e30), axis=0) @ v),
        "swapped": _in_heads(lambda q, k, v: attend(k, q, v)),
        "keys_for_values": _in_heads(lambda q, k, v: attend(q, k, k)),
        "keys_and_values_exchanged": _in_heads(lambda q, k, v: attend(q, v, k)),
        "queries_for_keys": _in_heads(lambda q, k, v: attend(q, q, v)),
        "residual": _residual,
        "whole_numbers": _from_heads(lambda heads, wo: np.trunc(join(heads) @ wo.T)),
        "transposed": _from_heads(lambda heads, wo: (join(heads) @ wo.T).T),
    }
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts[key])
            for key, function in mistakes.items()
        ),
        CommonMistake("uneven", _uneven, section["causes"]["indivisible"]),
    )


def _lower(q):
    """Return −1e30 below the diagonal, and 0 elsewhere, for heads (H, T, D)."""
    T = q.shape[1]
    return np.tril(np.full((T, T), -1e30), -1)
