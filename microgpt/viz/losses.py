"""Plot the loss of a training run: every step, a moving average, and the evaluations."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from microgpt.errors import SettingError, ShapeError
from microgpt.plain_text import pluralize
from microgpt.viz.figure import LABEL_POINTS, CaptionedFigure, style_labels
from microgpt.viz.looks import light_theme_colour

DEFAULT_WINDOW = 50  # steps
MAX_ONE_ROW_LEGEND = 75  # characters of a legend that fit in one row
LEGEND_STYLE = {
    "frameon": False, "fontsize": LABEL_POINTS, "columnspacing": 1.2, "handlelength": 1.4,
    "labelcolor": light_theme_colour("ink2"),
}  # fmt: skip


def plot_losses(
    history: Sequence[Any], window: int | None = None, uniform: float | None = None
) -> CaptionedFigure:
    """Plot the loss of every step (dots), its moving average, and the validation loss.

    `history` is that of a Trainer. If its steps count epochs, the lower axis shows epochs and the
    upper axis tokens seen. If the training loss was evaluated, it replaces the moving average.
    `window` is the number of steps in the average; the default is 50, or one epoch. `uniform`, the
    loss of uniform guessing, is drawn as a line.
    """
    if not history:
        raise ShapeError("there is no step to draw yet; run the trainer first")
    in_epochs = all(getattr(step, "epoch", None) is not None for step in history)
    x = np.array([step.epoch if in_epochs else step.step for step in history], np.float64)
    losses = np.array([step.loss for step in history])
    if window is None:
        window = max(1, round(1 / x[0])) if in_epochs else DEFAULT_WINDOW
    if window < 1:
        raise SettingError("window", "a positive integer", window)
    window = min(window, len(losses))
    moving_average = np.convolve(losses, np.ones(window) / window, mode="valid")
    figure = CaptionedFigure(figsize=(6.8, 3.6 if in_epochs else 3.2), layout="constrained")
    axes = figure.add_plot()
    axes.plot(x, losses, ".", color=light_theme_colour("data2"), markersize=3, label="each step")
    if not any(getattr(step, "train_evaluation", None) for step in history):
        # A moving average lags behind a falling loss; an evaluated loss does not need one.
        label = f"mean of {pluralize(window, 'step')}"
        blue = light_theme_colour("data")
        axes.plot(x[window - 1 :], moving_average, color=blue, linewidth=2, label=label)
    figure.caption = (
        f"Loss over {len(losses):,} steps: the mean of the first {window} is "
        f"{losses[:window].mean():.2f}, of the last {window} {losses[-window:].mean():.2f}."
    )
    _plot_evaluations(axes, x, history, connect=in_epochs)
    evaluated = [step for step in history if step.evaluation is not None]
    if evaluated:
        figure.caption += f" On held-out data it is {evaluated[-1].evaluation}."
    if uniform is not None:
        grey = light_theme_colour("ink3")
        axes.axhline(uniform, color=grey, linestyle="--", linewidth=1, label="knowing nothing")
    axes.set_ylabel("loss (nats per token)")
    if in_epochs:
        _label_epochs_and_tokens(axes, history[-1])
        figure.legend(loc="outside upper center", ncols=2, **LEGEND_STYLE)
        if evaluated:
            best = min(evaluated, key=lambda step: step.evaluation.loss)
            figure.caption += (
                f" It was lowest, {best.evaluation.loss:.2f}, at {best.epoch:.3g} epochs."
            )
    else:
        axes.set_xlabel("step")
        legend_length = sum(map(len, axes.get_legend_handles_labels()[1]))
        columns = 4 if legend_length < MAX_ONE_ROW_LEGEND else 2
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, **LEGEND_STYLE)
    return figure


def _plot_evaluations(axes: Any, x: np.ndarray, history: Sequence[Any], connect: bool) -> None:
    """Plot the evaluations with error bars of two standard errors, and `connect` them by lines."""
    for attribute, role, marker, label in (
        ("train_evaluation", "ink2", "s", "training data, ± 2 standard errors"),
        ("evaluation", "data", "o", "held out, ± 2 standard errors"),
    ):
        points = [
            (at, evaluation)
            for at, step in zip(x, history, strict=True)
            if (evaluation := getattr(step, attribute, None)) is not None
        ]
        if points:
            axes.errorbar(
                [at for at, _ in points],
                [evaluation.loss for _, evaluation in points],
                [2 * evaluation.stderr for _, evaluation in points],
                fmt=marker + ("-" if connect else ""),
                color=light_theme_colour(role),
                markerfacecolor=light_theme_colour(role if role == "ink2" else "card"),
                markeredgewidth=1.8,
                linewidth=1.2,
                markersize=6,
                capsize=3,
                zorder=3,
                label=label,
            )


def _label_epochs_and_tokens(axes: Any, last_step: Any) -> None:
    """Label the lower axis in epochs and the upper axis in tokens seen."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    tokens_per_epoch = last_step.tokens_seen / last_step.epoch
    axes.set_xlabel("epochs")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    upper_axis = axes.secondary_xaxis(
        "top", functions=(lambda x: x * tokens_per_epoch, lambda x: x / tokens_per_epoch)
    )
    upper_axis.set_xlabel("tokens seen")
    upper_axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    upper_axis.spines["top"].set_color(light_theme_colour("hair"))
    style_labels(upper_axis)
