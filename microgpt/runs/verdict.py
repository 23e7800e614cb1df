"""`judge`: is a run learning or memorising? A pure function of its losses."""

from dataclasses import dataclass

import numpy as np

from microgpt.training.metrics import Evaluation

TOO_EARLY, LEARNING, GAP_OPENING = "too early", "learning", "learning, gap opening"
MEMORISING, SUSPICIOUS, NOT_LEARNING = "memorising", "suspiciously good", "not learning"

GAP = 0.1  # nats that make a loss clearly lower
TOO_GOOD = 0.5  # nats of a training loss that asks for a second look
STDERRS = 2  # a difference counts from so many standard errors on
MIN_STEPS = 100  # before a run can be called stuck
LAST_PART = 5  # its last fifth decides


@dataclass(frozen=True, eq=False)
class LossHistory:
    """The losses of a run so far; N rows are held out and never change.

    `losses` has one for each step. After each of `steps` (S,), `training` (S,) is the mean loss on
    training rows and `held_out_rows` (S, N) the summed losses of the held-out rows, which have
    `num_targets` (N,) targets. `letters_loss` is the held-out loss of counted letters.
    """

    losses: np.ndarray
    steps: np.ndarray
    training: np.ndarray
    held_out_rows: np.ndarray
    num_targets: np.ndarray
    uniform_loss: float
    letters_loss: float

    @property
    def held_out(self) -> np.ndarray:
        """The mean held-out losses (S,), in nats per token."""
        return self.held_out_rows.sum(axis=1) / self.num_targets.sum()


@dataclass(frozen=True)
class Verdict:
    """What a run does, and why; `step` is that of the best held-out loss where that matters."""

    label: str
    reason: str
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.label}: {self.reason}"


def judge(history: LossHistory) -> Verdict:
    """Judge a run: is it too early to say, does it learn, memorise, cheat, or stand still?"""
    held_out = history.held_out
    best = int(np.argmin(held_out))
    now, training = held_out[-1], history.training[-1]
    if training < TOO_GOOD and now > history.uniform_loss:
        return Verdict(
            SUSPICIOUS,
            f"the training loss is {training:.2f}, but held-out text is worse than guessing "
            f"blindly ({history.uniform_loss:.2f}). Is the answer in the input?",
        )
    letters, has_risen = history.letters_loss, _is_above(history, -1, best)
    if history.training.min() > letters - GAP:
        if _is_stuck(history.losses):
            return Verdict(
                NOT_LEARNING,
                "over the last fifth of the run the loss fell by less than it varies, and it was "
                f"never clearly below counting letters ({letters:.2f})",
            )
        if has_risen and len(history.losses) >= MIN_STEPS:
            return _risen(history, best)
        reason = f"the loss is not yet clearly below counting letters ({letters:.2f})"
        return Verdict(TOO_EARLY, reason)
    if has_risen:
        return _risen(history, best)
    if now - training > GAP:
        return Verdict(
            GAP_OPENING,
            f"held-out is at its best, and the training loss is {now - training:.2f} below it",
        )
    return Verdict(LEARNING, "held-out is at its best, and the training loss hardly below it")


def _risen(history: LossHistory, best: int) -> Verdict:
    """Judge a run whose held-out loss has risen: memorising, if its training loss fell on."""
    step, rise = int(history.steps[best]), history.held_out[-1] - history.held_out[best]
    if history.training[-1] < history.training[best]:
        reason = f"held-out has risen by {rise:.2f} since then, while the training loss fell"
        return Verdict(MEMORISING, reason, step)
    return Verdict(NOT_LEARNING, f"both losses have risen since step {step:,}", step)


def _is_above(history: LossHistory, first: int, second: int) -> bool:
    """Whether a snapshot's rows are above another's by more than two standard errors, paired."""
    rows = history.held_out_rows
    difference = Evaluation.from_rows(rows[first] - rows[second], history.num_targets)
    return difference.loss > STDERRS * difference.stderr


def _is_stuck(losses: np.ndarray) -> bool:
    """Whether a line fitted to the last fifth falls by less than the losses vary around it."""
    if len(losses) < MIN_STEPS:
        return False
    last = losses[-(len(losses) // LAST_PART) :]
    x = np.arange(len(last))
    slope, intercept = np.polyfit(x, last, 1)
    fall = -slope * len(last)
    return bool(fall < np.std(last - (slope * x + intercept)))
