"""Plot a scaling law on logarithmic scales: measured losses, fitted lines and their bands."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from microgpt.errors import ShapeError
from microgpt.plain_text import join_and
from microgpt.viz.axis import value_ticks
from microgpt.viz.figure import CaptionedFigure
from microgpt.viz.looks import light_theme_colour

UNITS = {"parameters": "parameters", "tokens": "tokens trained on"}
# What tells the curves apart beside their label: the colour, the marker and the dash of the line.
STYLES = (("mark", "s", ":"), ("ink2", "^", "--"), ("data", "o", "-"))
MIN_SPREADS = 3  # a fall of fewer spreads over the seeds is no difference


def plot_scaling_law(
    curves: Sequence[Any], law: Any = None, laws: Sequence[Any] = ()
) -> CaptionedFigure:
    """Plot each curve: the mean loss over the seeds ± one standard deviation, line and band.

    `curves` are those of `training.scaling_curves`, along one axis. With the fitted `law`, its
    floor is a dashed line and is named in the caption; with bootstrap `laws`, so is its interval,
    which has the level of the curves' bands.
    """
    if not curves:
        raise ShapeError(
            "there must be a curve to draw; got none; training.scaling_curves gives them"
        )
    if len({curve.axis for curve in curves}) > 1:
        raise ShapeError(
            "the curves must lie along one axis; got parameters and tokens; draw two plots"
        )
    if len(levels := {curve.level for curve in curves}) > 1:
        got = join_and(sorted(levels))
        raise ShapeError(
            f"the intervals of the curves must have one level; got {got}; give scaling_curves the "
            "same level"
        )
    figure = CaptionedFigure(figsize=(6.8, 3.8), layout="constrained")
    axes = figure.add_plot()
    axes.set(xscale="log", yscale="log")
    axis = curves[0].axis
    other = UNITS["tokens" if axis == "parameters" else "parameters"]
    for number, curve in enumerate(curves):
        role, marker, dash = STYLES[number % len(STYLES)]
        colour, label = light_theme_colour(role), f"{curve.fixed:,} {other}"
        axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(curve.x, curve.loss, dash, color=colour, linewidth=1.8)
        axes.errorbar(
            curve.measured_x, curve.measured.mean(axis=1), _spread(curve.measured), fmt=marker,
            color=colour, markersize=5, capsize=2.5, linewidth=1.2, label=label,
        )  # fmt: skip
    if law is not None:
        if laws:
            low, high = _floor_interval(laws, curves[0].level)
            axes.axhspan(low, high, color=light_theme_colour("ink3"), alpha=0.12, linewidth=0)
        axes.axhline(
            law.floor, color=light_theme_colour("ink3"), linestyle="--", linewidth=1,
            label=f"floor of the law, {law.floor:.2f}",
        )  # fmt: skip
    _label(axes, axis)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9.4,
        labelcolor=light_theme_colour("ink2"),
    )  # fmt: skip
    figure.caption = scaling_caption(curves, law, laws)
    return figure


def _floor_interval(laws: Sequence[Any], level: float) -> tuple[float, float]:
    floors, tail = [law.floor for law in laws], (1 - level) / 2
    return float(np.quantile(floors, tail)), float(np.quantile(floors, 1 - tail))


def _spread(losses: np.ndarray) -> np.ndarray:
    """Return the standard deviation over the seeds; 0 of a single one."""
    if losses.shape[1] == 1:
        return np.zeros(len(losses))
    return losses.std(axis=1, ddof=1)


def _label(axes: Any, axis: str) -> None:
    from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter

    axes.set_xlabel(f"{UNITS[axis]} (logarithmic)")
    axes.set_ylabel("held-out loss (nats per token, logarithmic)")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_major_locator(FixedLocator(value_ticks(*axes.get_ylim())))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", which="both", length=0)


def scaling_caption(curves: Sequence[Any], law: Any = None, laws: Sequence[Any] = ()) -> str:
    """Say of each curve by how much it falls, then what is drawn, then what the law expects."""
    axis, level = curves[0].axis, curves[0].level
    interval = f"{100 * level:g} % interval"
    seeds = {curve.measured.shape[1] for curve in curves}
    first, last = min(c.measured_x[0] for c in curves), max(c.measured_x[-1] for c in curves)
    parts = [f"Held-out loss from {first:,.0f} to {last:,.0f} {UNITS[axis]}."]
    parts += [_sentence(curve) for curve in curves]
    parts.append(
        f"Points are means of {' or '.join(map(str, sorted(seeds)))} models, with bars for how far "
        "these spread (one standard deviation). Lines are the fitted law. The bands, its "
        f"{interval}, show how far other seeds would move it."
    )
    misses = [
        np.abs(np.interp(np.log(c.measured_x), np.log(c.x), c.loss) - c.measured.mean(axis=1))
        for c in curves
    ]
    parts.append(f"On average a point is {np.concatenate(misses).mean():.3f} from its line.")
    if law is not None:
        parts.append(
            "However many parameters and tokens there are, the law expects no loss below its "
            f"floor, {law.floor:.2f}{_floor_text(laws, level, interval)}."
        )
    return " ".join(parts)


def _floor_text(laws: Sequence[Any], level: float, interval: str) -> str:
    if not laws:
        return ""
    low, high = _floor_interval(laws, level)
    return f" ({interval}: {low:.2f} to {high:.2f})"


def _sentence(curve: Any) -> str:
    other = UNITS["tokens" if curve.axis == "parameters" else "parameters"]
    name, ends = f"With {curve.fixed:,} {other}", curve.measured[[0, -1]]
    falls = ends[0] - ends[1]  # of each seed
    spread = falls.std(ddof=1) if len(falls) > 1 else float("inf")
    low, high = sorted(ends.mean(axis=1))
    if abs(falls.mean()) < MIN_SPREADS * spread or not falls.mean():
        return f"{name} no difference is seen ({low:.2f} and {high:.2f})."
    verb = "falls" if falls.mean() > 0 else "rises"
    return f"{name} it {verb} by {abs(falls.mean()):.2f} ± {spread:.2f}."
