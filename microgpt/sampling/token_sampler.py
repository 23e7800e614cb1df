"""From logits to the next token: the dice, the dials, and everything that led to a choice."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.backends import formulas
from microgpt.config import SampleConfig
from microgpt.errors import SettingError, ShapeError


def uniform(seed: int, t: int, roll: int = 0) -> float:
    """The dice of position `t`: a number in [0, 1), the same for the same three whole numbers.

    Counter-based: no draw depends on another, so rolling one letter's dice again (`roll` + 1)
    leaves all others as they were. 53 bits of Philox4x32-10, key `seed`, counter (t, roll).
    """
    for name, number in (("seed", seed), ("t", t), ("roll", roll)):
        check_counter(name, number)
    return formulas.uniform(int(seed), int(t), int(roll))


def check_counter(name: str, number: int) -> None:
    """Refuse what is no whole number of 64 bits."""
    if not isinstance(number, int | np.integer) or not 0 <= number < 2**64:
        raise SettingError(f"{name} must be a whole number from 0 to 2**64 - 1; got {number!r}")


@dataclass(frozen=True, eq=False)
class SampledToken:
    """One choice of a next token, with everything that led to it.

    `order` are the token ids from most to least likely, ties by lower id. `probabilities` (V,)
    are the chances the choice was made with, `base_probabilities` (V,) those at temperature 1 without
    cuts, both by token id. `kept` ranks survived the cuts, `binding_filter` names the cut that binds
    ("top_k", "top_p", "min_p", or None). `cumulative` (V,) adds the probabilities up in rank
    order; `token` is the first rank whose sum exceeds `u`. `entropy` is in nats.
    """

    order: np.ndarray
    probabilities: np.ndarray
    base_probabilities: np.ndarray
    kept: int
    binding_filter: str | None
    cumulative: np.ndarray
    u: float
    token: int
    entropy: float

    @property
    def rank(self) -> int:
        """The place of the chosen token in `order`, 0 for the most likely."""
        return int(np.flatnonzero(self.order == self.token)[0])


def next_token(
    logits: Any,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    u: float = 0.0,
) -> SampledToken:
    """Choose a token: temperature, then top-k, top-p and min-p, each on chances that sum to 1.

    logits (V,); `u` in [0, 1) is the dart, for example `uniform(seed, t)`; 0 hits the favourite.
    Temperature 0 is greedy: the most likely token, whatever the dart. All cuts keep a run from
    the top.
    """
    SampleConfig(temperature, top_k, top_p, min_p)
    logits = np.asarray(logits, np.float64)
    V = logits.size
    if logits.ndim != 1 or not V:
        raise ShapeError(f"logits must have shape (V,) with V above 0; got {logits.shape}")
    bad = np.isnan(logits) | (logits == np.inf)
    if bad.any() or not np.isfinite(logits).any():
        raise SettingError(
            f"logits must be numbers or -inf, not all -inf; {bad.sum()} of {V} are NaN or inf"
            + (f", the first at token {bad.argmax()}" if bad.any() else "")
        )
    if top_k is not None and top_k > V:
        raise SettingError(f"top_k must be from 1 to the vocabulary's {V}; got {top_k}")
    if not 0 <= u < 1:
        raise SettingError(f"u must be in [0, 1); got {u}")

    order = np.argsort(-logits, kind="stable")
    base_probabilities = _softmax(logits)
    if temperature == 0:
        ranked, kept, binding_filter = np.zeros(V), 1, None
        ranked[0] = 1.0
    else:
        with np.errstate(over="ignore"):  # at a temperature near 0 they go to -inf, as they must
            cooled = _softmax((logits - logits.max()) / temperature)
        ranked, kept, binding_filter = _cut(cooled[order], top_k, top_p, min_p)
    cumulative = np.cumsum(ranked)
    last = int(np.flatnonzero(ranked)[-1])  # rounding may leave the sum just below 1
    rank = min(int(np.searchsorted(cumulative, u, side="right")), last)
    probabilities = np.empty(V)
    probabilities[order] = ranked
    positive = ranked[ranked > 0]
    entropy = max(0.0, -float((positive * np.log(positive)).sum()))
    return SampledToken(
        order, probabilities, base_probabilities, kept, binding_filter, cumulative, float(u),
        int(order[rank]), entropy,
    )  # fmt: skip


def _cut(
    ranked: np.ndarray, top_k: int | None, top_p: float | None, min_p: float
) -> tuple[np.ndarray, int, str | None]:
    """The chances in rank order after the cuts, how many are kept, and by which cut."""
    kept, binding_filter = len(ranked), None
    limits = {
        "top_k": lambda: kept if top_k is None else top_k,
        "top_p": lambda: kept if top_p is None or top_p == 1 else _reach(ranked[:kept], top_p),
        "min_p": lambda: int((ranked[:kept] >= min_p * ranked[0]).sum()),
    }
    for name, limit in limits.items():
        if limit() < kept:
            kept, binding_filter = limit(), name
            ranked = np.where(np.arange(len(ranked)) < kept, ranked, 0.0)
            ranked = ranked / ranked.sum()
    return ranked, kept, binding_filter


def _reach(ranked: np.ndarray, share: float) -> int:
    """The length of the shortest run from the top whose sum reaches `share`."""
    return min(int(np.searchsorted(np.cumsum(ranked), share, side="left")) + 1, len(ranked))


def _softmax(logits: np.ndarray) -> np.ndarray:
    with no_grad():
        return ops.softmax(Tensor(logits, dtype="float64", backend="numpy")).array
