"""Which tokens get a bar, and what the last bar holds for all others."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from microgpt.viz.axis import percent_axis
from microgpt.viz.editable_attention.data import AttentionPicture

NUM_BARS = 8


@dataclass(frozen=True)
class GuessRow:
    """One token's probability, before the edits and now; `token` is None for all others."""

    token: int | None
    before: float
    now: float
    count: int = 1


@lru_cache(maxsize=8)
def _ranked(probs: bytes, target: int) -> tuple[int, ...]:
    """The tokens with bars, by what they had before the edits; the true one is always there."""
    order = np.argsort(-np.frombuffer(probs), kind="stable")[:NUM_BARS].tolist()
    if target not in order:
        order[-1] = target
    return tuple(order)


def guess_rows(picture: AttentionPicture) -> list[GuessRow]:
    """Return at most eight tokens, which edits never reorder, then all others together."""
    before, now = picture.probs_before, picture.probs
    tokens = _ranked(np.asarray(before, np.float64).tobytes(), picture.target)
    rows = [GuessRow(token, float(before[token]), float(now[token])) for token in tokens]
    others = len(now) - len(tokens)
    if others:
        rest = (max(0.0, 1 - sum(getattr(row, name) for row in rows)) for name in ("before", "now"))
        before_rest, now_rest = rest
        rows.append(GuessRow(None, before_rest, now_rest, count=others))
    return rows


def guess_axis(rows: list[GuessRow]) -> tuple[float, list[float]]:
    """Return the end and the ticks of the axis that holds all bars."""
    return percent_axis(max(max(row.before, row.now) for row in rows))
