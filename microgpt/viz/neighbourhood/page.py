"""The HTML of the neighbourhood: figures, the map, the nearest letters, the swaps of rows."""

import math

from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.neighbourhood.caption import (
    map_caption,
    numbers_word,
    question,
    share_text,
    signed,
)
from microgpt.viz.neighbourhood.data import RARE, EmbeddingMap, OtherLetter
from microgpt.viz.neighbourhood.label_layout import (
    END_LABEL,
    PlacedLabel,
    Point,
    axis_ticks,
    layout_labels,
    name_of,
    position,
)
from microgpt.viz.table import html_table

RISE_DECIMALS = 3


def render_map(shown: EmbeddingMap, before: EmbeddingMap | None = None) -> Rendered:
    """Return the view as HTML, and its caption; letters glide from where they were `before`."""
    html = join(
        tag("h3", question(shown), css_class="q"), _figures(shown), _map(shown, before),
        _lists(shown),
    )  # fmt: skip
    return Rendered(html, map_caption(shown))


def map_table(shown: EmbeddingMap) -> str:
    """Return the coordinates of all letters on the map as HTML."""
    rows = [
        (letter.label, signed(letter.x, 4), signed(letter.y, 4), f"{100 * letter.share:.1f} %",
         "yes" if letter.is_vowel else "")
        for letter in shown.letters
    ]  # fmt: skip
    caption = f"the letters on the map at step {shown.step:,}"
    return html_table(
        ("letter", *axis_names(shown), "share of all letters", "vowel"), rows, caption
    )


def axis_names(shown: EmbeddingMap) -> tuple[str, str]:
    """Return what the two axes show."""
    if shown.is_table:
        return "first number", "second number"
    return "first principal axis", "second principal axis"


def legend(shown: EmbeddingMap) -> list[tuple[str, str]]:
    """Return the marks on the map, each a CSS class, and what they mean."""
    signs = []
    if any(letter.is_vowel for letter in shown.letters):
        signs.append(("vowel", "vowel"))
    if any(letter.is_rare for letter in shown.letters):
        signs.append(("rare", f"rare, under {share_text(RARE)}"))
    if any(one.is_beyond for one in layout_labels(shown)):
        signs.append(("beyond", "beyond the edge"))
    return signs


def figure_texts(shown: EmbeddingMap) -> tuple[tuple[str, str], ...]:
    """Return the figures above the map with their labels."""
    other = f"{shown.other_trained_loss:.3f} with {numbers_word(shown.other_n_embd)} numbers"
    note = "held-out loss at this step"
    if shown.step == shown.last_step:
        note = f"held-out loss; {other}"
    return (f"{shown.loss:.3f}", note), (share_text(shown.variance_kept), "of the variance kept")


def list_texts(shown: EmbeddingMap) -> tuple[tuple[str, tuple[OtherLetter, ...], int], ...]:
    """Return the lists beside the map: heading, letters, and decimals of their numbers."""
    which = "both" if shown.is_table else f"all {shown.n_embd}"
    return (
        (f"nearest, in {which}", shown.neighbours, 2),
        ("cheapest row swaps after training", shown.cheapest, RISE_DECIMALS),
        ("dearest (rise in held-out loss)", shown.dearest, RISE_DECIMALS),
    )


def column_names(shown: EmbeddingMap, letters: tuple[OtherLetter, ...]) -> tuple[str, ...]:
    """Return what the numbers of a list are; "" where its heading says it."""
    if letters is not shown.neighbours:
        return ()
    return ("cosine", "swap") if has_rises(letters) else ("cosine",)


def has_rises(letters: tuple[OtherLetter, ...]) -> bool:
    """Return whether the cost of a swap stands beside each number of a list."""
    return any(letter.rise is not None for letter in letters)


def list_scale(shown: EmbeddingMap, letters: tuple[OtherLetter, ...]) -> float:
    """Return the number whose bar fills its track: 1 for cosines, the dearest swap for rises."""
    return 1.0 if letters is shown.neighbours else max(shown.dearest[0].value, 1e-9)


def is_later(shown: EmbeddingMap, letters: tuple[OtherLetter, ...]) -> bool:
    """Return whether a list tells of the trained network while an earlier step is shown."""
    return letters is not shown.neighbours and shown.step != shown.last_step


def _figures(shown: EmbeddingMap) -> Markup:
    figures = [
        tag("div", tag("span", number, css_class="fig"), tag("span", label, css_class="lab"),
            css_class="figure")
        for number, label in figure_texts(shown)
    ]  # fmt: skip
    return tag("div", *figures, css_class="figures")


def rays(shown: EmbeddingMap) -> list[tuple[int, Point]]:
    """Return the letters to which a ray from (0, 0) is drawn, and where it ends.

    Cosines are those of the angles between the rays. On a map of more than two numbers the angles
    are not what they seem, so there are no rays.
    """
    if not shown.is_table:
        return []
    labels = [letter.label for letter in shown.letters]
    nearest = [labels.index(letter.label) for letter in shown.neighbours]
    placed = layout_labels(shown)
    return [(index, placed[index].point) for index in (*nearest, shown.chosen)]


def _map(shown: EmbeddingMap, before: EmbeddingMap | None) -> Markup:
    placed = layout_labels(shown)
    earlier: tuple[PlacedLabel, ...] = ()
    if before is not None and len(before.letters) == len(placed) and before.n_embd == shown.n_embd:
        earlier = layout_labels(before)
    x_ticks, y_ticks = _ticks(shown)
    zero = position(shown, 0, 0)
    lines = [
        *(_line((x, 0), (x, 1), "grid") for x, _ in x_ticks),
        *(_line((0, 1 - y), (1, 1 - y), "grid") for y, _ in y_ticks),
        _line((zero[0], 0), (zero[0], 1), "zero"),
        _line((0, zero[1]), (1, zero[1]), "zero"),
        *(_line(zero, end, "ray chosen" if index == shown.chosen else "ray")
          for index, end in rays(shown)),
    ]  # fmt: skip
    svg = tag("svg", *lines, viewBox="0 0 1000 1000", preserveAspectRatio="none",
              aria_hidden="true")  # fmt: skip
    before_or_now = earlier or placed
    leaders = [_leader(one) for one in placed if one.is_led]
    spots = [_spot(shown, index, one, before_or_now[index]) for index, one in enumerate(placed)]
    letters = [_letter(shown, index, one, before_or_now[index]) for index, one in enumerate(placed)]
    names = axis_names(shown)
    return tag(
        "div",
        tag("p", f"{names[1]} ↑", css_class="lab what"),
        tag("div", *(tag("span", text, style=f"top:{percent(1 - y)}") for y, text in y_ticks),
            css_class="y-axis"),
        tag("div", svg, tag("i", css_class="origin", style=_at(zero)), *leaders, *spots, *letters,
            css_class="plot", role="group", aria_label="the map of the letters"),
        tag("div", *(tag("span", text, style=f"left:{percent(x)}") for x, text in x_ticks),
            css_class="x-axis"),
        tag("p", *_legend(shown), tag("span", f"{names[0]} →"), css_class="lab below"),
        css_class="map",
    )  # fmt: skip


def _legend(shown: EmbeddingMap) -> list[Markup]:
    signs = [tag("span", tag("i", css_class="origin"), "(0, 0)")]
    for sign, meaning in legend(shown):
        signs.append(tag("span", tag("i", css_class=f"spot {sign}"), meaning))
    return signs


def _ticks(shown: EmbeddingMap) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
    return axis_ticks(shown.x_low, shown.extent), axis_ticks(shown.y_low, shown.extent)


def spot_class(shown: EmbeddingMap, index: int, one: PlacedLabel) -> str:
    """Return how a letter's point is drawn, as its CSS class beside "spot"."""
    letter = shown.letters[index]
    if index == shown.chosen:
        return "chosen"
    if one.is_beyond:
        return "beyond"
    return "vowel" if letter.is_vowel else "rare" if letter.is_rare else "common"


def _spot(shown: EmbeddingMap, index: int, one: PlacedLabel, earlier: PlacedLabel) -> Markup:
    css_class, style = f"spot {spot_class(shown, index, one)}", _at(one.point)
    if earlier.point != one.point:
        css_class += " glide"
        style += f";--l0:{percent(earlier.point[0])};--t0:{percent(earlier.point[1])}"
    return tag("i", css_class=css_class, style=style)


def _leader(one: PlacedLabel) -> Markup:
    """Return the line from a point to its label, which ends where the label begins."""
    right, down = one.offset
    length = math.hypot(right, down) - one.half_width
    style = f"{_at(one.point)};width:{length:.1f}px;rotate:{math.atan2(down, right):.3f}rad"
    return tag("i", css_class="leader", style=style)


def _letter(shown: EmbeddingMap, index: int, one: PlacedLabel, earlier: PlacedLabel) -> Markup:
    """Return a letter as a button that chooses it: see `PICKS` in `microgpt.widgets.css`."""
    letter, is_chosen = shown.letters[index], index == shown.chosen
    css_class = "letter" + " vowel" * letter.is_vowel + " rare" * letter.is_rare
    css_class += " chosen" * is_chosen + " end" * (letter.label == END_LABEL)
    left, top = _label_at(one)
    style = f"left:{left};top:{top}"
    if earlier != one:
        css_class += " glide"
        left, top = _label_at(earlier)
        style += f";--l0:{left};--t0:{top}"
    label = name_of(letter.label) + ", a vowel" * letter.is_vowel + ", rare" * letter.is_rare
    return tag(
        "span", letter.label, css_class=css_class, style=style, role="button",
        tabindex="0" if is_chosen else "-1", data_pick=index + 1,
        aria_pressed="true" if is_chosen else "false", aria_label=label,
    )  # fmt: skip


def _label_at(one: PlacedLabel) -> tuple[str, str]:
    """Return the CSS lengths of a label's centre: shares of the map, and pixels beside it."""
    (x, y), (right, down) = one.point, one.offset
    return f"calc({percent(x)} + {right:.1f}px)", f"calc({percent(y)} + {down:.1f}px)"


def _lists(shown: EmbeddingMap) -> Markup:
    pieces = []
    for heading, letters, decimals in list_texts(shown):
        scale = list_scale(shown, letters)
        rows = [
            tag(
                "li",
                tag("span", letter.label,
                    css_class="tile small" + " word" * (len(letter.label) > 1)),
                tag("span", tag("i", style=f"width:{percent(_bar_share(letter.value, scale))}"),
                    css_class="track"),
                tag("span", signed(letter.value, decimals)),
                *(tag("span", signed(rise, RISE_DECIMALS))
                  for rise in (letter.rise,) if rise is not None),
            )
            for letter in letters
        ]  # fmt: skip
        names = [tag("span", name) for name in column_names(shown, letters)]
        css_class = "with-rises" * has_rises(letters)
        pieces.append(tag("p", tag("span", heading), *names, css_class=f"lab heads {css_class}"))
        css_class += " later" * is_later(shown, letters)
        pieces.append(tag("ol", *rows, css_class=css_class.strip()))
    return tag("div", *pieces, css_class="lists")


def _bar_share(value: float, scale: float) -> float:
    return min(max(value / scale, 0.0), 1.0)


def _line(start: Point, end: Point, css_class: str) -> Markup:
    d = f"M{1000 * start[0]:.1f} {1000 * start[1]:.1f}L{1000 * end[0]:.1f} {1000 * end[1]:.1f}"
    return tag("path", css_class=css_class, d=d)


def _at(point: Point) -> str:
    return f"left:{percent(point[0])};top:{percent(point[1])}"
