"""06.attention_head: what learners write, and what they are told."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "06.attention_head"


def softmax(s, axis=-1):
    e = np.exp(s - s.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def qkv(x, wq, wk, wv):
    return x @ wq.T, x @ wk.T, x @ wv.T


def from_scores(formula):
    """An answer made of `formula(scores, values)`, with scaled scores that hide nothing yet."""

    def answer(x, wq, wk, wv):
        q, k, v = qkv(x, wq, wk, wv)
        return formula(q @ k.T / np.sqrt(len(wq)), v)

    return answer


def hide(s, number=-1e30, diagonal=1):
    s = s.copy()
    s[np.triu_indices(len(s), diagonal)] = number
    return s


def on_tensors(x, wq, wk, wv):
    q, k, v = qkv(x, wq, wk, wv)
    s = q @ k.T / len(wq) ** 0.5 + np.triu(np.full((len(x), len(x)), -1e30), 1)
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True) @ v


def by_the_library(x, *weights):
    x, *weights = (part if isinstance(part, mg.Tensor) else mg.Tensor(part)
                   for part in (x, *weights))  # fmt: skip
    return mg.ops.causal_attention(*(x @ w.T for w in weights))


def in_lists(x, wq, wk, wv):
    q, k, v = qkv(x, wq, wk, wv)
    rows = []
    for t in range(len(q)):
        s = [float(q[t] @ k[j]) / len(q[t]) ** 0.5 for j in range(t + 1)]
        e = [np.exp(score - max(s)) for score in s]
        rows.append([sum(e[j] / sum(e) * v[j][d] for j in range(t + 1)) for d in range(len(v[0]))])
    return rows


def transposed_throughout(x, wq, wk, wv):
    q, k, v = wq @ x.T, wk @ x.T, wv @ x.T
    s = k.T @ q / len(q) ** 0.5
    s[np.tril_indices(len(x), -1)] = -np.inf
    return (v @ softmax(s, axis=0)).T


@pytest.mark.parametrize(
    "answer",
    [
        on_tensors,
        by_the_library,
        in_lists,
        transposed_throughout,
        from_scores(lambda s, v: softmax(hide(s, -1e9)) @ v),
        from_scores(lambda s, v: softmax(np.where(np.tri(len(s)) > 0, s, -np.inf)) @ v),
        from_scores(lambda s, v: (softmax(hide(s)) @ v).astype(np.float32)),
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def loop(visible):
    """An answer that takes, for row t, the keys and values `visible(t)`."""

    def answer(x, wq, wk, wv):
        q, k, v = qkv(x, wq, wk, wv)
        rows = []
        for t in range(len(q)):
            e = np.exp(q[t] @ k[visible(t)].T / len(wq) ** 0.5)
            rows.append(e / e.sum() @ v[visible(t)])
        return np.array(rows)

    return answer


def returns_in_the_loop(x, wq, wk, wv):
    q, k, v = qkv(x, wq, wk, wv)
    rows = []
    for t in range(len(q)):
        rows.append(softmax(q[t] @ k[: t + 1].T / len(wq) ** 0.5) @ v[: t + 1])
        return rows
    return None


def scaled(scale):
    def answer(x, wq, wk, wv):
        q, k, v = qkv(x, wq, wk, wv)
        return softmax(hide(q @ k.T / scale(x, wq))) @ v

    return answer


def largest_of_earlier(x, wq, wk, wv):
    q, k, v = qkv(x, wq, wk, wv)
    return np.array([softmax(q[t] @ k[:t].T / len(wq) ** 0.5) @ v[:t] for t in range(len(x))])


def transposed_too_late(x, wq, wk, wv):
    return on_tensors(x, wq, wk, wv) if len(wq) == 1 else on_qkv((x @ wq).T, (x @ wk).T, (x @ wv).T)


def on_qkv(q, k, v):
    return softmax(hide(q @ k.T / np.sqrt(q.shape[1]))) @ v


def sees_later(first, last):
    """An answer whose rows from `first` to `last`, counted from 0, see one another."""

    def leaky(s, v):
        hidden = hide(s)
        hidden[first : last + 1, first : last + 1] = s[first : last + 1, first : last + 1]
        return softmax(hidden) @ v

    return from_scores(leaky)


def first_row_masked_alone(s, v):
    s[0, 1:] = -1e30
    return softmax(s) @ v


def sees_4_ahead(s, v):
    hidden = hide(s)
    hidden[0, 4:5] = s[0, 4:5]
    return softmax(hidden) @ v


def scaled_on_both_sides(x, wq, wk, wv):
    q, k, v = qkv(x, wq, wk, wv)
    return softmax(hide((q / len(wq) ** 0.5) @ (k / len(wq) ** 0.5).T)) @ v


def shared_out_again(s, v):
    shares = np.tril(softmax(s))
    return shares / shares.sum(-1, keepdims=True) @ v


def maximum_of_the_future(s, v):
    e = np.tril(np.exp(s - s.max(-1, keepdims=True)))
    return e / e.sum(-1, keepdims=True) @ v


def shared_out_without_maximum(s, v):
    e = np.exp(s)
    shares = np.tril(e / e.sum(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True) @ v


def no_maximum(s, v):
    e = np.exp(hide(s))
    return e / e.sum(-1, keepdims=True) @ v


def python_sum(s, v):
    e = np.exp(hide(s) - hide(s).max(-1, keepdims=True))
    return e / sum(e) @ v


def no_keepdims(s, v):
    e = np.exp(hide(s) - hide(s).max(-1, keepdims=True))
    return e / e.sum(-1) @ v


def zeros_hidden(s, v):
    s = np.tril(s)
    s[s == 0] = -np.inf
    return softmax(s) @ v


def detached(x, *weights):
    return on_tensors(x.detach() if isinstance(x, mg.Tensor) else x, *weights)


def wrapped(*arguments):
    arrays = (part.numpy() if isinstance(part, mg.Tensor) else part for part in arguments)
    return mg.Tensor(on_tensors(*arrays))


def changes_x(x, wq, wk, wv):
    y = on_tensors(x, wq, wk, wv)
    x /= 2
    return y


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (from_scores(lambda s, v: np.tril(softmax(s)) @ v), "Row 1 gives 0.3775"),
        (from_scores(shared_out_again), "the visible shares underflow"),
        (from_scores(maximum_of_the_future), "the visible shares underflow"),
        (from_scores(shared_out_without_maximum), "spoils its row"),
        (from_scores(no_maximum), "Subtract each row's largest score before np.exp"),
        (scaled(lambda x, wq: 1), "Row 2 gives 1.8808"),
        (scaled(lambda x, wq: len(wq)), "divide"),
        (scaled_on_both_sides, "divided by D"),
        (scaled(lambda x, wq: wq.shape[1] ** 0.5), "divided by √C"),
        (scaled(lambda x, wq: 2), "√D at D = 4 alone"),
        (from_scores(lambda s, v: softmax(hide(s.T).T) @ v), "triangle is upside down"),
        (loop(lambda t: slice(t, None)), "triangle is upside down"),
        (loop(lambda t: slice(t + 2)), "sees the next one, too"),
        (loop(lambda t: slice(t)), "Row 1 is 0"),
        (from_scores(lambda s, v: softmax(hide(s, -np.inf, 0)) @ v), "Row 1 is nan"),
        (from_scores(lambda s, v: softmax(hide(s, -1e30, 0)) @ v), "shares alike among all"),
        (from_scores(lambda s, v: softmax(hide(s, 0.0)) @ v), "e^0 is 1"),
        (from_scores(lambda s, v: softmax(s + np.triu(s * 0 + 1, 1) * -np.inf) @ v), "0 × −∞"),
        (from_scores(lambda s, v: softmax(hide(s, -np.inf, 0), axis=0) @ v), "not even itself"),
        (from_scores(lambda s, v: softmax(hide(s, -10)) @ v), "score of −10 is not low enough"),
        (from_scores(lambda s, v: softmax(hide(s, -1000)) @ v), "score of −1000 is not low"),
        (from_scores(lambda s, v: softmax(s - 100 * np.triu(s * 0 + 1, 1)) @ v), "by 100 only"),
        (from_scores(zeros_hidden), "a visible score may be 0, too"),
        (from_scores(lambda s, v: softmax(hide(s), axis=0) @ v), "Columns add up to 1"),
        (from_scores(python_sum), "Python's own `sum`"),
        (from_scores(no_keepdims), "The sum lost its axis"),
        (lambda x, wq, wk, wv: on_tensors(x, wk, wq, wv), "Transposed scores"),
        (lambda x, wq, wk, wv: on_tensors(x, wq, wv, wk), "Keys and values are exchanged"),
        (lambda x, wq, wk, wv: on_tensors(x, wq.T, wk.T, wv.T), "Each weight is (D, C)"),
        (lambda x, *weights: on_tensors(x, *weights).astype(int), "Digits after the point"),
        (lambda *given: on_tensors(*given)[-1], "Only the last letter's row"),
        (from_scores(lambda s, v: softmax(hide(s))), "These are the shares"),
        (from_scores(lambda s, v: s), "These are the scores"),
        (lambda *given: qkv(*given)[0], "These are the queries alone"),
        (lambda *given: qkv(*given)[1], "These are the keys alone"),
        (lambda *given: qkv(*given)[2], "These are the values"),
        (transposed_too_late, "(x @ wq).T transposes the whole product"),
        (largest_of_earlier, "A slice like x[:t] is empty at t = 0"),
        (sees_later(2, 4), "Row 3 changed when letter 4 did"),
        (sees_later(4, 5), "Row 5 changed when letter 6 did"),
        (from_scores(first_row_masked_alone), "Row 2 changed when letter 3 did"),
        (from_scores(sees_4_ahead), "Row 1 changed when letter 5 did"),
        (returns_in_the_loop, "`return` stands inside the loop"),
        (detached, "has lost its history"),
        (wrapped, "has lost its history"),
        (changes_x, "changed an argument"),
        (lambda *given: (on_tensors(*given), 1), "of the type tuple"),
        (lambda *given: print(on_tensors(*given)), "a `return` is missing"),
        (lambda wq, wk, wv, x: on_tensors(x, wq, wk, wv), "another order"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert cause in result.cause


def cosine(x, wq, wk, wv):
    q, k, v = qkv(x, wq, wk, wv)
    q, k = (part / np.linalg.norm(part, axis=-1, keepdims=True) for part in (q, k))
    return softmax(hide(q @ k.T)) @ v


@pytest.mark.parametrize(
    "answer",
    [
        cosine,
        lambda x, wq, wk, wv: np.cumsum(x @ wv.T, axis=0),
        lambda x, wq, wk, wv: on_tensors(x, wq, wk, wv) * 1.5,
        scaled(lambda x, wq: len(wq) ** 0.25),
    ],
)
def test_an_unknown_mistake_is_not_called_a_known_one(answer):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert result.cause.startswith("Not recognised")
