"""The text so far as tiles, and how likely it is beside a text of random tokens."""

from math import isinf

from microgpt.viz.formatting import format_odds, in_quotes, quoted_text, visible, width_in_em
from microgpt.viz.html import Markup, join, tag
from microgpt.viz.origin_marks import MARKS, origin_mark
from microgpt.viz.sampler.view import SamplingView

MAX_TILES = 7
MAX_TILES_WIDTH = 268  # pixels; seven letters, or fewer words
TILE_WIDTH, TILE_GAP, TILE_PADDING = 32, 4, 12
MAX_TEXT_LENGTH = 600  # characters of a text of word pieces that is written out
MAX_QUESTION_LENGTH = 12  # characters of the text in the title line

HELD_OUT = "in the list, held out"  # shorter than its memorization label, and the field's term


def question(view: SamplingView) -> str:
    """Return the title line: which token comes first, or after which text."""
    if view.is_finished:
        text = _text_end(view)
        return (
            f"{in_quotes(text)} ends here"
            if text
            else f"The {text_noun(view)} ends before it begins"
        )
    if view.is_fixed_row:
        return f"Which {view.unit} comes next?"
    text = _text_end(view)
    return f"Which {view.unit} comes " + (f"after {in_quotes(text)}?" if text else "first?")


def text_noun(view: SamplingView) -> str:
    """Return what a text of the model is called: a name, if it is made of letters and ends."""
    return "name" if view.unit == "letter" and view.has_bos else "text"


def memorization_mark(label: str) -> str:
    """Return a memorization label as text: the sign that stands for it elsewhere, and words."""
    return f"{MARKS[label][0]} {mark_words(label)}" if label in MARKS else label


def mark_words(label: str) -> str:
    """Return a memorization label in the words of this view."""
    return HELD_OUT if label == "in the list, not trained on" else label


def _text_end(view: SamplingView) -> str:
    """Return the end of the text as the title line shows it, with "…" for what it leaves out."""
    pieces, length = list[str](), 0
    for piece in reversed(view.text):
        shown = visible(piece)
        if pieces and length + len(shown) > MAX_QUESTION_LENGTH:
            return "…" + "".join(pieces)
        pieces.insert(0, shown)
        length += len(shown)
    return (" " if view.is_fixed_row else "").join(pieces)


def tile_width(label: str) -> float:
    """Return the width of a tile in pixels, in the widest font."""
    size = 16 if len(label) == 1 else 13
    return max(TILE_WIDTH, size * width_in_em(label) + TILE_PADDING)


def text_tiles(view: SamplingView) -> tuple[list[str], bool]:
    """Return the labels of the last tiles, the pick last, and whether earlier ones are left out."""
    labels = [visible(view.labels[view.picked_token])]
    pieces = [visible(piece) for piece in view.context[-MAX_TILES:]]
    width = tile_width(labels[0])
    for label in reversed(pieces):
        width += tile_width(label) + TILE_GAP
        if width > MAX_TILES_WIDTH:
            break
        labels.insert(0, label)
    return labels, len(labels) - 1 < len(view.context)


def text_odds(view: SamplingView) -> str:
    """Return how likely the text so far is, beside a text of random tokens; "" if unknown."""
    if not view.num_new_tokens and not view.context:
        return "nothing written yet"
    if view.nll is None or view.uniform_nll is None:
        return ""
    odds = format_odds(view.nll)
    if isinf(view.nll):
        odds += " with these dials"
    elif not view.is_finished:
        odds = f"so far {odds}"
    return f"{odds} (random {view.unit}s: {format_odds(view.uniform_nll)})"


def text_html(view: SamplingView, before: SamplingView | None) -> Markup:
    """Return the tiles and what is known of the text; with `before`, new tiles join it."""
    labels, is_shortened = text_tiles(view)
    num_new = 0 if before is None else max(0, view.num_new_tokens - before.num_new_tokens)
    num_tokens = len(labels) - (not view.is_finished)
    tiles = [
        _tile_html(
            label, is_next=index >= num_tokens, joins=num_tokens - num_new <= index < num_tokens
        )
        for index, label in enumerate(labels)
    ]
    ellipsis = tag("span", "…", css_class="earlier") if is_shortened else Markup("")
    pick = "" if view.is_finished else f"; picked to come next: {labels[-1]}"
    written = quoted_text("".join(view.text)) if view.text else "empty"
    label, odds = view.memorization or "", text_odds(view)
    mark = (
        join(origin_mark(label, is_heard=False), " ", tag("b", mark_words(label))) if label else ""
    )
    notes = join(mark, " · " if mark and odds else "", odds)
    # Names are read from their tiles; of word pieces, tiles show the last few.
    is_written_out = is_shortened and view.unit == "token"
    text = visible("".join(view.text), MAX_TEXT_LENGTH) if is_written_out else ""
    return tag(
        "div",
        tag(
            "div", ellipsis, *tiles, css_class="tiles", role="img",
            aria_label=f"The text so far: {written}{pick}",
        ),
        tag("div", notes, css_class="lab notes"),
        *([tag("p", text, css_class="lab transcript", dir="auto")] if text else []),
        css_class="written",
    )  # fmt: skip


def _tile_html(label: str, is_next: bool, joins: bool) -> Markup:
    css_class = "tile" + " next" * is_next + " word" * (len(label) > 1) + " gj" * joins
    return tag("span", label, css_class=css_class, title="picked" if is_next else None)
