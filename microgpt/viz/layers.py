"""Plot one number for each layer of several models: a line, and a band over seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from microgpt.errors import SettingError, ShapeError
from microgpt.viz.figure import CaptionedFigure
from microgpt.viz.looks import light_theme_colour
from microgpt.viz.losses import LEGEND_STYLE

OFF_PAGE = 1e-9  # on a log scale: a line so many times below the highest one becomes an arrow
# Colour, marker and its size of the lines, counted from the last run, so that pictures with fewer
# runs agree with those that have more. The marker tells the lines apart without colour. Markers are
# open, and smaller from line to line, so that a line under another of the same height can be seen.
LINE_STYLES = (("ink2", "x", 10), ("mark", "s", 9), ("good", "^", 8), ("data", "o", 4))
MAX_RUNS = len(LINE_STYLES)


def plot_layers(runs: Mapping[str, Any], label: str, log: bool = False) -> CaptionedFigure:
    """Plot a number per layer: the mean over seeds as a line, lowest to highest as a band.

    `runs` has up to four names, each with an array (S, L): S seeds, L layers. `label` says what the
    numbers are. With `log`, a run that is at most a billionth of the highest one everywhere is an
    arrow at the lower edge, so that the others keep their scale. Raises ShapeError for other
    shapes or different numbers of layers, SettingError for NaN and, with `log`, negative numbers.
    """
    arrays = {name: _seeds_by_layers(name, values, log) for name, values in runs.items()}
    if not 1 <= len(arrays) <= MAX_RUNS:
        raise ShapeError(f"draw one to {MAX_RUNS} runs; {len(arrays)} came")
    if len({values.shape[1] for values in arrays.values()}) > 1:
        depths = ", ".join(f"{name} has {values.shape[1]}" for name, values in arrays.items())
        raise ShapeError(f"all runs need the same number of layers; {depths}")
    highest = max(values.max() for values in arrays.values())
    is_off_page = {
        name: log and values.max() <= OFF_PAGE * highest for name, values in arrays.items()
    }
    figure = CaptionedFigure(figsize=(6.8, 3.2), layout="constrained")
    axes = figure.add_plot()
    below = [name for name in arrays if is_off_page[name]]
    styles = LINE_STYLES[-len(arrays) :]
    for (name, values), (role, marker, size) in zip(arrays.items(), styles, strict=True):
        colour = light_theme_colour(role)
        if is_off_page[name]:
            _add_arrow(axes, _line_name(name, values), below.index(name), colour)
        else:
            layers = np.arange(1, values.shape[1] + 1)
            axes.fill_between(
                layers, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0
            )
            axes.plot(
                layers, values.mean(axis=0), marker=marker, color=colour, markersize=size,
                markerfacecolor="none", label=name,
            )  # fmt: skip
    _style_axes(axes, arrays, label, log)
    ranges = [
        _line_name(name, values) + (", off the page" if is_off_page[name] else "")
        for name, values in arrays.items()
    ]
    figure.caption = f"{label[:1].upper()}{label[1:]} by layer: {'; '.join(ranges)}."
    num_seeds = min(len(values) for values in arrays.values())
    if num_seeds > 1:
        figure.caption += (
            f" Numbers and lines are means of {num_seeds} seeds; a band is their range."
        )
    return figure


def _seeds_by_layers(name: str, values: Any, log: bool) -> np.ndarray:
    """Return an array (S, L) of a run's numbers, after checking them."""
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or not array.size:
        raise ShapeError(f"{name!r} needs shape (seeds, layers); its shape is {array.shape}")
    if not np.isfinite(array).all() or (log and (array < 0).any()):
        expected = "finite numbers" + (", none of them negative with log=True" if log else "")
        raise SettingError(name, expected, array.min())
    return array


def _line_name(name: str, values: np.ndarray) -> str:
    """Return a run's name with its lowest and its highest mean over the seeds."""
    means = values.mean(axis=0)
    low, high = f"{means.min():.2g}", f"{means.max():.2g}"
    return f"{name} {low}" if low == high else f"{name} {low} to {high}"


def _add_arrow(axes: Any, text: str, index: int, colour: str) -> None:
    """Add an arrow to the lower edge of the axes, with the numbers that lie below it."""
    bottom = 0.02 + 0.16 * index
    axes.annotate(
        text,
        xy=(0.5, bottom),
        xytext=(0.5, bottom + 0.13),
        xycoords="axes fraction",
        ha="center",
        color=colour,
        fontsize=LEGEND_STYLE["fontsize"],
        arrowprops={"arrowstyle": "->", "color": colour},
        parse_math=False,
    )


def _style_axes(axes: Any, arrays: Mapping[str, np.ndarray], label: str, log: bool) -> None:
    """Label the axes, and put the legend above them."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("layer")
    axes.set_ylabel(label)
    num_layers = next(iter(arrays.values())).shape[1]
    axes.set_xlim(0.5, num_layers + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    drawn = [line.get_ydata() for line in axes.lines]
    if log and drawn:
        axes.set_yscale("log")
        axes.tick_params(axis="y", which="minor", length=0)
        low = min(values[values > 0].min(initial=np.inf) for values in drawn)
        if np.isfinite(low):  # whole powers of ten, and one below for the arrows
            axes.set_ylim(bottom=10 ** (np.floor(np.log10(low)) - 1))
    legend = axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=MAX_RUNS, **LEGEND_STYLE
    )
    for text in (axes.yaxis.label, *legend.get_texts()):
        text.set_parse_math(False)
