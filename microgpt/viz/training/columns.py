"""The columns under the chart: for each snapshot its perplexity and what the model wrote."""

from dataclasses import dataclass
from functools import lru_cache

from microgpt.viz.formatting import visible, width_in_em
from microgpt.viz.training.progress import Snapshot, TrainingProgress
from microgpt.viz.training.wording import key_figure

NUM_WAITING = 5  # lines that stand for texts to come
MAX_SHORT, MAX_LONG = 5.5, 9.0  # widths of a name in a narrow and in a wide column, in em
MAX_TEXT = 48  # letters of a text that is no line of a list; it may wrap


@dataclass(frozen=True)
class Sample:
    """A generated text: in full, cut off for wide and for narrow columns, and its label."""

    text: str
    long: str
    short: str
    label: str


@dataclass(frozen=True)
class Column:
    """A snapshot's step, perplexity with its unit, and samples.

    A column whose snapshot is still to come `is_waiting`.
    """

    step: str
    figure: str
    unit: str
    samples: tuple[Sample, ...]
    is_waiting: bool = False


def columns(progress: TrainingProgress) -> list[Column]:
    """Return a column for each step at which a snapshot is taken."""
    by_step = {snapshot.step: snapshot for snapshot in progress.snapshots}
    return [_column(progress, step, by_step.get(step)) for step in progress.snapshot_steps]


def _column(progress: TrainingProgress, step: int, snapshot: Snapshot | None) -> Column:
    name = f"step {step:,}"
    if snapshot is None:
        return Column(name, "·", "to come", (), is_waiting=True)
    figure, unit = key_figure(progress, snapshot.loss)
    samples = tuple(_sample(text, label) for text, label in snapshot.samples)
    return Column(name, figure, unit, samples)


@lru_cache(256)  # the same ones are drawn again while training goes on
def _sample(text: str, label: str) -> Sample:
    if not text:
        return Sample("", "(empty)", "(empty)", label)
    if not label:  # not a list of names: a piece of a text
        piece = visible(text, MAX_TEXT)
        return Sample(text, piece, piece, "")
    return Sample(text, cut_off(text, MAX_LONG), cut_off(text, MAX_SHORT), label)


def cut_off(text: str, max_width: float) -> str:
    """Return the beginning of a text as it is shown, of at most this width in em."""
    length = len(text)
    while length > 1 and width_in_em(visible(text[:length], len(text) + 1)) > max_width:
        length -= 1
    return visible(text[:length], len(text) + 1)
