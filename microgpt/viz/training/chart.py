"""The chart of losses: positions between 0 and 1 from the left and from the top, and labels."""

from dataclasses import dataclass
from math import ceil, floor, isfinite

import numpy as np

from microgpt.viz.axis import value_ticks
from microgpt.viz.training.loss_curve import StepAxis, loss_curve
from microgpt.viz.training.progress import TrainingProgress
from microgpt.viz.training.wording import format_loss, named_perplexity, short_loss

MARGIN = 0.04  # above the highest loss and below the lowest, as a share of the height
RAW_MARGIN = 0.2  # by how much losses of single groups may widen the axis; the rest is cut off
SMOOTH_MARGIN = 0.5  # by how much the smoothed curve may rise above all held-out losses and lines
MAX_GAPS = 5  # between the ticks of the vertical axis
# Above and below a circle: top and bottom of its label, as shares of the height.
LABEL_SPANS = {
    "above": (-0.115, -0.02),
    "below": (0.02, 0.115),
    "higher": (-0.195, -0.1),
    "lower": (0.1, 0.195),
}
LABEL_DISTANCE = 0.25  # between the middles of the labels of two lines, as a share of the height

Point = tuple[float, float]


@dataclass(frozen=True)
class HeldOutPoint:
    """A circle for a held-out loss; `position` is "first", "last" or "" (between them).

    Its label is at `side`: "above", "below", or further off, "higher" or "lower".
    """

    x: float
    y: float
    label: str
    step: int
    position: str
    side: str = "above"


@dataclass(frozen=True)
class Baseline:
    """A dashed line at `y`, its name, loss and perplexity beside it at `label_y`.

    A line that means no number of choices has no perplexity.
    """

    y: float
    label_y: float
    name: str
    loss: str
    perplexity: str


@dataclass(frozen=True)
class LossChart:
    """All that is drawn. `raw` and `smooth` are lines; `head` is where training is now."""

    ticks: tuple[tuple[float, str], ...]
    step_labels: tuple[tuple[float, str], ...]  # where columns do not stand under the chart
    minor_ticks: tuple[float, ...]  # of steps 1, 2, … 9, 20, … 90, 200, …
    raw: tuple[Point, ...]
    smooth: tuple[Point, ...]
    held_out: tuple[HeldOutPoint, ...]
    baselines: tuple[Baseline, ...]
    head: Point | None
    description: str


def loss_chart(progress: TrainingProgress) -> LossChart:
    """Lay out the losses of a run; losses that are not finite are left out."""
    axis = StepAxis(progress.snapshot_steps)
    curve = loss_curve(progress.losses, axis)
    held_out = [one for one in progress.evaluated if isfinite(one.loss)]
    baselines = {"knowing nothing": progress.uniform_loss}
    if progress.bigram is not None:
        baselines["pairs counted"] = progress.bigram.loss
    # A line fitted to a steep fall goes below all losses.
    smooth_losses = np.maximum(curve.smooth, curve.raw.min(initial=np.inf))
    scale = _Scale([*baselines.values(), *(one.loss for one in held_out)], smooth_losses, curve.raw)
    smooth = tuple(
        (x, min(1.0, max(0.0, y)))
        for x, y in zip(curve.x.tolist(), scale.heights(smooth_losses), strict=True)
    )
    ends = {progress.snapshot_steps[-1]: "last", progress.snapshot_steps[0]: "first"}
    is_running = progress.steps_done < progress.steps
    lines = [scale.height(loss) for loss in baselines.values()]
    return LossChart(
        ticks=scale.ticks(),
        step_labels=_step_labels(progress, axis),
        minor_ticks=tuple(axis.positions(axis.minor_steps()).tolist()),
        raw=tuple(zip(curve.x.tolist(), scale.heights(curve.raw), strict=True)),
        smooth=smooth,
        held_out=tuple(
            HeldOutPoint(
                float(axis.positions(np.array(one.step))), scale.height(one.loss),
                short_loss(one.loss), one.step, ends.get(one.step, ""),
                label_side(scale.height(one.loss), lines, one.step == progress.snapshot_steps[0]),
            )
            for one in held_out
        ),
        baselines=_baselines(progress, baselines, scale),
        head=smooth[-1] if smooth and is_running else None,
        description=_description(progress, curve.smooth),
    )  # fmt: skip


def label_side(y: float, lines: list[float], is_first: bool) -> str:
    """Return where the label of a circle at `y` is on none of the lines and inside the chart.

    The first circle prefers below, where the curve that falls away from it is not.
    """
    order = ("below", "above", "lower", "higher") if is_first else tuple(LABEL_SPANS)

    def is_free(side: str) -> bool:
        top, bottom = (y + end for end in LABEL_SPANS[side])
        return top >= 0 and bottom <= 1 and not any(top < line < bottom for line in lines)

    return next(filter(is_free, order), "above" if y > 0.5 else "below")


class _Scale:
    """The vertical axis: from half a tick below the lowest loss to half a tick above the highest.

    Rounded to half a tick, it stays where it is while most of the losses arrive.
    """

    def __init__(self, losses: list[float], smooth: np.ndarray, raw: np.ndarray):
        # A training loss that explodes must not press the held-out losses and the lines together.
        reach = max(losses) + max(1.0, SMOOTH_MARGIN * (max(losses) - min(losses)))
        losses = [*losses, *(min(loss, reach) for loss in smooth.tolist())]
        low, high = min(losses), max(losses)
        margin = RAW_MARGIN * (high - low)
        low = min(low, max(low - margin, float(raw.min(initial=low))))
        high = max(high, min(high + margin, float(raw.max(initial=high))))
        if high - low < 0.1:
            low, high = low - 0.1, high + 0.1
        self._ticks = value_ticks(low, high, MAX_GAPS)
        unit = (self._ticks[1] - self._ticks[0]) / 2
        self.low, self.high = unit * floor(low / unit), unit * ceil(high / unit)

    def height(self, loss: float) -> float:
        """Return the position of a loss, from 0 at the top to 1 at the bottom."""
        share = (self.high - loss) / (self.high - self.low)
        return MARGIN + (1 - 2 * MARGIN) * share

    def heights(self, losses: np.ndarray) -> list[float]:
        """Return the position of each loss."""
        return [self.height(loss) for loss in losses.tolist()]

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Return the position and the label of each tick."""
        ticks = value_ticks(self.low, self.high, MAX_GAPS)
        decimals = 0
        while decimals < 3 and any(abs(round(tick, decimals) - tick) > 1e-9 for tick in ticks):
            decimals += 1
        return tuple((self.height(tick), f"{tick:,.{decimals}f}") for tick in ticks)


def _baselines(
    progress: TrainingProgress, losses: dict[str, float], scale: _Scale
) -> tuple[Baseline, ...]:
    """Return the dashed lines from above, their labels moved apart."""
    lines = [
        (scale.height(loss), name, format_loss(loss), named_perplexity(progress, loss))
        for name, loss in sorted(losses.items(), key=lambda item: -item[1])
    ]
    label_ys = _apart([y for y, *_ in lines])
    return tuple(
        Baseline(y, label_y, *labels) for (y, *labels), label_y in zip(lines, label_ys, strict=True)
    )


def _apart(ys: list[float]) -> list[float]:
    """Move increasing positions of at most two labels apart, and inside 0 to 1."""
    low, high = LABEL_DISTANCE / 2, 1 - LABEL_DISTANCE / 2
    if len(ys) == 2 and ys[1] - ys[0] < LABEL_DISTANCE:
        middle = min(max(sum(ys) / 2, low + LABEL_DISTANCE / 2), high - LABEL_DISTANCE / 2)
        return [middle - LABEL_DISTANCE / 2, middle + LABEL_DISTANCE / 2]
    return [min(max(y, low), high) for y in ys]


def _step_labels(progress: TrainingProgress, axis: StepAxis) -> tuple[tuple[float, str], ...]:
    labels = [f"{step:,}" for step in progress.snapshot_steps]
    labels[0] = f"step {labels[0]}"
    return tuple(zip(axis.centres.tolist(), labels, strict=True))


def _description(progress: TrainingProgress, smooth: np.ndarray) -> str:
    """Return what the chart shows, for those who do not see it."""
    parts = []
    if len(smooth):
        first, last = format_loss(smooth[0]), format_loss(smooth[-1])
        parts.append(f"The training loss goes from {first} to {last}")
    if progress.evaluated:
        losses = ", ".join(
            f"{format_loss(one.loss)} at step {one.step:,}" for one in progress.evaluated
        )
        parts.append(f"the held-out loss is {losses}")
    parts.append(f"knowing nothing is {format_loss(progress.uniform_loss)}")
    if progress.bigram is not None:
        parts.append(f"counting pairs {format_loss(progress.bigram.loss)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
