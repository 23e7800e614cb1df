"""The rows of the bars: at most ten, whatever the vocabulary, and always with the pick."""

from dataclasses import dataclass
from functools import lru_cache

from microgpt.viz.formatting import (
    FILTER_NAMES,
    format_param,
    format_permille,
    format_prob,
    to_permille,
)
from microgpt.viz.sampler.view import SamplingView

NUM_ROWS = 10


@dataclass(frozen=True)
class TokenRow:
    """A bar for one token; `is_cut`: it cannot be picked, and only its T = 1 bar is shown."""

    rank: int
    permille: int
    is_cut: bool = False


@dataclass(frozen=True)
class SumRow:
    """One line for `count` successive ranks that are kept, either side of the pick."""

    count: int
    permille: int
    is_before_pick: bool

    @property
    def text(self) -> str:
        """How many there are and what they have together."""
        percent = format_permille(self.permille)
        if self.is_before_pick:
            return f"⋮  {self.count:,} between, {percent}"
        return f"{self.count:,} more, {percent} together"


@dataclass(frozen=True)
class CutLine:
    """The line below the last rank that is kept, which says what cuts there."""

    text: str


@dataclass(frozen=True)
class CutRow:
    """One line for all ranks that are cut and have no row of their own."""

    text: str


Row = TokenRow | SumRow | CutLine | CutRow


@lru_cache(maxsize=4)
def bar_rows(view: SamplingView) -> tuple[Row, ...]:
    """Return at most NUM_ROWS rows, from the most probable rank down.

    Where not all kept ranks have a row, the pick has one, and those before and after it are summed
    up. The percentages shown add up to exactly 100.0. Ranks that are cut come below their line, as
    many as there is space for.
    """
    num_kept, V = view.num_kept, view.vocab_size
    has_line = view.binding_filter is not None or view.is_greedy
    max_rows = NUM_ROWS - has_line - (num_kept < V)
    spans = _kept_spans(num_kept, view.picked_rank, min(max_rows, _num_seen(view) + 3))
    probs = [float(view.probs[start:end].sum()) for start, end in spans]
    permille = to_permille([*probs[:-1], max(0.0, 1 - sum(probs[:-1]))])
    rows: list[Row] = [
        TokenRow(start, share)
        if end - start == 1
        else SumRow(end - start, share, is_before_pick=end == view.picked_rank)
        for (start, end), share in zip(spans, permille, strict=True)
    ]
    if has_line:
        rows.append(CutLine(_line_text(view)))
    if num_kept < V:
        rows += _cut_rows(view, NUM_ROWS - len(rows))
    return tuple(rows)


def top_permille(view: SamplingView) -> int:
    """Return the share of the most probable token as its row shows it."""
    first = bar_rows(view)[0]
    assert isinstance(first, TokenRow)
    return first.permille


def _num_seen(view: SamplingView) -> int:
    """Return how many tokens are more probable than the least probable ones, or V.

    A table of counts gives all tokens that it has never seen the same probability. Their ids, such
    as bytes without a picture, would say nothing in rows of their own.
    """
    if view.unit != "token":
        return view.vocab_size
    return int((view.base_probs > view.base_probs[-1]).sum()) or view.vocab_size


def _kept_spans(num_kept: int, picked: int, max_rows: int) -> list[tuple[int, int]]:
    """Split the kept ranks into `max_rows` spans (start, end) at most; the pick is one of its own.

    A span of several ranks always holds two or more, so that no row hides a single one.
    """
    if num_kept <= max_rows:
        singles, after = num_kept, num_kept
    elif picked < max_rows - 1:
        singles, after = max_rows - 1, max_rows - 1
    else:
        after = picked + 1
        singles = max_rows - 2 - (after < num_kept)
    spans = [(rank, rank + 1) for rank in range(singles)]
    if after > singles:
        spans += [(singles, picked), (picked, after)]
    if after < num_kept:
        spans.append((after, num_kept))
    return spans


def _cut_rows(view: SamplingView, max_rows: int) -> list[Row]:
    num_kept, count = view.num_kept, view.vocab_size - view.num_kept
    shown = count if count <= max_rows else max_rows - 1
    rows: list[Row] = [TokenRow(num_kept + i, 0, is_cut=True) for i in range(shown)]
    if shown < count:
        after = "never picked at T = 0" if view.is_greedy else "cut"
        rows.append(CutRow(f"{count - shown:,} more, {after}"))
    return rows


def _line_text(view: SamplingView) -> str:
    if view.is_greedy:
        return "T = 0 keeps the most probable only"
    name = str(view.binding_filter)
    return (
        f"{FILTER_NAMES[name]} {format_param(getattr(view.params, name))} keeps {view.num_kept:,}, "
        f"{format_prob(view.kept_mass)} before the cut"
    )
