"""The scoreboard: the held-out loss of several models on the same texts, in a table with bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, isnan, log

from microgpt.plain_text import text_table
from microgpt.viz.html import Markup, percent, tag
from microgpt.viz.looks import style_sheet

QUESTION = "Which model guesses held-out texts best?"
BARS = "bits per byte, from 0"  # the name of the column of bars


@dataclass(frozen=True)
class Score:
    """One model: its loss in nats per token ± standard error, and the texts it was measured on.

    `parameters` is how many numbers it learned; None if that is not known. A model that gave
    probability 0 to what came has an infinite loss. `num_bytes` is the size of
    the texts, `unit` what a token is called. `difference` ± `difference_stderr` is its loss minus
    that of `baseline`, in nats per byte, on the same texts; None in the first row.
    """

    name: str
    loss: float
    stderr: float
    num_tokens: int
    num_bytes: int
    parameters: int | None = None
    unit: str = "letter"
    baseline: str = ""
    difference: float | None = None
    difference_stderr: float = 0.0

    @property
    def bits_per_byte(self) -> float:
        """The loss of all texts in bits, divided by their bytes: tokenizers can be compared."""
        return self.loss * self.num_tokens / self.num_bytes / log(2)

    @property
    def perplexity(self) -> float:
        """e to the loss."""
        return exp(self.loss) if self.loss < 700 else float("inf")

    @property
    def is_different(self) -> bool:
        """Whether the difference is outside two standard errors."""
        return self.difference is not None and abs(self.difference) > 2 * self.difference_stderr


def _with_error(value: float, stderr: float, digits: int = 3) -> str:
    return (
        f"{value:.{digits}f}" if isnan(stderr) else f"{value:.{digits}f} ± {2 * stderr:.{digits}f}"
    )


def header(scores: Sequence[Score]) -> tuple[str, ...]:
    """Return the names of the columns."""
    units = {score.unit for score in scores}
    unit = units.pop() if len(units) == 1 else "token"
    return ("model", "parameters", f"nats per {unit}", "bits per byte", "perplexity")


def score_cells(score: Score) -> tuple[str, ...]:
    """Return the texts of a row; ± is two standard errors."""
    numbers = "" if score.parameters is None else f"{score.parameters:,}"
    ratio = score.bits_per_byte / score.loss if score.loss else 0.0
    return (
        score.name,
        numbers,
        _with_error(score.loss, score.stderr),
        _with_error(score.bits_per_byte, score.stderr * ratio),
        f"{score.perplexity:,.1f}",
    )


def scoreboard_caption(scores: Sequence[Score]) -> str:
    """Compare the row added last with its baseline, on the same texts."""
    if not scores:
        return "No model has been measured yet."
    last = scores[-1]
    tail = " ± is two standard errors, over the held-out texts."
    if not isfinite(last.loss):
        return f"“{last.name}” gave probability 0 to something that came, so its loss is infinite."
    if last.difference is None:
        return f"The loss of “{last.name}” is {last.loss:.2f} nats per {last.unit}." + tail
    ours, theirs = f"“{last.name}”", f"“{last.baseline}”"
    if not last.is_different:
        return f"Between {ours} and {theirs}, no difference is seen on these texts." + tail
    baseline = next((score for score in scores if score.name == last.baseline), last)
    if baseline.num_tokens == last.num_tokens:
        scale, unit = last.num_bytes / last.num_tokens, f"nats per {last.unit}"
    else:  # another tokenizer
        scale, unit = 1 / log(2), "bits per byte"
    size = _with_error(abs(last.difference) * scale, last.difference_stderr * scale)
    verb = "below" if last.difference < 0 else "above"
    return f"The loss of {ours} is {size} {unit} {verb} that of {theirs}." + tail


def scoreboard_lines(scores: Sequence[Score]) -> list[str]:
    """Return the table as lines of text, and below it the caption."""
    table = text_table([header(scores), *map(score_cells, scores)], align="lr")
    return [*table, scoreboard_caption(scores)]


def scoreboard_html(scores: Sequence[Score]) -> str:
    """Return the table as a card, with a bar for each loss and the lowest one marked."""
    names = header(scores)
    columns = (*names, BARS)
    head = tag("tr", *(tag("th", name, scope="col") for name in columns))
    finite = [score.bits_per_byte for score in scores if isfinite(score.loss)]
    longest = max(finite, default=1.0)
    best = min(scores, key=lambda score: score.bits_per_byte, default=None)
    rows = [_row(score, longest, score is best, names) for score in scores]
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    title, caption = tag("h3", QUESTION, css_class="q"), scoreboard_caption(scores)
    body = tag("div", title, table, tag("p", caption, css_class="say"), css_class="scores")
    return f'<style>{style_sheet("base", "scores")}</style><div class="mg">{body}</div>'


def _row(score: Score, longest: float, is_best: bool, names: Sequence[str]) -> Markup:
    cells = [
        tag("td", text, css_class="text" if column == 0 else "", data_name=names[column])
        for column, text in enumerate(score_cells(score))
    ]
    width = percent(min(1.0, score.bits_per_byte / longest))
    bar = tag("span", "lowest" if is_best else "", css_class="bar", style=f"width:{width}")
    role = "best" if is_best else ""
    return tag("tr", *cells, tag("td", bar, css_class="bars"), css_class=role)
