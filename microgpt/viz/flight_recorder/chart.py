"""The layout of the flight recorder's chart: four rows over one time line, in pixels from above."""

from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np

from microgpt.viz.axis import value_ticks
from microgpt.viz.flight_recorder.flight import Flight
from microgpt.viz.flight_recorder.scales import (
    Band,
    Curve,
    curve,
    cut_marks,
    log_band,
    loss_band,
    means_before,
    thin_positions,
)

LOSS, LR, NORM, RATIO = (20, 158), (180, 202), (224, 266), (288, 340)  # top and bottom of the rows
ROWS = (LOSS, LR, NORM, RATIO)
HEADERS = (0, 161, 205, 269)  # top of the line above each row
HEIGHT = 360  # with the numbers of the time line
LABEL_HEIGHT = 15
TICK_INSET = 6  # of the middle of a number from the edge of its row
NORM_RANGE, RATIO_RANGE = (0.1, 10.0), (0.001, 0.1)
MIN_RATIO = 1e-5  # at the end of a decay the updates vanish


Cuts = tuple[tuple[float, float, bool], ...]  # x, y and whether a value is above its row


@dataclass(frozen=True)
class Label:
    """A text beside the chart, its middle at `y` pixels."""

    y: float
    text: str


@dataclass(frozen=True)
class FlightChart:
    """Curves are points (x from 0 to 1, y in pixels), levels are heights in pixels."""

    raw: Curve
    smooth: Curve
    other: Curve
    held_out: Curve
    training: Curve
    lr: Curve
    norm: Curve
    norm_smooth: Curve
    ratios: tuple[Curve, ...]
    baselines: tuple[float, ...]
    clip: float | None
    grid: tuple[float, ...]
    labels: tuple[Label, ...]
    leaders: tuple[tuple[float, float], ...]  # from the height of a label to that of its line
    cuts: Cuts
    step_labels: tuple[tuple[float, str], ...]
    cursor: float | None
    cursor_points: tuple[float, ...]  # heights at the cursor, one for each row
    head: tuple[float, float] | None
    description: str


def flight_chart(flight: Flight) -> FlightChart:
    """Lay out the curves of a run; values out of reach are at the edge of their row, and marked."""
    curves, steps = flight.curves, flight.steps
    at = thin_positions(len(curves), steps)
    smooth = means_before(curves.losses, at)
    ratios = means_before(curves.update_ratios, at)
    norms = means_before(curves.grad_norms, at)
    other, other_losses = np.zeros(0, int), np.zeros(0)
    if flight.other is not None:
        other = thin_positions(min(len(flight.other.losses), steps), steps)
        other_losses = means_before(flight.other.losses, other)
    snapshot_steps = np.array([one.step for one in flight.snapshots])
    held_out = np.array([one.held_out for one in flight.snapshots])
    training = np.array([one.training for one in flight.snapshots])
    levels = [loss for _, loss in flight.baselines]
    drawn = [(at, curves.losses[at]), (other, other_losses)]
    drawn += [(snapshot_steps, held_out), (snapshot_steps, training)]
    losses = loss_band(*LOSS, levels, np.concatenate([values for _, values in drawn]).tolist())
    lr = Band(*LR, 0.0, max(float(curves.lrs.max(initial=0.0)), 1e-12))
    norm = log_band(*NORM, np.concatenate([norms, curves.grad_norms[at]]), NORM_RANGE)
    ratio = log_band(*RATIO, np.maximum(ratios, MIN_RATIO), RATIO_RANGE)
    main = curve(at, smooth, steps, losses)
    baselines = tuple(losses.y(level) for level in levels)
    snapshot = flight.snapshot
    return FlightChart(
        raw=curve(at, curves.losses[at], steps, losses),
        smooth=main,
        other=curve(other, other_losses, steps, losses),
        held_out=_marks(snapshot_steps, held_out, steps, losses),
        training=_marks(snapshot_steps, training, steps, losses),
        lr=curve(at, curves.lrs[at], steps, lr),
        norm=curve(at, curves.grad_norms[at], steps, norm),
        norm_smooth=curve(at, norms, steps, norm),
        ratios=tuple(curve(at, column, steps, ratio) for column in ratios.T),
        baselines=baselines,
        clip=norm.y(flight.grad_clip) if isfinite(flight.grad_clip) else None,
        grid=tuple(band.y(tick) for band in (norm, ratio) for tick in band.ticks()),
        labels=(
            *(line_labels := _line_labels(flight, baselines)),
            Label(LR[0] + 4, f"{lr.high:.2g}" if len(curves) else ""),
            Label(LR[1] - 2, "0" if len(curves) else ""),
            *(
                Label(_tick_y(norm, tick), np.format_float_positional(tick, trim="-"))
                for tick in norm.ticks()
            ),
            *(Label(_tick_y(ratio, tick), f"{100 * tick:g} %") for tick in ratio.ticks()),
        ),
        leaders=tuple((label.y, y) for label, y in zip(line_labels, baselines, strict=True)),
        cuts=_cuts(drawn, losses, steps)
        + _cuts([(at, column) for column in ratios.T], ratio, steps),
        step_labels=tuple((tick / steps, f"{tick:,.0f}") for tick in value_ticks(0, steps, 5)),
        cursor=None if snapshot is None else snapshot.step / steps,
        cursor_points=_cursor_points(flight, (losses, lr, norm)),
        head=main[-1] if flight.status == "running" and main else None,
        description=_description(flight),
    )


def _marks(steps_made: np.ndarray, values: np.ndarray, steps: int, band: Band) -> Curve:
    """Return the marks of snapshots, without those that are no numbers."""
    is_number = np.isfinite(values)
    return curve(steps_made[is_number], values[is_number], steps, band)


def _cuts(drawn: list[tuple[np.ndarray, np.ndarray]], band: Band, steps: int) -> Cuts:
    """Return the marks at the edges of a row, for what is drawn beyond it."""
    xs = np.concatenate([positions for positions, _ in drawn]) / steps
    values = np.concatenate([values for _, values in drawn])
    return tuple(
        (x, band.top if is_above else band.bottom, is_above)
        for x, is_above in cut_marks(xs, values, band)
    )


def _tick_y(band: Band, tick: float) -> float:
    """Return the height of a number beside its row, whose first and last stay inside."""
    return min(max(band.y(tick), band.top + TICK_INSET), band.bottom - TICK_INSET)


def _line_labels(flight: Flight, ys: tuple[float, ...]) -> list[Label]:
    """Return the names of the dashed lines, moved apart where they are close."""
    texts = [f"ln {flight.vocab_size} {flight.uniform_loss:.2f}"]
    texts += [f"{name} {loss:.2f}" for name, loss in flight.baselines[1:]]
    placed = list(ys)
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + LABEL_HEIGHT)
    overflow = max(0.0, placed[-1] - (LOSS[1] - LABEL_HEIGHT / 2))
    placed[-1] -= overflow
    for i in range(len(placed) - 1, 0, -1):
        placed[i - 1] = min(placed[i - 1], placed[i] - LABEL_HEIGHT)
    return [Label(y, text) for y, text in zip(placed, texts, strict=True)]


def _cursor_points(flight: Flight, bands: tuple[Band, Band, Band]) -> tuple[float, ...]:
    """Return the heights of loss, learning rate and gradient norm at the snapshot shown, if any."""
    curves, snapshot = flight.curves, flight.snapshot
    if snapshot is None or not len(curves) or not snapshot.step:
        return ()
    last = max(0, min(snapshot.step, len(curves)) - 1)
    values = (
        flight.mean_before(curves.losses, snapshot.step),
        float(curves.lrs[last]),
        flight.mean_before(curves.grad_norms, snapshot.step),
    )
    shown = [one for one in zip(bands, values, strict=True) if not isnan(one[1])]
    return tuple(band.y(value) for band, value in shown)


def _description(flight: Flight) -> str:
    """Return what the chart shows, for those who do not see it."""
    lines = ", ".join(f"{name} {loss:.2f}" for name, loss in flight.baselines)
    text = f"Dashed lines of the loss: {lines}."
    if len(flight.curves):
        first, last = (
            flight.curves.losses[0],
            flight.mean_before(flight.curves.losses, len(flight.curves)),
        )
        text = (
            f"Over {flight.steps_done:,} of {flight.steps:,} steps the loss goes from {first:.2f} "
            f"to {last:.2f}. {text}"
        )
    return text
