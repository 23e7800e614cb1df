"""The loss of each training step, and of what is held out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from microgpt.errors import SettingError, ShapeError
from microgpt.viz.figure import BLUE, GREY, ORANGE, Picture

SEVERAL_STEPS = 50
ONE_ROW = 75  # letters of a legend that fit beside each other
LEGEND = {"frameon": False, "fontsize": 9, "columnspacing": 1.2, "handlelength": 1.4}


def plot_losses(
    history: Sequence[Any], window: int | None = None, uniform: float | None = None
) -> Picture:
    """The loss of every step (dots), the mean of the last `window` steps (line), the held-out loss.

    `history` are the steps of a Trainer. If they count epochs, these stand below and the tokens
    seen above; where the loss of training data was measured, that stands for the line. `window`
    None: 50 steps, or those of one epoch. `uniform`, the loss of blind guessing, is drawn as a line
    if given.
    """
    if not history:
        raise ShapeError("there is no step to draw yet; run the trainer first")
    in_epochs = all(getattr(step, "epoch", None) is not None for step in history)
    places = np.array([step.epoch if in_epochs else step.step for step in history], np.float64)
    losses = np.array([step.loss for step in history])
    if window is None:
        window = max(1, round(1 / places[0])) if in_epochs else SEVERAL_STEPS
    if window < 1:
        raise SettingError(f"window must be 1 or above; got {window}")
    window = min(window, len(losses))
    smooth = np.convolve(losses, np.ones(window) / window, mode="valid")
    picture = Picture(figsize=(6.8, 3.6 if in_epochs else 3.2), layout="constrained")
    axes = picture.add_subplot()
    axes.plot(places, losses, ".", color=GREY, alpha=0.35, markersize=3, label="each step")
    if not any(getattr(step, "train_evaluation", None) for step in history):
        # A mean of the past lags behind a loss that falls; measured training data needs no mean.
        axes.plot(places[window - 1 :], smooth, color=BLUE, linewidth=2, label=_mean_of(window))
    picture.caption = (
        f"Loss over {len(losses):,} steps: the mean of the first {window} is "
        f"{losses[:window].mean():.2f}, of the last {window} {losses[-window:].mean():.2f}."
    )
    _evaluations(axes, places, history, in_epochs)
    held_out = [step for step in history if step.evaluation is not None]
    if held_out:
        picture.caption += f" On held-out data it is {held_out[-1].evaluation}."
    if uniform is not None:
        axes.axhline(uniform, color=GREY, linestyle="--", linewidth=1, label="blind guessing")
    axes.set_ylabel("loss (nats per token)")
    axes.spines[["top", "right"]].set_visible(False)
    if in_epochs:
        _epochs_and_tokens(axes, history[-1])
        picture.legend(loc="outside upper center", ncols=2, **LEGEND)
        if held_out:
            best = min(held_out, key=lambda step: step.evaluation.loss)
            picture.caption += (
                f" It was lowest, {best.evaluation.loss:.2f}, at {best.epoch:.3g} epochs."
            )
    else:
        axes.set_xlabel("step")
        letters = sum(map(len, axes.get_legend_handles_labels()[1]))
        columns = 4 if letters < ONE_ROW else 2
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, **LEGEND)
    return picture


def _mean_of(window: int) -> str:
    return f"mean of {window} steps" if window > 1 else "mean of 1 step"


def _evaluations(axes: Any, places: np.ndarray, history: Sequence[Any], joined: bool) -> None:
    """What was evaluated on the way, with bars of two standard errors; epochs are few: joined."""
    for name, colour, label in (
        ("train_evaluation", BLUE, "training data, ± 2 standard errors"),
        ("evaluation", ORANGE, "held out, ± 2 standard errors"),
    ):
        looked: list[tuple[float, Any]] = [
            (place, getattr(step, name, None)) for place, step in zip(places, history, strict=True)
        ]
        found = [(place, evaluation) for place, evaluation in looked if evaluation is not None]
        if found:
            axes.errorbar(
                [place for place, _ in found],
                [evaluation.loss for _, evaluation in found],
                [2 * evaluation.error for _, evaluation in found],
                fmt=("s" if colour == BLUE else "o") + ("-" if joined else ""),
                color=colour,
                linewidth=1.2,
                markersize=5,
                capsize=3,
                zorder=3,
                label=label,
            )


def _epochs_and_tokens(axes: Any, last: Any) -> None:
    """Epochs on the lower axis; above, the tokens that had been seen by then."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    tokens_per_epoch = last.tokens_seen / last.epoch
    axes.set_xlabel("epochs")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    above = axes.secondary_xaxis(
        "top", functions=(lambda x: x * tokens_per_epoch, lambda x: x / tokens_per_epoch)
    )
    above.set_xlabel("tokens seen")
    above.xaxis.set_major_formatter(EngFormatter(sep=""))
