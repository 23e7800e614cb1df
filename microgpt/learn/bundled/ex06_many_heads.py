"""06.many_heads: attention in several heads side by side, for one text."""

import numpy as np

from microgpt.learn.bundled.causal_rows import sees_no_future
from microgpt.learn.bundled.many_heads_mistakes import common_mistakes
from microgpt.learn.bundled.tensor_gradients import has_gradients
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.results import NotAttempted


def many_heads(x, wq, wk, wv, wo, n_head):
    T, C = x.shape
    q, k, v = ((x @ w.T).reshape(T, n_head, -1).transpose(1, 0, 2) for w in (wq, wk, wv))
    scores = q @ k.transpose(0, 2, 1) * (n_head / C) ** 0.5
    scores = scores + np.triu(np.full((T, T), -1e30), 1)
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    heads = exponentials / exponentials.sum(axis=-1, keepdims=True) @ v
    return heads.transpose(1, 0, 2).reshape(T, C) @ wo.T


def _head(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[np.triu_indices(len(q), 1)] = -np.inf
    e = np.exp(scores - scores.max(-1)[:, None])
    return e / e.sum(-1)[:, None] @ v


def _by_slices(x, wq, wk, wv, wo, n_head):
    D = wq.shape[0] // n_head
    heads = []
    for row in range(0, n_head * D, D):
        own = slice(row, row + D)
        heads.append(_head(x @ wq[own].T, x @ wk[own].T, x @ wv[own].T))
    return np.concatenate(heads, axis=1) @ wo.T


def _by_np_split(x, wq, wk, wv, wo, n_head):
    parts = (np.split(x @ w.T, n_head, axis=1) for w in (wq, wk, wv))
    return np.hstack([_head(*own) for own in zip(*parts, strict=True)]) @ wo.T


def _by_einsum(x, wq, wk, wv, wo, n_head):
    if len(wo) % n_head:
        raise ValueError("C is no multiple of n_head")
    q, k, v = (np.einsum("tc,hdc->htd", x, w.reshape(n_head, -1, len(w))) for w in (wq, wk, wv))
    y = np.array([_head(*own) for own in zip(q, k, v, strict=True)])
    return np.einsum("htd,chd->tc", y, wo.reshape(len(wo), n_head, -1))


def _has_shape(answer, x, *weights):
    got = answer(x, *weights).shape
    return None if got == x.shape else Mismatch(f"shape {got}", f"shape {x.shape}")


_quantities = message_section("quantities")


def _heads_stay_apart(answer, x, wq, wk, wv, wo, n_head):
    """Change the last head's rows of wv: the first D features stay, since wo is the identity."""
    D = len(wv) // n_head
    changed = wv.copy()
    changed[-D:] += 1.0
    before = answer(x, wq, wk, wv, wo, n_head)[:, :D]
    after = answer(x, wq, wk, changed, wo, n_head)[:, :D]
    same = before.shape == after.shape and np.allclose(before, after, rtol=0, atol=1e-12)
    return None if same else Mismatch(after, before, quantity=_quantities["first_head"])


def _is_refused(answer, *arguments):
    try:
        got = answer(*arguments)
    except (NotAttempted, NotImplementedError):
        raise
    except Exception as error:
        if error is answer.error:  # raised by the answer itself, and by nothing that checks it
            return None
        raise
    return Mismatch(got, _texts["refused"], _causes["indivisible"])


def _random(rng, T, C, n_head):
    x, weights = rng.normal(size=(T, C)), rng.normal(size=(4, C, C)) / C**0.5
    return (np.round(x * 2, 1), *np.round(weights, 1), n_head)


def _cases(*sizes):
    """Return the inputs of a property: x (T, C), weights (C, C) and n_head, for each of these."""
    return lambda rng: (_random(rng, *size) for size in sizes)


def _without_wo(rng):
    for T, C, n_head in ((2, 4, 2), (3, 6, 3), (3, 6, 2)):
        x, wq, wk, wv, _, _ = _random(rng, T, C, n_head)
        yield x, wq, wk, wv, np.eye(C), n_head


_texts = message_section("06.many_heads")
_descriptions, _causes = _texts["properties"], _texts["causes"]

MANY_HEADS = Exercise(
    id="06.many_heads",
    signature="many_heads(x, wq, wk, wv, wo, n_head) -> y",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([[1.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]), *(np.eye(4),) * 4, 2),
        np.array([[1.0, 0.0, 0.0, 0.0], [1.8044297, 0.0, 0.0, 0.0]]),
    ),
    difficulty=2,
    importance=4,
    minutes=6,
    prerequisites=("attention_head",),
    hints=tuple(_texts["hints"]),
    solution=many_heads,
    alternative_solutions=(_by_slices, _by_np_split, _by_einsum),
    properties=(
        Property(_descriptions["shape"], _cases((2, 4, 2), (3, 6, 3)), _has_shape),
        Property(_descriptions["one_head"], _cases((1, 2, 1), (2, 2, 1), (3, 4, 1), (4, 3, 1))),
        Property(_descriptions["apart"], _without_wo, _heads_stay_apart),
        Property(
            _descriptions["no_future"],
            _cases((2, 2, 2), (3, 4, 2), (6, 2, 1)),
            sees_no_future(_causes["leak"]),
        ),
        Property(
            _descriptions["values"],
            _cases((2, 4, 2), (3, 4, 4), (4, 4, 2), (3, 6, 2), (3, 6, 3), (5, 8, 2), (6, 6, 6)),
        ),
        Property(_descriptions["indivisible"], _cases((2, 3, 2), (2, 5, 3)), _is_refused),
        Property(
            _descriptions["gradients"],
            _cases((2, 4, 2)),
            has_gradients(many_heads),
        ),
    ),
    common_mistakes=common_mistakes(),
)
