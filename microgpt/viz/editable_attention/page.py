"""Render the view: the triangle of weights, the bars of the guess, and one weight's arithmetic."""

from microgpt.viz.editable_attention.arithmetic import Step, arithmetic_steps, arithmetic_title
from microgpt.viz.editable_attention.caption import attention_caption
from microgpt.viz.editable_attention.data import CUT, MASK, AttentionPicture
from microgpt.viz.editable_attention.guesses import GuessRow, guess_axis, guess_rows
from microgpt.viz.editable_attention.labels import (
    loss_texts,
    question,
    row_sum,
    shown_name,
    signed,
    token_label,
)
from microgpt.viz.formatting import format_prob, label_length, quoted, visible
from microgpt.viz.html import Markup, Rendered, join, percent, tag

HIGH = 0.55  # a fill from this height on lies behind the number, which then has its colour
MOVES = 1e-4
MAX_NARROW = 5  # letters of a label that a narrow column holds, such as "start"


def render_attention(picture: AttentionPicture, before: AttentionPicture | None = None) -> Rendered:
    """Return the view; what `before` had moves from there, if it is of the same text."""
    if before is not None and before.tokens != picture.tokens:
        before = None
    parts = [
        tag("h3", question(picture), css_class="q"),
        _triangle(picture, before),
        _guess(picture, before),
        _arithmetic(picture),
    ]
    return Rendered(join(*parts), attention_caption(picture))


def cell_text(picture: AttentionPicture, row: int, column: int) -> str:
    """Return what stands in a cell: its weight, a sign for a masked one, "·" for a hidden one."""
    if column > row:
        return "·"
    if picture.state_of(row, column) == MASK:
        return "✕"
    return format_weight(float(picture.shown[row, column]))


def format_weight(weight: float) -> str:
    """Format a weight with two decimals and without the zero before the point: .31, 1.00."""
    return f"{weight:.2f}".removeprefix("0") if weight < 0.995 else f"{weight:.2f}"


def _triangle(picture: AttentionPicture, before: AttentionPicture | None) -> Markup:
    positions = range(picture.first, len(picture.tokens))
    header = [tag("span", token_label(picture, column), css_class="head") for column in positions]
    rows = [tag("span", css_class="corner"), *header, tag("span", "sum", css_class="head")]
    for row in positions:
        chosen = " chosen" * (row == picture.row)
        rows.append(tag("span", token_label(picture, row), css_class="rowhead" + chosen))
        rows += [_cell(picture, before, row, column) for column in positions]
        rows.append(tag("span", sum_text(picture, row), css_class="rowsum" + chosen))
    heard = (
        f"Attention weights of {shown_name(picture)}; the row of "
        f"{token_label(picture, picture.row)}: "
        + ", ".join(
            f"{token_label(picture, column)} {cell_text(picture, picture.row, column)}"
            for column in positions
            if column <= picture.row
        )
    )
    grid = tag("div", *rows, css_class=f"grid {grid_class(picture)}", role="img", aria_label=heard)
    title = tag("div", f"weights of {shown_name(picture)}", css_class="lab")
    note = tag("div", " ".join(triangle_notes(picture)), css_class="lab")
    return tag("div", title, grid, note, css_class="triangle")


def grid_class(picture: AttentionPicture) -> str:
    """Return the classes that say how wide the triangle's columns are, for all that lies on it."""
    positions = range(picture.first, len(picture.tokens))
    is_wide = any(label_length(token_label(picture, i)) > MAX_NARROW for i in positions)
    return f"n{len(positions)}" + " wide" * is_wide + " part" * (picture.first > 0)


def sum_text(picture: AttentionPicture, row: int) -> str:
    """Return a row's sum; of a long text, how much of it lies on the positions shown."""
    total = f"{row_sum(picture, row):.2f}"
    if not picture.first:
        return total
    return f"{format_weight(float(picture.shown[row, picture.first :].sum()))} of {total}"


def triangle_notes(picture: AttentionPicture) -> list[str]:
    """Return sentences on what a row is or, of a long text, on what is not shown of it."""
    if not picture.first:
        return [f"Each row is what one {picture.unit} looks at."]
    count, unit = len(picture.tokens) - picture.first, picture.unit
    earlier = "position" if picture.first == 1 else f"{picture.first} positions"
    return [f"The last {count} {unit}s.", f"The rest of a row lies on the {earlier} before."]


def _cell(
    picture: AttentionPicture, before: AttentionPicture | None, row: int, column: int
) -> Markup:
    text = cell_text(picture, row, column)
    if column > row:
        return tag("span", text, css_class="cell hidden")
    weight, unedited = (float(w[row, column]) for w in (picture.shown, picture.shown_before))
    state = picture.state_of(row, column)
    classes = "cell" + " looking" * (row == picture.row)
    classes += " chosen" * ((row, column) == (picture.row, picture.column))
    classes += {MASK: " masked", CUT: " cut"}.get(state, "") + " high" * (weight > HIGH)
    parts = [_fill(weight, None if before is None else float(before.shown[row, column]))]
    if abs(weight - unedited) > MOVES:
        parts.append(tag("u", css_class="was", style=f"bottom:{percent(min(unedited, 0.97))}"))
    if state == CUT:
        text = format_weight(unedited)
    number = tag("s" if state == CUT else "b", text)
    return tag("span", *parts, number, css_class=classes)


def _fill(weight: float, old: float | None) -> Markup:
    moves = old is not None and abs(old - weight) > MOVES
    style = f"height:{percent(weight)}" + (f";--h0:{percent(old or 0)}" if moves else "")
    return tag("i", css_class="gr" * moves, style=style)


def _guess(picture: AttentionPicture, before: AttentionPicture | None) -> Markup:
    rows = guess_rows(picture)
    end, _ = guess_axis(rows)
    old = {} if before is None else {row.token: row.now for row in guess_rows(before)}
    old_end = end if before is None else guess_axis(guess_rows(before))[0]
    bars = [_bar(picture, row, end, old.get(row.token, row.now) / old_end) for row in rows]
    text = quoted(picture.text) if picture.text else "the start"
    title = tag("div", f"next {picture.unit} after {text}", css_class="lab")
    key = tag(
        "div",
        tag("span", tag("i"), "with your changes"),
        tag("span", tag("i", css_class="unedited"), "before them"),
        css_class="key",
    )
    return tag("div", title, tag("div", *bars, css_class="guesses"), key, _figure(picture),
               css_class="outcome")  # fmt: skip


def _bar(picture: AttentionPicture, row: GuessRow, end: float, old: float) -> Markup:
    is_target, now, unedited = row.token == picture.target, row.now / end, row.before / end
    label = f"{row.count:,} more" if row.token is None else visible(picture.labels[row.token])
    moves = abs(old - now) > MOVES
    style = f"width:{percent(now)}" + (f";--l0:0%;--w0:{percent(old)}" if moves else "")
    track = [tag("i", css_class="now" + " gl" * moves, style=style)]
    if picture.edits:
        track.append(tag("u", css_class="unedited", style=f"width:{percent(unedited)}"))
    now_text, before_text = format_prob(row.now), format_prob(row.before)
    value = [tag("span", now_text)]
    if now_text != before_text:
        value.append(tag("em", f"was {before_text}"))
    if is_target:
        value.append(tag("b", "◀ true", css_class="true"))
    return tag(
        "div", tag("b", label), tag("span", *track, css_class="share"),
        tag("span", *value, css_class="percent"),
        css_class="guess-row" + " rest" * (row.token is None),
    )  # fmt: skip


def _figure(picture: AttentionPicture) -> Markup:
    before, now = loss_texts(picture)
    figure = now if not picture.edits else f"{before} → {now}"
    label = f"negative log-likelihood of {quoted(picture.labels[picture.target])}, in nats"
    rise = [tag("span", signed(picture.rise), css_class="rise")] if picture.edits else []
    return tag("div", tag("span", figure, css_class="fig"), *rise,
               tag("span", label, css_class="lab"), css_class="nll")  # fmt: skip


def _arithmetic(picture: AttentionPicture) -> Markup:
    steps = [_step(step) for step in arithmetic_steps(picture.arithmetic)]
    title = tag("span", arithmetic_title(picture), css_class="step title")
    return tag("div", title, *steps, css_class="steps")


def _step(step: Step) -> Markup:
    power = [tag("sup", step.power)] if step.power else []
    equation = tag("b", step.text, *power, step.result)
    return tag("span", tag("span", step.label, css_class="lab"), equation, css_class="step")
