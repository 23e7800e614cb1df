"""`next_token`: sample from logits, with every intermediate result; `uniform`: its number `u`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.backends import shared_rules
from microgpt.config import SampleConfig
from microgpt.errors import Described, SettingError, ShapeError


def uniform(seed: int, t: int, draw_index: int = 0) -> float:
    """Return the random number in [0, 1) of position `t`, a function of these three integers.

    Counter-based: no draw depends on another, so drawing one position again (`draw_index` + 1)
    changes no other draw. 53 bits of Philox4x32-10, key `seed`, counter (t, draw_index).
    """
    for name, number in (("seed", seed), ("t", t), ("draw_index", draw_index)):
        check_counter(name, number)
    return shared_rules.uniform(int(seed), int(t), int(draw_index))


def check_counter(name: str, number: int) -> None:
    """Raise SettingError unless `number` is an unsigned 64-bit integer."""
    if not isinstance(number, int | np.integer) or not 0 <= number < 2**64:
        raise SettingError(name, f"an integer from 0 to {2**64 - 1:,}", number)


@dataclass(frozen=True, eq=False)
class SampledToken:
    """One draw of a next token, with the intermediate results.

    `ranked_ids` are the token ids from most to least likely, ties by lower id. `token` is drawn
    from `probabilities` (V,); `base_probabilities` (V,) are those at temperature 1 without filters,
    both indexed by token id. `num_kept` ranks pass the filters; `binding_filter` is the filter that
    determines their number ("top_k", "top_p", "min_p", or None). `cumulative` (V,) are cumulative
    sums of the probabilities in rank order; `token` has the first rank whose sum exceeds `u`.
    `entropy` (nats) is that of `probabilities`.
    """

    ranked_ids: np.ndarray
    probabilities: np.ndarray
    base_probabilities: np.ndarray
    num_kept: int
    binding_filter: str | None
    cumulative: np.ndarray
    u: float
    token: int
    entropy: float

    @property
    def rank(self) -> int:
        """The rank of the drawn token, 0 for the most likely."""
        return int(np.flatnonzero(self.ranked_ids == self.token)[0])


def next_token(
    logits: Any,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    u: float = 0.0,
) -> SampledToken:
    """Sample a token: temperature, then top-k, top-p and min-p, each renormalised, then one draw.

    `logits` is (V,). `u` in [0, 1) decides the draw, for example `uniform(seed, t)`; 0 draws the
    most likely token. Temperature 0 is greedy: the most likely token, whatever `u` is. Each filter
    keeps a prefix of the ranks; the rules are in `backends/shared_rules.py`.
    """
    SampleConfig(temperature, top_k, top_p, min_p)
    logits = np.asarray(logits.numpy() if isinstance(logits, Tensor) else logits, np.float64)
    V = logits.size
    if logits.ndim != 1 or not V:
        raise ShapeError(f"logits must have shape (V,) with V above 0; got {logits.shape}")
    bad = np.isnan(logits) | (logits == np.inf)
    if bad.any() or not np.isfinite(logits).any():
        raise SettingError(
            "logits",
            "numbers or -inf, and not all -inf",
            Described(
                f"{bad.sum()} of {V} NaN or inf"
                + (f", the first at token {bad.argmax()}" if bad.any() else "")
            ),
        )
    if not 0 <= u < 1:
        raise SettingError("u", "at least 0 and below 1", u)

    ranked_ids = shared_rules.rank_tokens(logits)
    base_probabilities = _softmax(logits)
    if temperature == 0:
        ranked, num_kept, binding_filter = np.zeros(V), 1, None
        ranked[0] = 1.0
    else:
        with np.errstate(over="ignore"):  # near temperature 0, -inf is intended
            scaled = -shared_rules.nats_below_max(logits, logits.max(), temperature)
        ranked, num_kept, binding_filter = shared_rules.filter_ranked(
            _softmax(scaled)[ranked_ids], top_k or 0, 1.0 if top_p is None else top_p, min_p
        )
    rank, cumulative = shared_rules.draw_rank(ranked, u)
    probabilities = np.empty(V)
    probabilities[ranked_ids] = ranked
    positive = ranked[ranked > 0]
    entropy = max(0.0, -float((positive * np.log(positive)).sum()))
    return SampledToken(
        ranked_ids, probabilities, base_probabilities, int(num_kept), binding_filter, cumulative,
        float(u), int(ranked_ids[rank]), entropy,
    )  # fmt: skip


def _softmax(logits: np.ndarray) -> np.ndarray:
    with no_grad():
        return ops.softmax(Tensor(logits, dtype="float64", backend="numpy")).array
