"""Render a model's size: parameters by part as one strip, memory, and operations for a token."""

from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.residual_ledger.caption import size_caption
from microgpt.viz.residual_ledger.data import SizePicture
from microgpt.viz.residual_ledger.labels import (
    FLOAT_BYTES,
    TRAINING_ARRAYS,
    format_count,
    format_share,
    format_storage,
)

QUESTION = "Where are the parameters?"
NO_MODEL = "no such model"


def render_size(picture: SizePicture, before: SizePicture | None = None) -> Rendered:
    """Return the view; the strip of `before` moves from there."""
    parts = [
        tag("h3", QUESTION, css_class="q"),
        tag("div", *_figures(picture), css_class="figures"),
        tag(
            "div",
            _strip(picture, before),
            tag("div", " ".join(operation_lines(picture)), css_class="lab formula"),
            css_class="sizes",
        ),
    ]
    return Rendered(join(*parts), size_caption(picture))


def figures(picture: SizePicture) -> list[tuple[str, str]]:
    """Return the four figures, each with its label; dashes where the settings make no model."""
    size, weights = picture.size, FLOAT_BYTES * picture.size.total
    found = [
        (f"{size.total:,}", "parameters"),
        (format_storage(weights), "weights, in float32"),
        (format_storage(TRAINING_ARRAYS * weights), "to train with AdamW"),
        (format_count(size.operations), "operations for a token"),
    ]
    return [("—", label) for _, label in found] if picture.refusal else found


def _figures(picture: SizePicture) -> list[Markup]:
    return [
        tag("div", tag("span", figure, css_class="fig"), tag("span", label, css_class="lab"))
        for figure, label in figures(picture)
    ]


def segments(picture: SizePicture) -> list[tuple[str, int, float, float]]:
    """Return each part's name, count, start and width in the strip, as shares of all.

    There are none where the settings make no model.
    """
    found: list[tuple[str, int, float, float]] = []
    if picture.refusal:
        return found
    start = 0.0
    for name, count in picture.size.parts.items():
        share = count / picture.size.total
        found.append((name, count, start, share))
        start += share
    return found


def _strip(picture: SizePicture, before: SizePicture | None) -> Markup:
    old = {} if before is None else {name: (s, w) for name, _, s, w in segments(before)}
    strip, rows = [], []
    for name, count, start, share in segments(picture):
        part_class = "part-" + name.replace(" ", "-").lower()
        style = f"left:{percent(start)};width:{percent(share)}"
        moves = name in old and old[name] != (start, share)
        if moves:
            style += f";--l0:{percent(old[name][0])};--w0:{percent(old[name][1])}"
        label = tag("span", name, css_class="segment-label")
        strip.append(
            tag("i", label, css_class=f"segment {part_class}" + " gl" * moves, style=style)
        )
        rows.append(
            tag("div", tag("i", css_class=part_class), tag("span", name), tag("span", f"{count:,}"),
                tag("b", format_share(share)), css_class="part-row")
        )  # fmt: skip
    shares = [f"{name} {format_share(share)}" for name, _, _, share in segments(picture)]
    heard = ", ".join(shares) or NO_MODEL
    if picture.refusal:
        strip = [tag("span", NO_MODEL, css_class="lab")]
    return join(
        tag("div", *strip, css_class="strip", role="img", aria_label=f"Parameters: {heard}"),
        tag("div", *rows, css_class="part-rows"),
    )


def operation_lines(picture: SizePicture) -> list[str]:
    """Return how the operations are counted; nothing where the settings make no model.

    Kaplan et al. 2020, section 2.1
    """
    if picture.refusal:
        return []
    matrices, attention = (
        format_count(count)
        for count in (picture.size.matrix_operations, picture.size.attention_operations)
    )
    return [
        "Operations are products and sums. For the logits of one token, each number of a matrix",
        f"takes 2 of them, {matrices} in all; attention takes 4 × {picture.num_layers} layers ×",
        f"{picture.block_size:,} places × {picture.width:,} wide, {attention}, at the last place.",
    ]
