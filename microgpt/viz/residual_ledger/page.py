"""Render the ledger: a row for each part with its bar, the running total, and the sum checked."""

from microgpt.plain_text import with_minus
from microgpt.viz.formatting import format_prob
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.residual_ledger.caption import check_sum, ledger_caption
from microgpt.viz.residual_ledger.data import LedgerPicture
from microgpt.viz.residual_ledger.labels import (
    after,
    held_scales,
    pair,
    probability_ratio,
    question,
    quoted_pair,
    row_label,
    signed,
)
from microgpt.viz.residual_ledger.rows import LedgerRow, ledger_axis, max_rows, picture_rows

MOVES = 1e-4  # of the axis
PICK_STEP = 2  # between the numbers of buttons: arrow keys, which pick neighbours, find none


def render_ledger(picture: LedgerPicture, before: LedgerPicture | None = None) -> Rendered:
    """Return the view; bars of `before` move from there, if it is of the same text."""
    if before is not None and before.tokens != picture.tokens:
        before = None
    parts = [
        tag("h3", question(picture), css_class="q"),
        _figures(picture),
        _rows(picture, before),
        _check(picture),
    ]
    return Rendered(join(*parts), ledger_caption(picture))


def _figures(picture: LedgerPicture) -> Markup:
    first, second = quoted_pair(picture)
    probs = (float(picture.probs[token]) for token in (picture.first, picture.second))
    probs_text = f"probabilities {after(picture)}: {first} {{}}, {second} {{}}".format(
        *map(format_prob, probs)
    )
    figures = [
        (signed(picture.difference), f"logit of {first} minus logit of {second}"),
        probability_ratio(picture),
    ]
    boxes = [
        tag("div", tag("span", figure, css_class="fig"), tag("span", label, css_class="lab"))
        for figure, label in figures
    ]
    return tag("div", *boxes, tag("span", probs_text, css_class="lab probs"), css_class="figures")


def _rows(picture: LedgerPicture, before: LedgerPicture | None) -> Markup:
    rows = picture_rows(picture)
    end = ledger_axis(picture, rows)
    old = {}
    if before is not None:
        old_rows = picture_rows(before)
        old_end = ledger_axis(before, old_rows)
        old = {row.pieces: row.share / old_end for row in old_rows}
    total: float | None = 0.0
    lines = [_header(picture, end)]
    for row in rows:
        lines.append(_row(picture, row, end, old.get(row.pieces), total))
        total = total if row.total is None else row.total
    lines.append(_sum_row(picture, end))
    table = tag("div", *lines, css_class="rows" + " removal" * bool(picture.without),
                style=f"--rows:{max_rows(picture.parts)}")  # fmt: skip
    return tag("div", table, _key(picture), css_class="ledger-rows")


def _header(picture: LedgerPicture, end: float) -> Markup:
    first, second = pair(picture)
    ticks = tag(
        "span",
        tag("span", f"−{end:g}"),
        tag("span", f"◂ {second}", css_class="side"),
        tag("span", "0", css_class="zero"),
        tag("span", f"{first} ▸", css_class="side"),
        tag("span", f"+{end:g}"),
        css_class="ticks",
    )
    total = "" if picture.by_size else "running total"
    cells = [tag("span", "part"), tag("span", "contribution", css_class="number"), ticks,
             tag("span", total, css_class="number")]  # fmt: skip
    return tag("div", *cells, css_class="line header lab")


def _row(
    picture: LedgerPicture, row: LedgerRow, end: float, old: float | None, total: float | None
) -> Markup:
    label = row_label(picture, row)
    part = row.part
    if part is not None and not row.is_piece and part.split is not None:
        number = 1 + [p.name for p in picture.parts].index(part.name)
        is_open = part.name == picture.opened
        name: Markup = tag(
            "span",
            tag("span", "▾" if is_open else "▸", css_class="fold", aria_hidden="true"),
            label,
            css_class="name opens", role="button", tabindex="0", data_pick=number * PICK_STEP,
            aria_expanded=str(is_open).lower(),
        )  # fmt: skip
    else:
        name = tag("span", label, css_class="name")
    running = "" if row.total is None else signed(row.total)
    return tag(
        "div", name, tag("b", signed(row.share), css_class="number"),
        _track(picture, row, end, old, total), tag("span", running, css_class="number total"),
        css_class="line" + " piece" * row.is_piece + " rest" * (part is None),
    )  # fmt: skip


def _track(
    picture: LedgerPicture, row: LedgerRow, end: float, old: float | None, total: float | None
) -> Markup:
    share = row.share / end
    moves = old is not None and abs(old - share) > MOVES
    style = f"left:{percent(_left(share))};width:{percent(abs(share) / 2)}"
    if moves:
        style += f";--l0:{percent(_left(old or 0.0))};--w0:{percent(abs(old or 0.0) / 2)}"
    sign = "plus" if share >= 0 else "minus"
    inside = [tag("i", css_class=f"bar {sign}" + " gl" * moves, style=style)]
    if row.total is not None and total is not None:
        inside += _step(total / end, row.total / end)
    elif row.is_piece and total is not None and not picture.by_size:
        inside.append(tag("u", css_class="run", style=f"left:{percent(0.5 + total / end / 2)}"))
    lost = picture.loss_without(row.pieces)
    if lost is not None:
        inside.append(
            tag("em", css_class="lost", style=f"left:{percent(0.5 + lost / end / 2)}", role="img",
                aria_label=f"without it: {signed(picture.difference - lost)}")
        )  # fmt: skip
    return tag("span", *inside, css_class="track")


def _left(share: float) -> float:
    """Where a bar begins, as a share of the track, whose middle is 0."""
    return 0.5 + min(share, 0.0) / 2


def _step(before: float, now: float) -> list[Markup]:
    """The running total: along the top of the row from the total before, then down."""
    along = f"left:{percent(0.5 + min(before, now) / 2)};width:{percent(abs(now - before) / 2)}"
    return [
        tag("u", css_class="along", style=along),
        tag("u", css_class="run", style=f"left:{percent(0.5 + now / 2)}"),
    ]


def _sum_row(picture: LedgerPicture, end: float) -> Markup:
    inside = []
    if not picture.by_size:
        style = f"left:{percent(0.5 + picture.total / end / 2)}"
        inside.append(tag("u", css_class="landing", style=style))
    return tag(
        "div", tag("span", "all parts", css_class="name"),
        tag("b", signed(picture.total), css_class="number"),
        tag("span", *inside, css_class="track"), tag("span", css_class="number"),
        css_class="line sum",
    )  # fmt: skip


def _key(picture: LedgerPicture) -> Markup:
    first, second = pair(picture)
    entries = [
        tag("span", tag("i", css_class="plus"), f"+ for {first}"),
        tag("span", tag("i", css_class="minus"), f"− for {second}"),
    ]
    if not picture.by_size:
        entries.append(tag("span", tag("i", css_class="run"), "running total"))
    if picture.without:
        lost = (
            "how far the difference falls if the model runs without it at the last "
            f"{picture.unit}; these do not add up"
        )
        entries.append(tag("span", tag("i", css_class="lost"), lost))
    return tag("div", *entries, css_class="key")


def _check(picture: LedgerPicture) -> Markup:
    steps = check_sum(picture)
    steps += [(f"scale of {name}, held", f"× {with_minus(f'{scale:.4f}')}")
              for name, scale in held_scales(picture)]  # fmt: skip
    return tag(
        "div",
        *(
            tag("span", tag("span", label, css_class="lab"), tag("b", number), css_class="step")
            for label, number in steps
        ),
        css_class="check",
    )
