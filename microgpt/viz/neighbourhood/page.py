"""The HTML of the neighbourhood: figures, the map, the nearest letters, the swaps of rows."""

from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.neighbourhood.caption import (
    map_caption,
    numbers_word,
    question,
    share_text,
    signed,
)
from microgpt.viz.neighbourhood.data import EmbeddingMap, OtherLetter
from microgpt.viz.neighbourhood.label_layout import (
    END_SIGN,
    PlacedLabel,
    Point,
    axis_ticks,
    layout_labels,
    name_of,
)
from microgpt.viz.table import html_table


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
        (letter.label, signed(letter.x, 4), signed(letter.y, 4), "yes" if letter.is_vowel else "")
        for letter in shown.letters
    ]
    caption = f"the letters on the map at step {shown.step:,}"
    return html_table(("letter", *axis_names(shown), "vowel"), rows, caption)


def axis_names(shown: EmbeddingMap) -> tuple[str, str]:
    """Return what the two axes show."""
    if shown.is_table:
        return "first number", "second number"
    return "first principal axis", "second principal axis"


def legend(shown: EmbeddingMap) -> list[tuple[str, str]]:
    """Return the signs on the map and what they mean; the ring of vowels is the sign ""."""
    signs = []
    if any(letter.is_vowel for letter in shown.letters):
        signs.append(("", "vowel"))
    if any(letter.label == END_SIGN for letter in shown.letters):
        signs.append((END_SIGN, "the end"))
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
    which = "the two" if shown.is_table else f"all {numbers_word(shown.n_embd)}"
    return (
        (f"nearest in {which} numbers (cosine)", shown.neighbours, 2),
        ("swapping its row costs least with …", shown.cheapest, 3),
        ("… and most with (rise in held-out loss)", shown.dearest, 3),
    )


def list_scale(shown: EmbeddingMap, letters: tuple[OtherLetter, ...]) -> float:
    """Return the number whose bar fills its track: 1 for cosines, the dearest swap for rises."""
    return 1.0 if letters is shown.neighbours else max(shown.dearest[0].value, 1e-9)


def _figures(shown: EmbeddingMap) -> Markup:
    figures = [
        tag("div", tag("span", number, css_class="fig"), tag("span", label, css_class="lab"),
            css_class="figure")
        for number, label in figure_texts(shown)
    ]  # fmt: skip
    return tag("div", *figures, css_class="figures")


def _map(shown: EmbeddingMap, before: EmbeddingMap | None) -> Markup:
    placed = layout_labels(shown)
    earlier: list[PlacedLabel] = []
    if before is not None and len(before.letters) == len(placed) and before.n_embd == shown.n_embd:
        earlier = layout_labels(before)
    x_ticks, y_ticks = _ticks(shown)
    lines = [
        *(_line((x, 0), (x, 1), "grid") for x, _ in x_ticks),
        *(_line((0, 1 - y), (1, 1 - y), "grid") for y, _ in y_ticks),
        *(_line(one.point, one.centre, "leader") for one in placed if one.is_led),
    ]
    svg = tag("svg", *lines, viewBox="0 0 1000 1000", preserveAspectRatio="none",
              aria_hidden="true")  # fmt: skip
    dots = [tag("i", css_class="spot", style=_at(one.point)) for one in placed if one.is_led]
    letters = [
        _letter(shown, index, one, earlier[index] if earlier else None)
        for index, one in enumerate(placed)
    ]
    signs = [
        tag("span", f"{sign} " if sign else tag("i", css_class="ring"), meaning)
        for sign, meaning in legend(shown)
    ]
    names = axis_names(shown)
    return tag(
        "div",
        tag("p", f"{names[1]} ↑", css_class="lab what"),
        tag("div", *(tag("span", text, style=f"top:{percent(1 - y)}") for y, text in y_ticks),
            css_class="y-axis"),
        tag("div", svg, *dots, *letters, css_class="plot", role="group",
            aria_label="the map of the letters"),
        tag("div", *(tag("span", text, style=f"left:{percent(x)}") for x, text in x_ticks),
            css_class="x-axis"),
        tag("p", *signs, tag("span", f"{names[0]} →"), css_class="lab below"),
        css_class="map",
    )  # fmt: skip


def _ticks(shown: EmbeddingMap) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
    return axis_ticks(shown.x_low, shown.extent), axis_ticks(shown.y_low, shown.extent)


def _letter(
    shown: EmbeddingMap, index: int, one: PlacedLabel, earlier: PlacedLabel | None
) -> Markup:
    """Return a letter as a button that chooses it: see `PICKS` in `microgpt.widgets.css`."""
    letter, is_chosen = shown.letters[index], index == shown.chosen
    css_class = "letter" + " vowel" * letter.is_vowel + " chosen" * is_chosen
    css_class += " end" * (letter.label == END_SIGN)
    style = _at(one.centre)
    if earlier is not None and earlier.centre != one.centre:
        css_class += " glide"
        style += f";--l0:{percent(earlier.centre[0])};--t0:{percent(earlier.centre[1])}"
    label = name_of(letter.label) + ", a vowel" * letter.is_vowel
    return tag(
        "span", letter.label, css_class=css_class, style=style, role="button",
        tabindex="0" if is_chosen else "-1", data_pick=index + 1,
        aria_pressed="true" if is_chosen else "false", aria_label=label,
    )  # fmt: skip


def _lists(shown: EmbeddingMap) -> Markup:
    pieces = []
    for heading, letters, decimals in list_texts(shown):
        scale = list_scale(shown, letters)
        rows = [
            tag(
                "li",
                tag("span", letter.label, css_class="tile small"),
                tag("span", tag("i", style=f"width:{percent(_bar_share(letter.value, scale))}"),
                    css_class="track"),
                tag("span", signed(letter.value, decimals)),
            )
            for letter in letters
        ]  # fmt: skip
        pieces.append(tag("p", heading, css_class="lab"))
        pieces.append(tag("ol", *rows))
    return tag("div", *pieces, css_class="lists")


def _bar_share(value: float, scale: float) -> float:
    return min(max(value / scale, 0.0), 1.0)


def _line(start: Point, end: Point, css_class: str) -> Markup:
    d = f"M{1000 * start[0]:.1f} {1000 * start[1]:.1f}L{1000 * end[0]:.1f} {1000 * end[1]:.1f}"
    return tag("path", css_class=css_class, d=d)


def _at(point: Point) -> str:
    return f"left:{percent(point[0])};top:{percent(point[1])}"
