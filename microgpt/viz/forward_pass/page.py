"""The HTML of a forward pass: six boxes, in which one token is lit at a time.

What a box shows of the position i, and of no other, has the class "mg-at{i}"; what belongs to the
token there has "mg-t{i}". The style sheet lights the token that is pointed at, else the one that
has the keyboard's focus, else the last.
"""

from microgpt.viz.formatting import label_length, visible
from microgpt.viz.forward_pass.activation_data import ForwardPass
from microgpt.viz.forward_pass.layer_boxes import attention_box, mlp_box
from microgpt.viz.forward_pass.marks import (
    NUM_LOGIT_LABELS,
    VALUE_COLUMNS,
    ProbRow,
    axis_letters,
    column_edges,
    embedding_squares,
    label_width,
    logit_bars,
    prob_rows,
)
from microgpt.viz.forward_pass.svg import bars_svg, squares_svg
from microgpt.viz.forward_pass.texts import (
    BoxText,
    attention_sentence,
    box_texts,
    forward_caption,
    hints,
    position_label,
    prefix_label,
    question,
)
from microgpt.viz.forward_pass.token_columns import at_each, spans_at_each, tile, token_columns
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table

MAX_ROWS = 60  # of the table


def render_forward_pass(forward: ForwardPass, before: ForwardPass | None = None) -> Rendered:
    """Return six boxes from text to next token as HTML, and the caption.

    The bars of the probabilities move from where they were in `before`.
    """
    texts = box_texts(forward)
    graphics = (
        _tokens(forward),
        _embedding(forward),
        attention_box(forward),
        mlp_box(forward),
        at_each(forward, lambda i: _logits(forward, i, texts[4].output[i])),
        at_each(forward, lambda i: _probs(forward, i, before)),
    )
    boxes = [
        _box(forward, index, text, graphic)
        for index, (text, graphic) in enumerate(zip(texts, graphics, strict=True))
    ]
    html = join(
        tag("h3", question(forward), css_class="q"),
        _intro(forward),
        tag("div", *boxes, css_class=f"boxes last{forward.num_shown - 1}"),
    )  # fmt: skip
    return Rendered(html, forward_caption(forward))


def _intro(forward: ForwardPass) -> Markup:
    """Return what can be done with the view, and what its marks mean."""
    point, tap = hints(forward)
    return tag(
        "div",
        tag(
            "p", tag("span", point, css_class="point"), tag("span", tap, css_class="tap"),
            css_class="lab hint",
        ),
        tag(
            "p",
            tag("span", tag("i"), "above 0"),
            tag("span", tag("i", css_class="below"), "below 0"),
            tag("span", tag("i", css_class="zero"), "0"),
            tag("span", "the larger, the further from 0"),
            css_class="key",
        ),
        css_class="intro",
    )  # fmt: skip


def logits_table(forward: ForwardPass) -> str:
    """Return the most probable tokens after the last one, with logit and probability, as HTML."""
    rows = [
        (
            visible(forward.labels[token]),
            f"{forward.logits[-1, token]:.6f}",
            f"{forward.probs[-1, token]:.6f}",
        )
        for token in forward.ranked_ids[-1, :MAX_ROWS].tolist()
    ]
    caption = f"after the last {forward.unit}"
    return html_table((forward.unit, "logit", "probability"), rows, caption)


def _box(forward: ForwardPass, index: int, text: BoxText, graphic: Markup) -> Markup:
    """Return a box, and arrows from it to the next; the last four name the token that is lit.

    A letter may be there twice: so boxes 3 and 4 say which one it is, and 5 and 6 what it ends.
    """
    lit, positions = "", range(forward.num_shown)
    if index > 3:
        prefixes = spans_at_each([prefix_label(forward, i) for i in positions])
        lit = tag("span", "after", tag("span", prefixes, css_class="prefix"), css_class="lit")
    elif index > 1:
        tiles = spans_at_each([tile(label) for label in forward.shown_labels()])
        labels = spans_at_each([position_label(forward, i) for i in positions])
        lit = tag("span", tiles, tag("span", labels, css_class="place"), css_class="lit")
    output = text.output[0] if len(text.output) == 1 else spans_at_each(list(text.output))
    return tag(
        "section",
        tag("h4", tag("span", str(index + 1), css_class="step"), text.title, lit),
        tag("p", text.sentence, css_class="lab what"),
        tag("div", graphic, *_rises(index), css_class="graphic"),
        tag(
            "p", tag("span", output, css_class="output"), tag("span", text.notebook),
            css_class="lab foot",
        ),
        tag("i", tag("i"), css_class="flow") if index < 5 else "",
        css_class="box",
    )  # fmt: skip


def _rises(index: int) -> list[Markup]:
    """Return the arrows that run up beside the boxes of attention and MLP where these are tall."""
    sides = {2: ("rise",), 3: ("rise", "rise onward")}.get(index, ())
    return [tag("i", tag("i"), css_class=side) for side in sides]


def _heard(forward: ForwardPass, position: int) -> str:
    """Return what the six boxes show of a token, in words."""
    label, token = forward.shown_labels(12)[position], forward.shown_ids[position]
    follows = ", ".join(
        f"{row.label} {row.prob}" for row in prob_rows(forward, position) if row.share is not None
    )
    name = position_label(forward, position)
    which = f"{label}, {name}" if name else label
    return (
        f"{which}, token {token}. Attention, head 1: {attention_sentence(forward, position)}. "
        f"Most probable after it: {follows}."
    )


def _tokens(forward: ForwardPass) -> Markup:
    digits = max(len(str(token)) for token in forward.shown_ids)
    num_columns = len(column_edges(forward)) - 1
    size = "large" if digits <= 2 and num_columns <= 4 else ""
    if digits * num_columns > 20:  # wider than the columns: every other one stands lower
        size = "stagger"
    arrow = tag("i", css_class="arrow")
    cells = [
        join(arrow, tag("span", str(token), css_class=f"id {size}")) for token in forward.shown_ids
    ]
    if num_columns > forward.num_shown:
        cells.insert(0, Markup(""))
    heard = [_heard(forward, i) for i in range(forward.num_shown)]
    return token_columns(forward, cells, heard)


def _embedding(forward: ForwardPass) -> Markup:
    cells = [squares_svg(squares, VALUE_COLUMNS) for squares in embedding_squares(forward)]
    if forward.num_tokens > forward.num_shown:
        cells.insert(0, Markup(""))
    label = "the numbers of each token as squares below it"
    return tag("div", token_columns(forward, cells), css_class="fill", role="img", aria_label=label)


def _logits(forward: ForwardPass, position: int, heard: str) -> Markup:
    bars, letters = logit_bars(forward, position), axis_letters(forward)
    labels = []
    for i, bar in enumerate(bars):
        if bar.label:
            centre = (i + 0.5) / len(bars)
            side = "right" if centre > 0.9 else "left" if centre < 0.1 else "centre"
            style = f"left:{percent(centre)};bottom:{percent(1 - bar.top)}"
            labels.append(tag("span", bar.label, css_class=f"name {side}", style=style))
    axis, largest = [], forward.ranked_ids[position, :NUM_LOGIT_LABELS]
    for i, letter in enumerate(letters):
        side = "left" if label_length(letter) > 1 else "centre"
        css_class = f"{side} top" if i in largest else side
        style = f"left:{percent((i + 0.5) / len(bars))}"
        axis.append(tag("span", letter, css_class=css_class, style=style))
    return tag(
        "div",
        tag("div", bars_svg(bars), *labels, css_class="plot"),
        tag("div", *axis, css_class="letters") if axis else "",
        css_class="logits lettered" if axis else "logits",
        role="img",
        aria_label=heard,
    )


def _probs(forward: ForwardPass, position: int, before: ForwardPass | None) -> Markup:
    """Return the most probable tokens; the bars after the last one move from their old lengths."""
    old: list[ProbRow] = []
    if before is not None and position == forward.num_shown - 1:
        old = prob_rows(before, before.num_shown - 1)
    shown, rows = prob_rows(forward, position), []
    for i, row in enumerate(shown):
        if row.share is None:
            rows.append(
                tag("div", tag("span", row.label), tag("span", row.prob), css_class="others")
            )
            continue
        style, css_class = f"width:{percent(row.share)}", "bar"
        if i < len(old) and old[i].share is not None:
            style, css_class = f"{style};--l0:0;--w0:{percent(old[i].share or 0)}", "bar gl"
        bar = tag("span", tag("i", css_class=css_class, style=style))
        rows.append(
            tag("div", tag("span", row.label, css_class="name"), bar, tag("span", row.prob))
        )
    heard = ", ".join(f"{row.label} {row.prob}" for row in shown)
    style = f"--label:{label_width(shown):.0f}px"
    return tag("div", *rows, css_class="probs", style=style, role="img", aria_label=heard)
