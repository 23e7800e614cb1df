"""The likelihood of a text as a picture: a bar for each token, and the odds of the whole."""

from dataclasses import dataclass
from math import inf, log
from typing import Any

from microgpt.viz.drawing import Drawing, Rect, Text
from microgpt.viz.formatting import (
    FILTER_NAMES,
    format_odds,
    format_prob,
    quoted,
    quoted_text,
    visible,
)
from microgpt.viz.table import html_table

WIDTH, HEIGHT, TOP, MAX_ROWS = 720, 280, 22, 17
MIN_ROW_HEIGHT, MAX_ROW_HEIGHT = 15, 26  # pixels; the fewer tokens, the taller the rows
LEFT, MAX_BAR_WIDTH = 70, 280


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
class TextScores:
    """The scores of a text under sampling parameters, or the reason why it has none.

    `nll` is the sum over the tokens, in nats. `unknown_chars` are characters missing from the
    vocabulary, `error` is any other reason. `memorization` is the label "trained on", "new", …, or
    "" if it is unknown; `unit` is what a token is called.
    """

    text: str
    params: Any
    tokens: tuple[TokenScore, ...] = ()
    nll: float = 0.0
    memorization: str = ""
    unknown_chars: tuple[str, ...] = ()
    error: str = ""
    unit: str = "letter"


def draw_token_likelihood(scores: TextScores, message: str = "") -> tuple[Drawing, str]:
    """Draw a bar for each token's probability; `message` replaces the caption."""
    caption = message or likelihood_sentence(scores)
    drawing = Drawing(WIDTH, HEIGHT, caption)
    drawing.begin_group("fluid")
    if not scores.tokens:
        drawing.add(Text(LEFT, TOP + 40, "(no bars: the sentence says why)"))
        return drawing, caption
    drawing.add(Text(0, 14, f"each {scores.unit}, after those before it", bold=True))
    drawing.add(Text(LEFT + MAX_BAR_WIDTH + 10, 14, "chance · its rank · surprise"))
    height = (HEIGHT - TOP) // len(scores.tokens)
    height = max(MIN_ROW_HEIGHT, min(MAX_ROW_HEIGHT, height))
    for i, score in enumerate(scores.tokens[:MAX_ROWS]):
        _draw_row(drawing, score, TOP + height * i, height)
    return drawing, caption


def likelihood_sentence(scores: TextScores) -> str:
    """Return a sentence that says how likely the text is, or why it has no likelihood."""
    text = quoted_text(scores.text)
    if not scores.text:
        return "Type a name, and its chance stands here."
    if scores.unknown_chars:
        chars = ", ".join(quoted(char) for char in scores.unknown_chars[:8])
        return f"This model never met {chars}, so it can say nothing of {text}."
    if scores.error:
        return scores.error[:1].upper() + scores.error[1:]
    for score in scores.tokens:
        if score.prob == 0:
            return f"{text} cannot be produced: {_why_filtered(score, scores.params, scores.unit)}."
    memorization = f" ({scores.memorization})" if scores.memorization else ""
    index = min(range(len(scores.tokens)), key=lambda i: scores.tokens[i].prob)
    rarest = scores.tokens[index]
    return (
        f"{text}{memorization}: {format_odds(scores.nll)}. Its surprises add up to "
        f"{scores.nll:.2f} nats; the greatest is {quoted(rarest.label)} in place "
        f"{index + 1}, which had {format_prob(rarest.prob)}."
    )


def _why_filtered(score: TokenScore, params: Any, unit: str) -> str:
    position = f"after {quoted(score.preceding)}" if score.preceding else f"as the first {unit}"
    rank = f"{quoted(score.label)} {position} has rank {score.rank + 1}"
    if score.binding_filter is None:
        return f"{rank}, and at T = 0 only the first is taken"
    value = getattr(params, score.binding_filter)
    return f"{rank}, {FILTER_NAMES[score.binding_filter]} {value:g} keeps {score.num_kept}"


def likelihood_table(scores: TextScores) -> str:
    """Return ranks, probabilities and negative log-likelihoods, with six decimals, as HTML."""
    rows = [
        (visible(score.label), score.rank + 1, f"{score.prob:.6f}",
         f"{score.nll:.6f}" if score.prob else "")
        for score in scores.tokens
    ]  # fmt: skip
    return html_table((scores.unit, "rank", "chance", "surprise in nats"), rows)


def _draw_row(drawing: Drawing, score: TokenScore, y: float, height: int) -> None:
    baseline = y + height / 2 + 5
    drawing.add(
        Text(LEFT - 8, baseline, visible(score.label), "end", bold=True),
        Rect(LEFT, y + 2, MAX_BAR_WIDTH, height - 3, "background", css_class="bar-track"),
        Rect(LEFT, y + 2, MAX_BAR_WIDTH * score.prob, height - 3, "blue", css_class="prob"),
    )
    nll = f"{score.nll:.2f} nats" if score.prob else "cannot come"
    label = f"{format_prob(score.prob)} · rank {score.rank + 1} of {score.vocab_size} · {nll}"
    drawing.add(Text(LEFT + MAX_BAR_WIDTH + 10, baseline, label, css_class="prob-label"))
