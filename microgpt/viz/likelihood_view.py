"""Render the likelihood of a text: tiles, its odds on a line, and a row for each token."""

from microgpt.plain_text import BOS_LABEL
from microgpt.viz.formatting import format_odds, visible
from microgpt.viz.html import Markup, Rendered, percent, tag
from microgpt.viz.log_prob_line import (
    Mark,
    label_anchor,
    lay_out_marks,
    line_exponent,
    line_position,
    line_ticks,
)
from microgpt.viz.origin_marks import origin_mark
from microgpt.viz.token_likelihood import (
    MAX_ROWS,
    SHOWN_LAST,
    Reference,
    ScoreRow,
    TextScores,
    likelihood_sentence,
    question,
    score_rows,
    total_rows,
)

LABEL_LENGTH = 12  # characters of the text that its mark on the line shows
# The note "least probable" stands beside a bar that leaves it room in a wide or in a narrow view.
MAX_SHARE_BESIDE_NOTE, MAX_SHARE_BESIDE_NARROW_NOTE = 0.6, 0.2


def render_likelihood(scores: TextScores, before: TextScores | None = None) -> Rendered:
    """Return the view of a text's scores; what `before` had moves from there."""
    parts = [tag("h3", question(scores), css_class="q question"), _figure_row(scores)]
    if scores.tokens:
        parts += [_line(scores, before), _rows(scores, before)]
    return Rendered(Markup("".join(parts)), likelihood_sentence(scores))


def odds_caption(scores: TextScores) -> str:
    """Say of what the odds are a share."""
    ends = bool(scores.tokens) and scores.tokens[-1].label == BOS_LABEL
    return "of the texts it writes" if ends else "of the texts of this length"


def text_tiles(scores: TextScores) -> list[tuple[str, str]]:
    """Return each tile's text and its classes; of a long text "…" and the last seven."""
    if scores.tokens:
        tiles = [
            (visible(score.label), "word" if visible(score.label) == "end" else "")
            for score in scores.tokens
        ]
        if len(tiles) > 1 and all(score.prob for score in scores.tokens):
            label, classes = tiles[scores.rarest_index]
            tiles[scores.rarest_index] = label, f"{classes} least".strip()
    else:
        tiles = [
            (visible(char), "next" if char in scores.unknown_chars else "")
            for char in scores.text[-MAX_ROWS - 1 :]
        ]
    return [("…", "fold"), *tiles[-SHOWN_LAST:]] if len(tiles) > MAX_ROWS else tiles


def _figure_row(scores: TextScores) -> Markup:
    tiles = [
        tag("span", label, css_class=f"tile {classes}") for label, classes in text_tiles(scores)
    ]
    figure = [tag("span", "no probability" if scores.text else "", css_class="fig")]
    if scores.tokens:
        figure = [
            tag("span", format_odds(scores.nll), css_class="fig"),
            tag("span", odds_caption(scores), css_class="lab"),
        ]
    return tag(
        "div",
        tag("span", *(tiles or [tag("span", " ", css_class="tile empty")]), css_class="tiles",
            dir="auto"),
        *([_origin(scores.memorization)] if scores.memorization else []),
        tag("span", *figure, css_class="odds"),
        css_class="figures",
    )  # fmt: skip


def _origin(label: str) -> Markup:
    """Return a memorization label behind its mark."""
    return tag("span", origin_mark(label, is_heard=False), " ", label, css_class="lab from")


def marks_of(scores: TextScores) -> tuple[list[Mark], int]:
    """Return the marks of the text and its references on their line, and the line's exponent."""
    references = [Reference(f"random {scores.unit}s", scores.random_nll), *scores.references]
    exponent = line_exponent([scores.nll, scores.random_nll])
    text = Reference(visible(scores.text, LABEL_LENGTH), scores.nll)
    return lay_out_marks(text, references, exponent), exponent


def _line(scores: TextScores, before: TextScores | None) -> Markup:
    """Return the line; on it the text is a dot, the references are strokes."""
    marks, exponent = marks_of(scores)
    parts = [tag("i", css_class="rule")]
    for index, (position, label) in enumerate(line_ticks(exponent)):
        parts += [
            tag("u", style=f"left:{percent(position)}"),
            _label(label, position, label_anchor(label, position), f"tick tick{index}"),
        ]
    for mark in marks:
        tiers = f"--tier:{mark.tier};--narrow-tier:{mark.narrow_tier or 0}"
        classes = "" if mark.narrow_tier is not None else " wide"
        if mark.is_text:
            old = None
            if before is not None and before.tokens:
                old = line_position(before.nll, marks_of(before)[1])
            glide = "" if old is None else f";--l0:{percent(old)}"
            parts += [
                _label(mark.label, mark.position, mark.anchor, "mine", tiers),
                tag(
                    "b",
                    css_class="dot gx" if glide else "dot",
                    style=f"left:{percent(mark.position)}{glide}",
                ),
            ]
        else:
            parts += [
                tag(
                    "u", css_class=f"stem{classes}", style=f"left:{percent(mark.position)};{tiers}"
                ),
                _label(mark.label, mark.position, mark.anchor, f"other{classes}", tiers),
            ]
    compared = [Reference("random", scores.random_nll), *scores.references]
    spoken = ", ".join(f"{reference.label} {format_odds(reference.nll)}" for reference in compared)
    label = f"on a line of probabilities: this text {format_odds(scores.nll)}, {spoken}"
    return tag("div", *parts, css_class="line", role="img", aria_label=label)


def _label(text: str, position: float, anchor: float, classes: str, more: str = "") -> Markup:
    """Return a label whose part `anchor`, from its left, stands at a position on the line."""
    shift = f"left:{percent(position)};transform:translateX({-100 * anchor:.3f}%)"
    return tag("span", text, css_class=classes, style=f"{shift};{more}".rstrip(";"))


def _rows(scores: TextScores, before: TextScores | None) -> Markup:
    rows, end = score_rows(scores)
    old_rows = score_rows(before)[0] if before is not None and before.tokens else []
    unit = scores.unit
    header = tag(
        "div",
        tag("span", unit, css_class="heard", role="columnheader"),
        tag(
            "span",
            f"probability, given the {unit}s before it",
            tag("span", f"{100 * end:g} %", css_class="end", aria_hidden="true"),
            css_class="head wide-head",
            role="columnheader",
        ),
        tag("span", "rank", css_class="head rank", role="columnheader"),
        tag(
            "span",
            "negative ",
            tag("span", "log-likelihood", css_class="whole"),
            css_class="head",
            role="columnheader",
        ),
        css_class="tr",
        role="row",
    )
    body = [
        _row(row, old_rows[i] if i < len(old_rows) else None, before is not None)
        for i, row in enumerate(rows)
    ]
    totals = [
        tag(
            "div",
            tag("span", row.label, css_class="what" if row.odds else "what long", role="cell"),
            *([tag("span", row.odds, css_class="sum", role="cell")] if row.odds else []),
            tag("span", row.number, css_class="sum", role="cell"),
            css_class="tr",
            role="row",
        )
        for row in total_rows(scores)
    ]
    rule = tag("i", css_class="rule", aria_hidden="true")
    label = f"probability of each {unit}"
    return tag(
        "div", header, *body, rule, *totals, css_class="rows", role="table", aria_label=label
    )


def _row(row: ScoreRow, old: ScoreRow | None, moves: bool) -> Markup:
    """Return one row; its bar grows from the one that stood there before, else from nothing."""
    if row.share is None:
        return tag(
            "div",
            tag("span", row.label, css_class="what", role="cell"),
            tag("span", row.prob, css_class="sum quiet", role="cell"),
            tag("span", row.nll, css_class="num", role="cell"),
            css_class="tr",
            role="row",
        )
    has_note = row.is_rarest and row.share < MAX_SHARE_BESIDE_NOTE
    fits = "" if row.share < MAX_SHARE_BESIDE_NARROW_NOTE else " wide"
    old_share = (old.share or 0.0) if old is not None else 0.0
    motion = f"--l0:0%;--w0:{percent(old_share)};" if moves else ""
    note = [tag("span", "least probable", css_class=f"note{fits}")] if has_note else []
    rarest = " least" if row.is_rarest else ""
    return tag(
        "div",
        tag(
            "span",
            tag("span", row.label, css_class="tile word" if row.label == "end" else "tile"),
            css_class="letter",
            role="cell",
        ),
        tag(
            "span",
            tag(
                "i",
                css_class="bar gl" if moves else "bar",
                style=f"{motion}width:{percent(row.share)}",
            ),
            *note,
            css_class=f"track{rarest}",
            aria_hidden="true",
        ),
        tag("span", row.prob, css_class=f"num{rarest}", role="cell"),
        tag("span", row.rank, css_class="num quiet", role="cell"),
        tag("span", row.nll, css_class=f"num{rarest}", role="cell"),
        css_class="tr",
        role="row",
    )
