"""Where labels stand on the map: beside their points, so that no two overlap."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from microgpt.plain_text import with_minus
from microgpt.viz.axis import value_ticks
from microgpt.viz.formatting import in_quotes
from microgpt.viz.neighbourhood.data import EmbeddingMap

END_LABEL = "end"  # of the token that begins and ends a name
BOX = 18.0  # pixels on each side that a label needs
SPOT = 8.0  # pixels across a point
EDGE = 0.015  # share between the edge and a point that lies beyond it
# Of the map, in pixels, (3, 1). Labels keep their size on all of them.
MAP_WIDTHS = np.array([[330.0], [460.0], [620.0]])
RADII = (13.0, 20.0, 28.0, 38.0, 50.0, 64.0)  # pixels from a point to the centre of its label
LED = 7.0  # pixels; a label that ends further from its point has a line that leads to it
NUM_ROUNDS = 3
WORD_HALVES = np.array([[-8.0, 0.0], [8.0, 0.0]])  # pixels from the centre of “end”
LETTER_HALVES = np.zeros((1, 2))
_ANGLES = np.deg2rad([0, 180, 270, 90, 315, 225, 45, 135, 22, 158, 202, 338])
OFFSETS = np.concatenate(
    [radius * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1) for radius in RADII]
)

Point = tuple[float, float]  # shares of the width and of the height, from the top left


@dataclass(frozen=True)
class PlacedLabel:
    """The point of a letter, and from it to the centre of its label, in pixels.

    `half_width` is that of the label. A point that lies beyond the edge of the map `is_beyond` and
    stands at the edge.
    """

    point: Point
    offset: Point
    is_beyond: bool = False
    half_width: float = BOX / 2

    @property
    def is_led(self) -> bool:
        """Whether the label stands so far away that a line leads back to its point."""
        return float(np.hypot(*self.offset)) - self.half_width > LED


def name_of(label: str) -> str:
    """Return a letter as it is called in a sentence."""
    return "the end" if label == END_LABEL else in_quotes(label)


@lru_cache(maxsize=4)
def layout_labels(shown: EmbeddingMap) -> tuple[PlacedLabel, ...]:
    """Give each label, the commonest letters first, the free position closest to its point.

    Labels keep their size when the map is drawn larger, so the offsets are in pixels, and a
    position counts as free if it is on maps of all `MAP_WIDTHS`. The word “end” is nearly as wide
    as two letters.
    """
    exact = np.array([position(shown, letter.x, letter.y) for letter in shown.letters])
    points = np.clip(exact, EDGE, 1 - EDGE)
    order = sorted(
        range(len(points)), key=lambda i: (i != shown.chosen, -shown.letters[i].share, i)
    )
    halves = [WORD_HALVES if letter.label == END_LABEL else LETTER_HALVES
              for letter in shown.letters]  # fmt: skip
    candidates = [OFFSETS + np.sign(OFFSETS.round()) * part.max(axis=0) for part in halves]
    spots = points[:, None] * MAP_WIDTHS  # (letters, maps, 2), in pixels
    zero = np.array(position(shown, 0, 0)) * MAP_WIDTHS
    fixed_costs = [
        sum(_fixed_costs(spots, i, zero, candidates[i] + half) for half in halves[i])
        for i in range(len(points))
    ]
    offsets = np.full_like(points, np.nan)  # of the labels that stand already
    for _ in range(NUM_ROUNDS):
        before = offsets.copy()
        for i in order:
            offsets[i] = np.nan
            placed = np.flatnonzero(~np.isnan(offsets[:, 0]))
            labels = np.array([spots[j] + offsets[j] + half for j in placed for half in halves[j]])
            covered = sum(
                _overlaps(spots[i] + (candidates[i] + half)[:, None], labels, BOX)
                for half in halves[i]
                if len(placed)
            )
            crossed = _crossings(spots[i], spots[placed], offsets[placed], candidates[i])
            offsets[i] = candidates[i][(fixed_costs[i] + 10 * covered + 4 * crossed).argmin()]
        if np.array_equal(before, offsets, equal_nan=True):
            break
    return tuple(
        PlacedLabel(
            (float(x), float(y)),
            (float(right), float(down)),
            bool(is_beyond),
            BOX / 2 + float(part[:, 0].max()),
        )
        for (x, y), (right, down), is_beyond, part in zip(
            points, offsets, (exact != points).any(axis=1), halves, strict=True
        )
    )


def _fixed_costs(
    spots: np.ndarray, label: int, zero: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """Return what each of `offsets` (N, 2) costs a label that stands alone: (N,).

    Its distance from its point, other points and (0, 0) under it, others under its line, and what
    of it stands beyond the edge. spots (letters, maps, 2) and zero (maps, 2) are in pixels.
    """
    costs = np.hypot(*offsets.T) / 10 + np.linspace(0, 0.1, len(offsets))
    centres, others = spots[label] + offsets[:, None], np.delete(spots, label, axis=0)
    costs += 4 * _overlaps(centres, np.concatenate([others, zero[None]]), (BOX + SPOT) / 2)
    costs += 2 * _overlaps(centres - offsets[:, None] / 2, others, SPOT)
    beyond = np.maximum(BOX / 2 - centres, centres - (MAP_WIDTHS - BOX / 2)).max(axis=-1)
    return costs + 5 * np.maximum(beyond, 0).sum(axis=1)


def _overlaps(centres: np.ndarray, others: np.ndarray, size: float) -> np.ndarray:
    """Return by how many pixels squares of `size` cover others, added up over all maps: (N,).

    centres (N, maps, 2), others (M, maps, 2).
    """
    distances = np.abs(centres[:, None] - others).max(axis=-1)  # (N, M, maps)
    return np.maximum(size - distances, 0).sum(axis=(1, 2))


def _crossings(
    spot: np.ndarray, spots: np.ndarray, offsets: np.ndarray, candidates: np.ndarray
) -> np.ndarray:
    """Return how many lines to other labels the line to each of `candidates` (N, 2) crosses: (N,).

    spot (maps, 2) and spots (M, maps, 2) are points in pixels; offsets (M, 2) are of the others.
    """
    start, lines = spot - spots, candidates[:, None, None]  # (M, maps, 2), from each other point
    others = offsets[:, None]

    def side(line: np.ndarray, point: np.ndarray) -> np.ndarray:
        return line[..., 0] * point[..., 1] - line[..., 1] * point[..., 0]

    ends_apart = side(others, start) * side(others, start + lines) < 0
    others_apart = side(lines, -start) * side(lines, others - start) < 0
    return (ends_apart & others_apart).sum(axis=(1, 2))


def position(shown: EmbeddingMap, x: float, y: float) -> Point:
    """Return a point of the map as shares of its width and height."""
    return (x - shown.x_low) / shown.extent, 1 - (y - shown.y_low) / shown.extent


def axis_ticks(low: float, extent: float) -> list[tuple[float, str]]:
    """Return the ticks of an axis: their share of its length, and their numbers."""
    ticks = value_ticks(low, low + extent, 4)
    return [((tick - low) / extent, with_minus(f"{tick:g}")) for tick in ticks]
