"""The likelihood of a text: scores of its tokens, what stands in the rows, the sentence, the table.

`likelihood_view` and `likelihood_still` draw it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any, NamedTuple

from microgpt.viz.axis import percent_axis
from microgpt.viz.formatting import (
    FILTER_NAMES,
    format_large,
    format_odds,
    format_param,
    format_perplexity,
    format_prob,
    power_of_ten,
    quoted,
    quoted_text,
    visible,
)
from microgpt.viz.table import html_table

MAX_ROWS = 16  # a longer text shows its last SHOWN_LAST tokens, and one row for those before them
SHOWN_LAST = 7


@dataclass(frozen=True)
class TokenScore:
    """The probability and rank of one token of a text, given the tokens before it.

    `prob` is 0 for a token that the filters removed; `rank` counts from 0. The filters kept
    `num_kept` of `vocab_size` tokens, and `binding_filter` names the one that removed most.
    `preceding` is the text of the previous token, "" for the first.
    """

    label: str
    prob: float
    rank: int
    vocab_size: int
    num_kept: int
    binding_filter: str | None
    preceding: str

    @property
    def nll(self) -> float:
        """The negative log-likelihood in nats; infinite for a token of probability 0."""
        return -log(self.prob) if self.prob else inf


@dataclass(frozen=True)
class Reference:
    """Another text, or a way to draw one of the same length, and its `nll` in nats."""

    label: str
    nll: float


@dataclass(frozen=True)
class TextScores:
    """The scores of a text under sampling parameters, or the reason why it has none.

    `nll` is the sum over the tokens, in nats. `unknown_chars` are characters missing from the
    vocabulary, `error` is any other reason. `memorization` is the label "trained on", "new", …, or
    "" if it is unknown; `unit` is what a token is called, `text_noun` what a text is. `references`
    are likelihoods to compare with.
    """

    text: str
    params: Any
    tokens: tuple[TokenScore, ...] = ()
    nll: float = 0.0
    memorization: str = ""
    unknown_chars: tuple[str, ...] = ()
    error: str = ""
    unit: str = "letter"
    text_noun: str = "name"
    references: tuple[Reference, ...] = ()

    @property
    def random_nll(self) -> float:
        """The nats of a text of as many tokens, all equally probable: n times log V."""
        return len(self.tokens) * log(self.tokens[0].vocab_size) if self.tokens else 0.0

    @property
    def rarest_index(self) -> int:
        """The index of the token with the lowest probability, the first of equals."""
        return min(range(len(self.tokens)), key=lambda i: self.tokens[i].prob)


class ScoreRow(NamedTuple):
    """One row: a token, its `share` of the axis, and three numbers; or, without a share, a fold."""

    label: str
    share: float | None
    prob: str
    rank: str
    nll: str
    is_rarest: bool = False


class TotalRow(NamedTuple):
    """One row below the tokens; `odds` may be empty."""

    label: str
    odds: str
    number: str


def score_rows(scores: TextScores) -> tuple[list[ScoreRow], float]:
    """Return a row for each token, and the probability at which the axis of their bars ends.

    Of a text of more than `MAX_ROWS` tokens, all but the last seven share one row.
    """
    tokens = scores.tokens
    num_folded = len(tokens) - SHOWN_LAST if len(tokens) > MAX_ROWS else 0
    end, _ = percent_axis(max((token.prob for token in tokens[num_folded:]), default=1.0))
    rows = []
    if num_folded:
        nll = sum(token.nll for token in tokens[:num_folded])
        label = f"the first {num_folded:,} {scores.unit}s together"
        rows.append(ScoreRow(label, None, format_odds(nll), "", format_nll(nll)))
    for index, token in enumerate(tokens[num_folded:], num_folded):
        rows.append(
            ScoreRow(
                visible(token.label),
                token.prob / end,
                format_prob(token.prob) if token.prob else "cut",
                f"{token.rank + 1:,} of {token.vocab_size:,}",
                format_nll(token.nll),
                len(tokens) > 1 and index == scores.rarest_index,
            )
        )
    return rows, end


def total_rows(scores: TextScores) -> list[TotalRow]:
    """Return the rows below: the sum, its mean (the loss), and e to that (the perplexity)."""
    count, vocab_size = len(scores.tokens), scores.tokens[0].vocab_size
    total = TotalRow(f"all {count:,} together", format_odds(scores.nll), nats(scores.nll))
    if scores.nll == inf:
        return [total]
    mean = scores.nll / count
    choices = f"like choosing among {format_perplexity(mean)} {scores.unit}s, not {vocab_size:,}"
    if exp(min(mean, 700)) > vocab_size:
        choices = f"worse than knowing nothing, which is {vocab_size:,}"
    return [
        total,
        TotalRow("their average: the cross-entropy loss on this text", "", nats(mean)),
        TotalRow(f"e to this loss: the perplexity, {choices}", "", format_perplexity(mean)),
    ]


def format_nll(nll: float) -> str:
    """Format nats with two decimals."""
    return "∞" if nll == inf else f"{nll:,.2f}"


def nats(nll: float) -> str:
    """Format nats with their unit."""
    return f"{format_nll(nll)} nats"


def question(scores: TextScores) -> str:
    """Return the question that the view answers."""
    return f"How likely is {quoted_text(scores.text) if scores.text else f'a {scores.text_noun}'}?"


def likelihood_sentence(scores: TextScores) -> str:
    """Return a sentence or two that say how likely the text is, or why it has no likelihood."""
    text = quoted_text(scores.text)
    if not scores.text:
        return f"Type a {scores.text_noun} and press Enter: its probability appears here."
    if scores.unknown_chars:
        chars = ", ".join(quoted(char) for char in scores.unknown_chars[:8])
        return f"This model never met {chars}, so {text} has no probability here."
    if scores.error:
        return scores.error[:1].upper() + scores.error[1:] + "."
    for score in scores.tokens:
        if score.prob == 0:
            return f"{text} cannot be produced: {_why_filtered(score, scores.params, scores.unit)}."
    memorization = f" ({scores.memorization})" if scores.memorization else ""
    rarest = f" {_rarest_sentence(scores)}" if len(scores.tokens) > 1 else ""
    return f"{text}{memorization}: {format_odds(scores.nll)}, {comparison(scores)}.{rarest}"


def _rarest_sentence(scores: TextScores) -> str:
    """Name the token with the lowest probability; the end of a text is no letter."""
    rarest = scores.tokens[scores.rarest_index]
    number = scores.rarest_index + 1
    what = f"Its least probable {scores.unit} is {quoted(rarest.label)} in place {number}"
    if visible(rarest.label) == "end":
        what = f"Least probable is that it ends after {quoted(rarest.preceding)}"
    prob = format_prob(rarest.prob)
    of_prob = prob.replace("<", "below") if prob.startswith("<") else f"of {prob}"
    return f"{what}, with a probability {of_prob}."


def comparison(scores: TextScores) -> str:
    """Say how the text's probability compares with that of as many random tokens."""
    gain = scores.random_nll - scores.nll
    others = f"as random {scores.unit}s of the same length"
    if abs(gain) < log(1.5):
        return f"about as probable {others}"
    times = f"{format_times(abs(gain))} times"
    return (
        f"about {times} as probable {others}"
        if gain > 0
        else f"about {times} less probable than" + (others.removeprefix("as"))
    )


def format_times(nats_apart: float) -> str:
    """Format e to a difference in nats, as in "300 times" or "1.7 times"."""
    if nats_apart / log(10) >= 15:
        return power_of_ten(nats_apart / log(10))
    ratio = exp(nats_apart)
    return f"{ratio:.1f}" if ratio < 9.95 else format_large(ratio)


def _why_filtered(score: TokenScore, params: Any, unit: str) -> str:
    position = f"after {quoted(score.preceding)}" if score.preceding else f"as the first {unit}"
    rank = f"{quoted(score.label)} {position} has rank {score.rank + 1}"
    if score.binding_filter is None:
        return f"{rank}, and at T = 0 only the first is taken"
    value = getattr(params, score.binding_filter)
    return (
        f"{rank}, {FILTER_NAMES[score.binding_filter]} {format_param(value)} keeps {score.num_kept}"
    )


def likelihood_table(scores: TextScores) -> str:
    """Return ranks, probabilities and negative log-likelihoods, with six decimals, as HTML."""
    rows: Sequence[Sequence[Any]] = [
        (visible(score.label), score.rank + 1, f"{score.prob:.6f}",
         f"{score.nll:.6f}" if score.prob else "")
        for score in scores.tokens
    ]  # fmt: skip
    header = (scores.unit, "rank", "probability", "negative log-likelihood in nats")
    return html_table(header, rows, "each after those before it")
