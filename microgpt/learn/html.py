"""HTML cards for notebooks: results of checks, hints, solutions, reports.

A card is readable without its style sheet, which some front ends remove: the order of the elements
is that of reading, and no word stands in the sheet.
"""

import re
from typing import NamedTuple

from microgpt.viz.html import Markup, join, tag
from microgpt.viz.looks import style_sheet

NUMBER = re.compile(r"([+-]?\d[\d_]*\.?\d*(?:e[+-]?\d+)?|\bnan\b|[+-]?\binf\b)")


class Row(NamedTuple):
    """A labelled value; numbers in it that `other` has not there are marked.

    `tone`, "wrong" or "wanted", says how. `note` stands behind the value.
    """

    label: str
    text: str
    tone: str = ""
    other: str = ""
    note: str = ""


class Card(NamedTuple):
    """What stands on a card, from top to bottom; empty parts are left out.

    `tone` is "correct", "not yet", "not attempted" or "plain"; `symbol` repeats it in a circle.
    `name` is the exercise's. `sentence` may follow a label, `rows` are values in monospace, `cause`
    is a label and a text, `code` is a block of code, `points` a list of symbols and texts. In
    `sentence`, `cause`, `points` and `footer`, `commands` in backquotes are code.
    """

    tone: str
    symbol: str
    title: str
    name: str = ""
    label: str = ""
    sentence: str = ""
    rows: tuple[Row, ...] = ()
    cause: tuple[str, str] = ("", "")
    code: str = ""
    points: tuple[tuple[str, str], ...] = ()
    footer: str = ""


def with_style(card: Markup, *sheets: str) -> str:
    """Return a card with the rules that it needs, those of "base" first."""
    return f"<style>{style_sheet('base', *sheets)}</style>{card}"


def card_html(card: Card) -> str:
    """Return a card as HTML; every text is escaped."""
    tone = card.tone.replace(" ", "-")
    name = [" ", tag("code", card.name)] if card.name else []
    icon = tag("span", tag("span", card.symbol), css_class="icon", aria_hidden="true")
    parts = [tag("h3", icon, " ", tag("span", card.title), *name, css_class="title")]
    if card.sentence:
        label = [tag("span", f"{card.label}: ", css_class="lab")] if card.label else []
        parts.append(tag("p", *label, with_code(card.sentence), css_class="say"))
    if card.rows:
        parts.append(_rows_html(card.rows))
    cause_label, cause = card.cause
    if cause:
        parts.append(tag("p", tag("b", f"{cause_label}: "), with_code(cause), css_class="cause"))
    if card.code:
        parts.append(tag("pre", card.code, css_class="code"))
    if card.points:
        items = (
            tag(
                "li",
                tag("span", f"{symbol} ", css_class="point", aria_hidden="true"),
                tag("span", with_code(text)),
            )
            for symbol, text in card.points
        )
        parts.append(tag("ul", *items, css_class="points"))
    if card.footer:
        parts.append(tag("p", with_code(card.footer), css_class="lab footer"))
    body = tag("div", *parts, css_class=f"card exercise is-{tone}", role="group")
    return with_style(tag("div", body, css_class="host"), "exercise")


def _rows_html(rows: tuple[Row, ...]) -> Markup:
    items = []
    for row in rows:
        pieces = (
            tag("b", piece) if differs else piece
            for piece, differs in mark_differences(row.text, row.other)
        )
        note = [" ", tag("span", row.note, css_class="note")] if row.note else []
        value = tag("dd", *pieces, *note, css_class=row.tone)
        items.append(tag("div", tag("dt", row.label), " ", value, css_class="value"))
    return tag("dl", *items, css_class="values")


def mark_differences(text: str, other: str) -> list[tuple[str, bool]]:
    """Split a text into pieces, and say of each whether it is a number that `other` has not there.

    If anything but numbers differs, such as their count, no number is marked.
    """
    pieces, others = NUMBER.split(text), NUMBER.split(other)
    same_form = [piece.split() for piece in pieces[::2]] == [piece.split() for piece in others[::2]]
    if not same_form:
        return [(text, False)]
    return [(piece, i % 2 == 1 and piece != others[i]) for i, piece in enumerate(pieces) if piece]


def with_code(text: str) -> Markup:
    """Return a text in which what stands in backquotes is code."""
    parts = re.split(r"`([^`]+)`", text)
    return join(*(tag("code", part) if i % 2 else part for i, part in enumerate(parts)))
