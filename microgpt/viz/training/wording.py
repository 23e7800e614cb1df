"""Losses and perplexities in words that do not exceed their meaning."""

from math import inf, isinf, isnan

from microgpt.viz.formatting import format_perplexity
from microgpt.viz.training.progress import TrainingProgress

STEPS_NOTE = "later steps stand closer together"
NO_BREAK_SPACE = "\u00a0"


def format_loss(loss: float) -> str:
    """Format a loss in nats with two decimals."""
    return "∞" if isinf(loss) else f"{loss:,.2f}"


def short_loss(loss: float) -> str:
    """Format a loss as the label of a point: with two decimals, one from 10 on, none from 100."""
    return f"{loss:,.{2 - (loss >= 9.995) - (loss >= 99.95)}f}"


def format_stderr(stderr: float) -> str:
    """Format a standard error as " ± 0.01", with one digit below 0.005, or "" if there is none.

    No line breaks after its sign.
    """
    if isnan(stderr):
        return ""
    number = f"{stderr:,.2f}" if stderr >= 0.005 or stderr == 0 else f"{stderr:.1g}"
    return f" ±{NO_BREAK_SPACE}{number}"


def is_worse_than_uniform(progress: TrainingProgress, loss: float) -> bool:
    """Whether a perplexity is visibly above V, so that it is no number of choices."""
    return loss > progress.uniform_loss and (
        format_perplexity(loss) != format_perplexity(progress.uniform_loss)
    )


def perplexity_of(progress: TrainingProgress, loss: float) -> str:
    """Return the perplexity of a loss with its unit, "12.3 letters"; "" where it is above V."""
    if is_worse_than_uniform(progress, loss):
        return ""
    return f"{_perplexity(progress, loss)} {progress.unit}s"


def named_perplexity(progress: TrainingProgress, loss: float) -> str:
    """Return the perplexity of a loss with its name; "" where it is above V."""
    if is_worse_than_uniform(progress, loss):
        return ""
    return f"perplexity{NO_BREAK_SPACE}{_perplexity(progress, loss)}"


def _perplexity(progress: TrainingProgress, loss: float) -> str:
    is_uniform = loss == progress.uniform_loss
    return f"{progress.vocab_size:,}" if is_uniform else format_perplexity(loss)


def key_figure(progress: TrainingProgress, loss: float) -> tuple[str, str]:
    """Return a perplexity and its unit, or what it means where it is above V."""
    if isnan(loss):
        return "-", "nothing held out"
    if loss == inf:
        return "∞", "worse than knowing nothing"
    is_worse = is_worse_than_uniform(progress, loss)
    figure = format_perplexity(loss)
    if figure.startswith("over"):
        figure = "> 10⁶"
    return figure, "worse than knowing nothing" if is_worse else f"{progress.unit}s"


def perplexity_in_words(progress: TrainingProgress, loss: float) -> str:
    """Return what a loss means: among how many tokens the model seems to choose."""
    if is_worse_than_uniform(progress, loss):
        return f"surer of wrong {progress.unit}s than a uniform guess"
    return f"like choosing among {perplexity_of(progress, loss)}"


def legend_texts(progress: TrainingProgress) -> tuple[str, str, str]:
    """Return what the pale line, the bold line and the circles are; "" for circles that never come.

    The losses of one step are on different texts, so that they differ before anything is learned.
    """
    noun = progress.text_noun
    has_held_out = bool(progress.evaluated) or not progress.snapshots
    return (
        f"training: loss on the {noun}s of each step",
        "smoothed",
        f"held-out: loss on {noun}s not trained on" if has_held_out else "",
    )
