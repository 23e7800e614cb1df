"""07.rms_norm and 07.layer_norm: what learners write, and what they are told."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

RMS, LAYER = "07.rms_norm", "07.layer_norm"
KEEP = {"axis": -1, "keepdims": True}


def rms_norm(x, eps=1e-5):
    return x / ((x * x).mean(-1, keepdims=True) + eps) ** 0.5


def as_tensor(x):
    return x if isinstance(x, mg.Tensor) else mg.Tensor(x)


@pytest.mark.parametrize(
    "answer",
    [
        rms_norm,
        lambda x, eps: x / np.sqrt(np.mean(x**2, **KEEP) + eps),
        lambda x, eps: rms_norm(x, eps).tolist(),
        lambda x, eps: rms_norm(x.astype(np.float32), eps),
        lambda x, eps: mg.ops.rms_norm(as_tensor(x), eps),
    ],
)
def test_right_rms_norms_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(RMS, answer, seed)


def loop_over_x(x, eps):
    mean_square = sum(number * number for number in x) / len(x)
    return x / np.sqrt(mean_square + eps)


def loop_with_math(x, eps):
    mean_square = sum(number * number for number in x) / len(x)
    return [number / math.sqrt(mean_square + eps) for number in x]


def changes_x(x, eps):
    x /= np.sqrt(np.mean(x * x, **KEEP) + eps)
    return x


def scale_detached(x, eps):
    scale = (x * x).mean(-1, keepdims=True) + eps
    return x / (scale.detach() if isinstance(scale, mg.Tensor) else scale) ** 0.5


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda x, eps: x / (np.sqrt(np.mean(x * x, **KEEP)) + eps), "At 0.001 you give 0.990"),
        (lambda x, eps: x / np.sqrt(np.sum(x * x, **KEEP) + eps), "that is length 1"),
        (lambda x, eps: x / np.linalg.norm(x, axis=-1, keepdims=True), "that is length 1"),
        (lambda x, eps: x / np.linalg.norm(x, axis=-1), "taken with keepdims=True"),
        (lambda x, eps: x / np.linalg.norm(x), "All numbers together got length 1"),
        (lambda x, eps: x / np.sqrt((x * x).mean() + eps), "Row 1 changes when row 2 does"),
        (lambda x, eps: x / math.sqrt((x * x).mean() + eps), "Row 1 changes when row 2 does"),
        (lambda x, eps: x / np.sqrt((x * x).mean(0) + eps), "goes down the columns"),
        (loop_over_x, "goes down the columns"),
        (loop_with_math, "takes a single row"),
        (lambda x, eps: np.array([r / np.sqrt((r * r).mean() + eps) for r in x]), "needs no loop"),
        (lambda x, eps: x / np.sqrt((x * x).mean(1, keepdims=True) + eps), "the second axis"),
        (lambda x, eps: x / np.sqrt((x * x).mean(-1) + eps), "The mean lost its axis"),
        (lambda x, eps: x / (np.sqrt((x * x).mean(-1)) + eps), "The mean lost its axis"),
        (lambda x, eps: (x - x.mean(**KEEP)) / np.sqrt(x.var(**KEEP) + eps), "that is LayerNorm"),
        (lambda x, eps: (x - x.mean(**KEEP)) / (x.std(**KEEP) + eps), "that is LayerNorm"),
        (lambda x, eps: x / (x.std(**KEEP) + eps), "divided by the standard deviation"),
        (lambda x, eps: x / np.sqrt(np.mean(x * x, **KEEP)), "0/0, which is nan"),
        (lambda x, eps: np.nan_to_num(rms_norm(x, 0.0)), "± 0.3015 is expected"),
        (lambda x, eps: x / np.maximum(rms(x), eps), "± 0.3015 is expected"),
        (lambda x, eps: x / np.sqrt(np.maximum(rms(x) ** 2, eps)), "not used as its lower limit"),
        (lambda x, eps: rms_norm(x, 1e-5), "eps is fixed in your function"),
        (lambda x, eps: rms_norm(x, 1e-8), "1e-8 is fixed"),
        (lambda x, eps: x / rms(x) + eps, "eps was added to the result"),
        (lambda x, eps: x / np.sqrt((np.sum(x * x, **KEEP) + eps) / x.shape[-1]), "to the sum"),
        (lambda x, eps: x / np.sqrt(np.sum(x * x, **KEEP) / len(x) + eps), "the number of rows"),
        (lambda x, eps: x / (np.mean(x * x, **KEEP) + eps), "The root is missing"),
        (lambda x, eps: x * np.sqrt(np.mean(x * x, **KEEP) + eps), "was multiplied by"),
        (lambda x, eps: x / np.sqrt(np.mean(x, **KEEP) ** 2 + eps), "The mean was squared"),
        (lambda x, eps: x / np.sqrt(np.mean(x, **KEEP) + eps), "Nothing was squared"),
        (lambda x, eps: np.sqrt(np.mean(x * x, **KEEP) + eps), "That is the root mean square"),
        (lambda x, eps: x, "came back as it was"),
        (changes_x, "changed an argument"),
        (scale_detached, "has lost its history"),
        (lambda x, eps: print(rms_norm(x, eps)), "a `return` is missing"),
        (lambda x, eps: (rms_norm(x, eps), eps), "of the type tuple"),
        (lambda x: rms_norm(x), "Change the line that begins with def"),
        (lambda eps, x: rms_norm(x, eps), "another order"),
    ],
)  # fmt: skip
def test_the_cause_of_a_wrong_rms_norm_is_named(answer, cause):
    result = learn.check(RMS, answer)
    assert result.state == "not yet"
    assert cause in result.cause


def rms(x):
    return np.sqrt(np.mean(x * x, **KEEP))


def layer_norm(x, weight, bias, eps=1e-5):
    d = x - x.mean(-1, keepdims=True)
    return d / ((d * d).mean(-1, keepdims=True) + eps) ** 0.5 * weight + bias


@pytest.mark.parametrize(
    "answer",
    [
        layer_norm,
        lambda x, weight, bias, eps: layer_norm(x, weight, bias, eps).tolist(),
        lambda x, w, b, eps: (x - x.mean(**KEEP)) / np.sqrt(np.var(x, **KEEP) + eps) * w + b,
        lambda x, w, b, eps: layer_norm(x.astype(np.float32), w, b, eps),
        lambda x, w, b, eps: mg.ops.layer_norm(*map(as_tensor, (x, w, b)), eps),
    ],
)
def test_right_layer_norms_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(LAYER, answer, seed)


def plain(x, eps=1e-5):
    return layer_norm(x, 1.0, 0.0, eps)


def mean_of_squares(x, w, b, eps):
    variance = np.mean(x * x, **KEEP) - x.mean(**KEEP) ** 2
    return (x - x.mean(**KEEP)) / np.sqrt(variance + eps) * w + b


def mean_last(x, w, b, eps):
    y = rms_norm(x, eps)
    return (y - y.mean(**KEEP)) * w + b


def one_row_by_loops(x, w, b, eps):
    mean = sum(x) / len(x)
    variance = sum((number - mean) ** 2 for number in x) / len(x)
    return [(x[i] - mean) / math.sqrt(variance + eps) * w[i] + b[i] for i in range(len(x))]


def no_keepdims(x, w, b, eps):
    d = x - x.mean(-1)
    return d / np.sqrt((d * d).mean(-1) + eps) * w + b


def columns(x, w, b, eps):
    d = x - x.mean(0)
    return d / np.sqrt((d * d).mean(0) + eps) * w + b


def changes_x_first(x, w, b, eps):
    x -= x.mean(**KEEP)
    return layer_norm(x, w, b, eps)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda x, w, b, eps: (x - x.mean(**KEEP)) / x.std(ddof=1, **KEEP) * w + b, "−1.1619"),
        (lambda x, w, b, eps: (x - x.mean(**KEEP)) / (x.std(**KEEP) + eps) * w + b,
         "a nearly constant one is not"),
        (lambda x, w, b, eps: (x - x.mean(**KEEP)) / x.std(**KEEP) * w + b, "0/0 is nan"),
        (lambda x, w, b, eps: layer_norm(x, w, b), "eps is fixed"),
        (lambda x, w, b, eps: layer_norm(x, w, b, 1e-8), "1e-8 is fixed"),
        (lambda x, w, b, eps: layer_norm(x, w, b, 1e-12), "A nearly constant row came out too"),
        (lambda x, w, b, eps: (plain(x, eps) + b) * w, "Multiply first"),
        (mean_of_squares, "Centre first, then square"),
        (lambda x, w, b, eps: rms_norm(x, eps) * w + b, "That is RMSNorm"),
        (lambda x, w, b, eps: (x - x.mean(**KEEP)) * w + b, "centred, but not scaled"),
        (lambda x, w, b, eps: (x - x.mean(**KEEP)) / (x.var(**KEEP) + eps) * w + b, "its root"),
        (lambda x, w, b, eps: x - x.mean(**KEEP) / np.sqrt(x.var(**KEEP) + eps) * w + b,
         "in brackets"),
        (lambda x, w, b, eps: (x - x.mean()) / np.sqrt(x.var() + eps) * w + b, "Row 1 changes"),
        (lambda x, w, b, eps: (x - x.mean()) / x.std() * w + b, "Row 1 changes"),
        (lambda x, w, b, eps: (x - x.mean()) / (x.std() + eps) * w + b, "Row 1 changes"),
        (columns, "go down the columns"),
        (one_row_by_loops, "takes a single row"),
        (no_keepdims, "Mean and variance lost their axis"),
        (lambda x, w, b, eps: plain(x, eps), "Neither weight nor bias"),
        (lambda x, w, b, eps: plain(x, eps) * w, "bias was not used"),
        (lambda x, w, b, eps: plain(x, eps) + b, "weight was not used"),
        (lambda x, w, b, eps: plain(x, eps) * b + w, "are exchanged"),
        (lambda x, w, b, eps: plain(x, eps) @ w + b, "@ adds the products up"),
        (lambda x, w, b, eps: plain(x, eps) * w[:, None] + b[:, None], "went to the rows"),
        (lambda x, w, b, eps: plain(x * w + b, eps), "came before the norm"),
        (lambda x, w, b, eps: plain(x, eps) * (w + b), "Weight and bias were added, and then"),
        (lambda x, w, b, eps: (rms_norm(x, eps) - x.mean(**KEEP)) * w + b, "subtracted after that"),
        (mean_last, "Centre first"),
        (lambda x, w, b, eps: (x - x.mean(**KEEP)) / np.sqrt(x.var(**KEEP) + eps) * w + b,
         "`.var` and `.std` of a Tensor divide by C − 1"),
        (changes_x_first, "changed an argument"),
        (lambda x, w, b, eps: print(layer_norm(x, w, b, eps)), "a `return` is missing"),
        (lambda x, bias, weight, eps: layer_norm(x, weight, bias, eps), "another order"),
    ],
)  # fmt: skip
def test_the_cause_of_a_wrong_layer_norm_is_named(answer, cause):
    result = learn.check(LAYER, answer)
    assert result.state == "not yet"
    assert cause in result.cause


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        (RMS, lambda x, eps: x / np.median(np.abs(x) + 1, **KEEP)),
        (RMS, lambda x, eps: rms_norm(x, eps) * 2),
        (LAYER, lambda x, w, b, eps: layer_norm(x, w, b, eps) * 2),
        (LAYER, lambda x, w, b, eps: (x - x.min(**KEEP)) / (np.ptp(x, **KEEP) + eps) * w + b),
    ],
)
def test_an_unknown_mistake_is_not_called_a_known_one(id, answer):
    assert learn.check(id, answer).cause.startswith("Not recognised")
