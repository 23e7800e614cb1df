"""`judge`: is a run learning or memorising? A rule that can be checked from the numbers shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import Described, SettingError

TOO_EARLY, LEARNING, SLOW = "too early", "learning", "learning slowly"
GAP_OPENING, MEMORISING, SUSPICIOUS = "learning, gap opening", "memorising", "suspiciously good"
NOT_LEARNING, UNSTABLE = "not learning", "unstable"

CLEAR, CLOSED = 0.1, 0.05  # nats from which on a difference counts, and below which it has gone
TOO_GOOD = 0.5  # nats of a training loss that asks for a second look
MIN_STEPS = 100  # before a run can be called stuck

# The rule of `judge` in sentences, in the order in which it asks.
RULES = (
    f"{UNSTABLE}: a training loss or a held-out loss is not a finite number",
    f"{SUSPICIOUS}: the training loss is below {TOO_GOOD}, the held-out loss above a blind guess",
    f"{TOO_EARLY}: before step {MIN_STEPS}, if held-out was never {CLEAR} below counting letters",
    f"{MEMORISING}: held-out has risen {CLEAR} above its lowest and is {CLEAR} above the training "
    f"loss, which has not risen {CLEAR} above its own lowest",
    f"{NOT_LEARNING}: held-out was never {CLEAR} below counting letters, and it has risen {CLEAR} "
    f"above its lowest, or in the second half of the steps the training loss fell by less than "
    f"{CLEAR}; {SLOW}: never so far below either, but neither of these",
    f"{UNSTABLE}: held-out has risen {CLEAR} above its lowest",
    f"{GAP_OPENING}: held-out is {CLEAR} above the training loss",
    f"{LEARNING}: in all other cases",
    f"A rise or a gap that has reached {CLEAR} counts until it is below {CLOSED}",
)


@dataclass(frozen=True, eq=False)
class LossHistory:
    """The losses of a run at its snapshots, in nats per token.

    After each of `steps` (S,), `training` (S,) is the mean loss on fixed training rows and
    `held_out` (S,) that on fixed held-out rows; the first step is 0, before any update.
    `letters_loss` is the held-out loss of counted letters, `uniform_loss` that of guessing blindly.
    Raises SettingError for steps that begin later.
    """

    steps: np.ndarray
    training: np.ndarray
    held_out: np.ndarray
    uniform_loss: float
    letters_loss: float

    def __post_init__(self) -> None:
        first = int(self.steps[0]) if len(self.steps) else Described("no steps")
        if first != 0:
            remedy = "put the losses before the first update in front of the others"
            raise SettingError("the first of the steps", "0", first, remedy)


@dataclass(frozen=True)
class Verdict:
    """What a run does, and why.

    `step` is that of the best held-out loss if this has risen since (memorising, unstable), and the
    one at which the gap opened (learning, gap opening); of all other verdicts it is None.
    """

    label: str
    reason: str
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.label}: {self.reason}"


def judge(history: LossHistory) -> Verdict:
    """Judge a run by `RULES`: is it too early to say, does it learn, memorise, cheat, stand still?

    All losses are rounded to hundredths first, as they are shown.
    """
    steps = history.steps
    held_out, training = _hundredths(history.held_out), _hundredths(history.training)
    letters, blind = _hundredths(history.letters_loss), _hundredths(history.uniform_loss)
    is_finite = np.isfinite(held_out) & np.isfinite(training)
    if not is_finite.all():
        step = int(steps[np.argmin(is_finite)])  # the first of these
        return Verdict(UNSTABLE, f"at step {step:,}, a loss is not a finite number")
    clear, best, now = _hundredths(CLEAR), int(np.argmin(held_out)), held_out[-1]
    if training[-1] < _hundredths(TOO_GOOD) and now > blind:
        return Verdict(
            SUSPICIOUS,
            f"the training loss is {_shown(training[-1])}, but held-out text is worse than "
            f"guessing blindly ({_shown(blind)}). Is the answer in the input?",
        )
    has_learned = held_out[best] <= letters - clear
    if not has_learned and steps[-1] < MIN_STEPS:
        reason = f"held-out is not yet {CLEAR} below counting letters ({_shown(letters)})"
        return Verdict(TOO_EARLY, reason)
    gap = _since(held_out - training)
    rise = _since(held_out - np.minimum.accumulate(held_out))
    climb = _since(training - np.minimum.accumulate(training))
    changes = (
        f"{_change('held-out', held_out, best)} and {_change('the training loss', training, best)}"
    )
    changes = f"since step {int(steps[best]):,}, {changes}"
    if rise is not None and gap is not None and climb is None:
        return Verdict(MEMORISING, changes, int(steps[best]))
    if not has_learned:
        half = int(np.flatnonzero(2 * steps <= steps[-1])[-1])
        is_stuck = rise is not None or training[half] - training[-1] < clear
        if rise is None:
            change = _change("the training loss", training, half)
            changes = f"since step {int(steps[half]):,}, {change}"
        return Verdict(
            NOT_LEARNING if is_stuck else SLOW,
            f"{changes}; held-out was never {CLEAR} below counting letters ({_shown(letters)})",
        )
    if rise is not None:
        return Verdict(UNSTABLE, changes, int(steps[best]))
    if gap is not None:
        difference, since = _shown(now - training[-1]), int(steps[gap])
        reason = f"held-out is {difference} above the training loss; the gap opened at step {since}"
        return Verdict(GAP_OPENING, reason, since)
    return Verdict(
        LEARNING,
        f"held-out is within {CLEAR} of its lowest ({_shown(held_out[best])}), and not {CLEAR} "
        "above the training loss",
    )


def _hundredths(losses: np.ndarray | float) -> np.ndarray:
    """Return losses in hundredths, rounded as a text with two decimals is: 2.675 becomes 267."""
    decimals = [round(float(loss), 2) for loss in np.ravel(losses)]
    return np.round(np.multiply(100, decimals)).reshape(np.shape(losses))


def _shown(hundredths: Any) -> str:
    return f"{hundredths / 100:.2f}"


def _change(name: str, losses: np.ndarray, first: int) -> str:
    """Return in words how a loss has changed since a snapshot, from hundredths."""
    change = losses[-1] - losses[first]
    if not change:
        return f"{name} has not changed"
    return f"{name} has {'risen' if change > 0 else 'fallen'} by {_shown(abs(change))}"


def _since(differences: np.ndarray) -> int | None:
    """Return since which snapshot a difference in hundredths counts, or None if it does not."""
    since = None
    for i, difference in enumerate(differences):
        if since is None and difference >= _hundredths(CLEAR):
            since = i
        elif since is not None and difference < _hundredths(CLOSED):
            since = None
    return since
