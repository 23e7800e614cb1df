"""The loss of each training step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from microgpt.errors import ShapeError
from microgpt.viz.figure import BLUE, GREY, ORANGE, Picture


def plot_losses(history: Sequence[Any], window: int = 50, uniform: float | None = None) -> Picture:
    """The loss of every step (dots), the mean of the last `window` steps (line), the held-out loss.

    `history` are the steps of a Trainer. `uniform`, the loss of blind guessing, is drawn as a
    line if given.
    """
    if not history:
        raise ShapeError("there is no step to draw yet; run the trainer first")
    steps = np.array([step.step for step in history])
    losses = np.array([step.loss for step in history])
    window = min(window, len(losses))
    smooth = np.convolve(losses, np.ones(window) / window, mode="valid")
    picture = Picture(figsize=(6.8, 3.2), layout="constrained")
    axes = picture.add_subplot()
    axes.plot(steps, losses, ".", color=GREY, alpha=0.35, markersize=3, label="each step")
    axes.plot(steps[window - 1 :], smooth, color=BLUE, linewidth=2, label=f"mean of {window} steps")
    picture.caption = (
        f"Loss over {len(losses):,} steps: the mean of the first {window} is "
        f"{losses[:window].mean():.2f}, of the last {window} {losses[-window:].mean():.2f}."
    )
    held_out = [(step.step, step.evaluation) for step in history if step.evaluation is not None]
    if held_out:
        where = [step for step, _ in held_out]
        axes.errorbar(
            where,
            [evaluation.loss for _, evaluation in held_out],
            [2 * evaluation.error for _, evaluation in held_out],
            fmt="o",
            color=ORANGE,
            markersize=5,
            capsize=3,
            zorder=3,
            label="held out, ± 2 standard errors",
        )
        picture.caption += f" On held-out data it is {held_out[-1][1]}."
    if uniform is not None:
        axes.axhline(uniform, color=GREY, linestyle="--", linewidth=1, label="blind guessing")
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats per token)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        frameon=False, fontsize=9, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0),
        columnspacing=1.2, handlelength=1.4,
    )  # fmt: skip
    return picture
