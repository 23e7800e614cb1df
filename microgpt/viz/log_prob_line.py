"""A line of probabilities, from "certain" to "1 in a billion": a logarithmic scale with marks."""

from dataclasses import dataclass
from math import isfinite, log

from microgpt.viz.formatting import format_odds
from microgpt.viz.token_likelihood import Reference

# The axis ends at 10 to the first of these that is not exceeded; each is divided by three ticks.
EXPONENTS = (3, 6, 9, 12, 15, 18, 24, 30, 45, 60, 90, 150, 300, 600, 900, 1500, 3000, 6000, 9000)
LETTER_WIDTH = 8.0  # pixels to reserve for a letter of 13 pixels in the widest font
WIDE, NARROW = 640.0, 330.0  # widths of the line for which labels are placed
TIERS = 2  # label rows above the line; tier 0 is next to it


@dataclass(frozen=True)
class Mark:
    """A label above the line, `position` 0 to 1 from "certain" to the end.

    `tier` is its row if the line is wide, `narrow_tier` if it is narrow; None leaves it out. The
    label stands so that its part `anchor`, 0 to 1 from its left, is at `position`.
    """

    label: str
    position: float
    anchor: float
    tier: int | None
    narrow_tier: int | None
    is_text: bool


def line_exponent(nlls: list[float]) -> int:
    """Return the exponent of ten at which a line ends that has room for these nats."""
    largest = max((nll / log(10) for nll in nlls if isfinite(nll)), default=0.0)
    return next((end for end in EXPONENTS if largest <= end), EXPONENTS[-1])


def line_ticks(exponent: int) -> list[tuple[float, str]]:
    """Return position and label of four ticks."""
    labels = [format_odds(exponent * third / 3 * log(10)) for third in (1, 2, 3)]
    return list(zip((0.0, 1 / 3, 2 / 3, 1.0), ["certain", *labels], strict=True))


def line_position(nll: float, exponent: int) -> float:
    """Return where a probability stands, from 0 (certain) to 1."""
    return min(1.0, max(0.0, nll / log(10) / exponent))


def label_anchor(label: str, position: float) -> float:
    """Return which part of a label, 0 to 1, stands at its mark: the middle wherever there is room.

    Near an end of the line it is so much less or more that the label stays inside, even if the line
    is narrow.
    """
    size = len(label) * LETTER_WIDTH
    if size > NARROW:
        return position
    left, right = position * NARROW / size, (1 - position) * NARROW / size
    return max(min(0.5, left), 1 - right)


def lay_out_marks(text: Reference, others: list[Reference], exponent: int) -> list[Mark]:
    """Return the text's mark and those of the others that fit, the first of them first."""
    references = [text, *(one for one in others if 0 <= one.nll <= exponent * log(10))]
    positions = [line_position(reference.nll, exponent) for reference in references]
    labels = [reference.label for reference in references]
    wide, narrow = (_tiers(labels, positions, width) for width in (WIDE, NARROW))
    return [
        Mark(label, position, label_anchor(label, position), wide[i], narrow[i], i == 0)
        for i, (label, position) in enumerate(zip(labels, positions, strict=True))
        if wide[i] is not None
    ]


def _tiers(labels: list[str], positions: list[float], width: float) -> list[int | None]:
    """Return the tier of each label on a line of a width, None where none is free."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(TIERS)]
    tiers: list[int | None] = []
    for label, position in zip(labels, positions, strict=True):
        size = len(label) * LETTER_WIDTH
        stem = position * width
        start = stem - label_anchor(label, position) * size
        box, stem_box = (start - 6, start + size + 6), (stem - 4, stem + 4)
        order = range(TIERS) if not tiers else reversed(range(TIERS))
        tier = next(
            (
                tier
                for tier in order
                if _is_free(box, taken[tier])
                and all(_is_free(stem_box, taken[below]) for below in range(tier))
            ),
            None,
        )
        tiers.append(tier)
        if tier is not None:
            taken[tier].append(box)
            for below in range(tier):
                taken[below].append(stem_box)
    return tiers


def _is_free(box: tuple[float, float], taken: list[tuple[float, float]]) -> bool:
    return all(box[1] <= start or end <= box[0] for start, end in taken)
