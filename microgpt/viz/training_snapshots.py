"""A training run as snapshots side by side: validation loss and samples at chosen steps."""

from dataclasses import dataclass, replace
from math import isnan

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import format_perplexity, visible
from microgpt.viz.table import html_table

WIDTH, HEIGHT = 720, 342
PROGRESS_LEFT = 330  # where the progress bar begins


@dataclass(frozen=True)
class Snapshot:
    """The model at one step: validation loss ± standard error, samples with memorization labels.

    Without validation data the loss is NaN.
    """

    step: int
    loss: float
    stderr: float
    samples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BigramBaseline:
    """The validation loss of a bigram model counted on the same training texts.

    `improvement` is the bigram model's loss minus the model's, on the same texts; `stderr` is the
    standard error of this paired difference.
    """

    loss: float
    improvement: float
    stderr: float


@dataclass(frozen=True)
class TrainingProgress:
    """A run so far: its snapshots, the steps at which snapshots are taken, and two baselines.

    `uniform_loss` is the loss of uniform guessing, ln V. `status` is a word, such as "training";
    `error` is the message of the error that ended the run early.
    """

    snapshot_steps: tuple[int, ...]
    snapshots: tuple[Snapshot, ...] = ()
    steps_done: int = 0
    steps: int = 1000
    uniform_loss: float = 0.0
    bigram: BigramBaseline | None = None
    status: str = "ready"
    error: str = ""
    temperature: float = 0.5
    unit: str = "letter"  # what a token is called

    def with_snapshot(self, snapshot: Snapshot) -> "TrainingProgress":
        """Return the progress with one more snapshot, which replaces any of the same step."""
        others = [other for other in self.snapshots if other.step != snapshot.step]
        snapshots = tuple(sorted([*others, snapshot], key=lambda snapshot: snapshot.step))
        return replace(self, snapshots=snapshots, steps_done=snapshot.step)

    @property
    def evaluated(self) -> list[Snapshot]:
        """The snapshots that have a validation loss."""
        return [snapshot for snapshot in self.snapshots if not isnan(snapshot.loss)]


def draw_training_progress(progress: TrainingProgress, message: str = "") -> tuple[Drawing, str]:
    """Draw a column per snapshot below a progress bar; `message` replaces the caption."""
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.begin_group("fluid")
    column_width = WIDTH / max(1, len(progress.snapshot_steps))
    bar_width = WIDTH - PROGRESS_LEFT - 5
    filled_width = bar_width * progress.steps_done / max(1, progress.steps)
    status = f"{progress.status}: {progress.steps_done:,} of {progress.steps:,} steps"
    drawing.add(
        Text(0, 13, status, bold=True),
        Rect(PROGRESS_LEFT, 3, bar_width, 11, "background", "outline"),
        Rect(PROGRESS_LEFT, 3, filled_width, 11, "blue", css_class="progress"),
    )
    by_step = {snapshot.step: snapshot for snapshot in progress.snapshots}
    for i, step in enumerate(progress.snapshot_steps):
        x = i * column_width
        drawing.add(Line(x, 24, x, HEIGHT - 2, "line"))
        _draw_snapshot(drawing, x + 8, step, by_step.get(step))
    drawing.caption = message or _caption(progress)
    return drawing, drawing.caption


def _draw_snapshot(drawing: Drawing, x: float, step: int, snapshot: Snapshot | None) -> None:
    drawing.add(Text(x, 38, f"step {step:,}", bold=True))
    if snapshot is None:
        drawing.add(Text(x, 57, "not yet"))
        return
    if isnan(snapshot.loss):
        drawing.add(Text(x, 57, "no held-out loss"))
    else:
        drawing.add(
            Text(x, 57, f"loss {snapshot.loss:.2f}", css_class="loss"),
            Text(x, 75, "feels like"),
            Text(x, 91, f"{format_perplexity(snapshot.loss)} choices"),
        )
    for i, (sample, memorization) in enumerate(snapshot.samples):
        y = 115 + 47 * i
        text = visible(sample, 13) or "(empty)"
        drawing.add(Text(x, y, text, bold=True, css_class="sample"))
        for line, part in enumerate(memorization.split(", ")):  # two lines, for narrow panels
            drawing.add(Text(x, y + 15 * (line + 1), part, css_class="memorization"))


def snapshots_table(progress: TrainingProgress) -> str:
    """Return the validation losses of snapshots and baselines, with six decimals, as HTML."""
    rows: list[tuple[object, str, str]] = [
        (snapshot.step, f"{snapshot.loss:.6f}", f"{snapshot.stderr:.6f}")
        for snapshot in progress.snapshots
    ]
    rows.append(("knowing nothing", f"{progress.uniform_loss:.6f}", ""))
    if progress.bigram is not None:
        rows.append(("counting pairs", f"{progress.bigram.loss:.6f}", ""))
    return html_table(("step", "held-out loss", "± standard error"), rows)


def _caption(progress: TrainingProgress) -> str:
    if progress.error:
        return f"Training ended early: {progress.error}"
    if not progress.evaluated:
        return "No held-out loss is there yet."
    first, last = progress.evaluated[0], progress.evaluated[-1]
    sentences = [
        f"At step {first.step:,} its average surprise on held-out texts is {first.loss:.2f}, as if "
        f"it chose among {format_perplexity(first.loss)} {progress.unit}s."
    ]
    if last is not first:
        sentences.append(_last_snapshot_sentence(progress, last))
        best = min(progress.evaluated, key=lambda snapshot: snapshot.loss)
        is_overfit = last.loss > best.loss + 2 * max(best.stderr, last.stderr)
        if progress.uniform_loss > best.loss and is_overfit:
            sentences.append(
                f"It was better at step {best.step:,}: since then it learns its list by heart."
            )
    baselines = f"To compare: knowing nothing is {progress.uniform_loss:.2f}"
    if progress.bigram is not None:
        baselines += (
            f", counting pairs of {progress.unit}s in the same texts {progress.bigram.loss:.2f}"
        )
    return " ".join([*sentences, f"{baselines}. Texts at T = {progress.temperature:g}."])


def _last_snapshot_sentence(progress: TrainingProgress, last: Snapshot) -> str:
    stderr = "" if isnan(last.stderr) else f" ± {last.stderr:.2f}"
    sentence = (
        f"At step {last.step:,} it is {last.loss:.2f}{stderr}, as if among "
        f"{format_perplexity(last.loss)}"
    )
    if last.step == progress.snapshot_steps[-1]:
        sentence += f": {compare_to_baselines(progress)}"
    return f"{sentence}."


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
    if progress.bigram is None:
        return "better than knowing nothing"
    if abs(progress.bigram.improvement) < 2 * progress.bigram.stderr:
        return f"no difference seen from counting pairs of {progress.unit}s"
    is_better = progress.bigram.improvement > 0
    return ("better" if is_better else "worse") + f" than counting pairs of {progress.unit}s"
