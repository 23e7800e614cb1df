"""The sentences under the training view: is it learning, and how good is its last loss?"""

from math import isnan

import numpy as np

from microgpt.plain_text import pluralize
from microgpt.viz.formatting import format_perplexity
from microgpt.viz.training.progress import Snapshot, TrainingProgress
from microgpt.viz.training.wording import (
    format_loss,
    format_stderr,
    is_worse_than_uniform,
    perplexity_in_words,
)

VISIBLE_DIFFERENCE = 0.03  # nats, in a chart of about two
RECENT_SHARE = 0.1  # of the steps, over which a training loss is averaged
CLEAR = 3  # standard errors by which a training loss has fallen; it is looked at again and again


def training_caption(progress: TrainingProgress) -> str:
    """Say whether the model learns, between which neighbours its last loss lies, and what ± is."""
    if progress.error:
        return f"Training ended early: {progress.error}"
    before = ""
    if progress.status in ("stopped", "interrupted"):
        steps = f"{progress.steps_done:,} of {progress.steps:,}"
        before = f"{progress.status.capitalize()} after {steps} steps. "
    if not progress.evaluated:
        return before + _without_held_out(progress)
    last, is_done = progress.evaluated[-1], _is_done(progress)
    if not is_done or last is progress.evaluated[0]:
        return before + _so_far(progress, last)
    sentences = [*_result(progress), _neighbours(progress), *_start(progress)]
    if not isnan(last.stderr):
        sentences.append(
            f"± is the standard error: on other held-out {progress.text_noun}s, the loss would "
            "differ by about so much."
        )
    return before + " ".join(sentences)


def compare_to_baselines(progress: TrainingProgress) -> str:
    """Compare the last snapshot with uniform guessing and bigram counts, in words.

    A difference from the bigram within two standard errors is "no difference seen".
    """
    if not progress.evaluated:
        return "nothing is held out, so nothing can be said"
    last = progress.evaluated[-1]
    margin = 0.0 if isnan(last.stderr) else 2 * last.stderr
    if last.loss > progress.uniform_loss:
        is_clear = last.loss - margin > progress.uniform_loss
        return "worse than knowing nothing" if is_clear else "no better than knowing nothing"
    if progress.bigram is None or not progress.bigram.is_compared:
        return "better than knowing nothing"
    pairs = f"counting pairs of {progress.unit}s"
    if abs(progress.bigram.improvement) < 2 * progress.bigram.stderr:
        return f"no difference seen from {pairs}"
    return f"{'better' if progress.bigram.improvement > 0 else 'worse'} than {pairs}"


def overfitting_since(progress: TrainingProgress) -> int | None:
    """Return the step of the lowest held-out loss, if the model overfits since.

    That is: it had learned something, the held-out loss has risen since by more than two standard
    errors, and the training loss has clearly fallen below this lowest held-out loss and below its
    own level of then.
    """
    if not progress.evaluated or not _has_risen(progress):
        return None
    best = _best(progress)
    if best.loss >= progress.uniform_loss:
        return None
    return best.step if _training_loss_fell(progress, best) else None


def _training_loss_fell(progress: TrainingProgress, best: Snapshot) -> bool:
    """Whether the training loss is clearly below the held-out loss of then, and below its own.

    Its levels are means over a tenth of the steps: of the latest, and of those before the best
    snapshot, or of the first where there are not as many.
    """
    losses = progress.losses
    count = max(1, round(RECENT_SHARE * len(losses)))
    end = max(best.step, count)
    then, now = losses[end - count : end], losses[max(end, len(losses) - count) :]
    if not len(now):
        return False
    variance = np.var(now) / len(now)
    margins = (
        CLEAR * np.sqrt(variance + np.var(then) / len(then)),
        CLEAR * np.sqrt(variance + (0.0 if isnan(best.stderr) else best.stderr) ** 2),
    )
    levels = np.mean(then) - margins[0], best.loss - margins[1]
    return bool(np.mean(now) < min(levels))


def _is_done(progress: TrainingProgress) -> bool:
    return progress.evaluated[-1].step == progress.snapshot_steps[-1]


def _best(progress: TrainingProgress) -> Snapshot:
    return min(progress.evaluated, key=lambda snapshot: snapshot.loss)


def _has_risen(progress: TrainingProgress) -> bool:
    """Whether the last held-out loss is above the lowest by more than two standard errors."""
    best, last = _best(progress), progress.evaluated[-1]
    stderrs = [snapshot.stderr for snapshot in (best, last) if not isnan(snapshot.stderr)]
    return last.loss > best.loss + 2 * max(stderrs, default=0.0)


def _recent_loss(progress: TrainingProgress, step: int) -> float:
    """Return the mean training loss of the last tenth of the first `step` steps."""
    losses = progress.losses[:step]
    if not len(losses):
        return float("inf")
    return float(np.mean(losses[-max(1, round(RECENT_SHARE * step)) :]))


def _without_held_out(progress: TrainingProgress) -> str:
    """Say how the training loss moved, since no loss on other texts is there."""
    if not progress.snapshots:
        return f"Measuring what the untrained model makes of held-out {progress.text_noun}s …"
    if not len(progress.losses):
        return f"No {progress.text_noun} is held out, so only the training loss will be seen."
    losses = (
        format_loss(progress.losses[0]),
        format_loss(_recent_loss(progress, len(progress.losses))),
    )
    return (
        f"No {progress.text_noun} is held out: its training loss went from {losses[0]} to "
        f"{losses[1]}, which alone does not tell learning from overfitting."
    )


def _so_far(progress: TrainingProgress, last: Snapshot) -> str:
    """Say where the last loss of an unfinished run lies."""
    when = f"After {pluralize(last.step, 'step')}" if last.step else "Before training"
    meaning = perplexity_in_words(progress, last.loss)
    sentence = f"{when} its held-out loss is {format_loss(last.loss)}, {meaning}"
    uniform = f"knowing nothing ({format_loss(progress.uniform_loss)})"
    if last.loss >= progress.uniform_loss:
        comparison = f"not yet below {uniform}"
    elif progress.bigram is None:
        comparison = f"below {uniform}"
    else:
        pairs = f"counting pairs of {progress.unit}s ({format_loss(progress.bigram.loss)})"
        is_below = last.loss < progress.bigram.loss
        comparison = f"below {uniform}, {'and' if is_below else 'not yet'} below {pairs}"
    return " ".join((f"{sentence}: {comparison}.", *_since_the_best(progress)))


def _since_the_best(progress: TrainingProgress) -> list[str]:
    """Say, of a held-out loss that has risen, whether this is overfitting."""
    since, best = overfitting_since(progress), _best(progress)
    if since is not None:
        return [_overfitting(since)]
    if not _has_risen(progress) or best.loss >= progress.uniform_loss:
        return []
    return [
        f"It was {format_loss(best.loss)} {_at(best)}; the training loss has not fallen by much "
        "meanwhile, so this does not look like overfitting."
    ]


def _at(snapshot: Snapshot) -> str:
    return f"at step {snapshot.step:,}" if snapshot.step else "before the first step"


def _overfitting(since: int) -> str:
    return f"Since step {since:,} it is learning its list by heart: overfitting."


def _result(progress: TrainingProgress) -> list[str]:
    """Answer the question of the view for a run that is done."""
    first, last, best = progress.evaluated[0], progress.evaluated[-1], _best(progress)
    its_loss = f"its loss on held-out {progress.text_noun}s"
    loss = f"{format_loss(last.loss)}{format_stderr(last.stderr)}"
    meaning = perplexity_in_words(progress, last.loss)
    if is_worse_than_uniform(progress, last.loss):
        meaning = f": it is {meaning}"
    else:
        meaning = f", a perplexity of {format_perplexity(last.loss)}: {meaning}"
    since = overfitting_since(progress)
    if since is not None:
        return [
            f"Only until step {since:,}: {its_loss} was lowest there ({format_loss(best.loss)}) "
            f"and is {loss} now{meaning}.",
            _overfitting(since),
        ]
    if best is not last and _has_risen(progress):
        answer = "Only for a while" if best is not first else "No"
        return [
            f"{answer}: {its_loss} was {format_loss(best.loss)} at step {best.step:,} and is "
            f"{loss} now{meaning}."
        ]
    if last.loss < min(first.loss, progress.uniform_loss):
        return [f"Yes: {its_loss} fell from {format_loss(first.loss)} to {loss}{meaning}."]
    return [f"Hardly: {its_loss} went from {format_loss(first.loss)} to {loss}{meaning}."]


def _start(progress: TrainingProgress) -> list[str]:
    """Explain why line and circle differ at step 0, where they visibly do."""
    first = progress.evaluated[0]
    if first.step or not len(progress.losses):
        return []
    if abs(progress.losses[0] - first.loss) < VISIBLE_DIFFERENCE:
        return []
    return [
        f"At step 0, line and circle differ only because they are losses on different "
        f"{progress.text_noun}s."
    ]


def _neighbours(progress: TrainingProgress) -> str:
    """Place the last loss between those of the two baselines."""
    verdict = compare_to_baselines(progress)
    uniform = f"knowing nothing ({format_loss(progress.uniform_loss)})"
    if progress.bigram is None:
        return f"That is {verdict.replace('knowing nothing', uniform)}."
    pairs_loss = format_loss(progress.bigram.loss)
    pairs = f"counting pairs of {progress.unit}s"
    same = f" in the same {progress.text_noun}s"
    if verdict.endswith("knowing nothing"):
        verdict = verdict.replace("knowing nothing", uniform)
        return f"That is {verdict}; {pairs}{same} has {pairs_loss}."
    if verdict.startswith("no difference"):
        return f"There is {verdict}{same} ({pairs_loss}); it is better than {uniform}."
    also = "and" if verdict.startswith("better") else "but better"
    return f"That is {verdict}{same} ({pairs_loss}), {also} than {uniform}."
