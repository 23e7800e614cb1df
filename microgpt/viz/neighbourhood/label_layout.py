"""Where labels stand on the map: at their points, fanned out where they would overlap."""

from dataclasses import dataclass

import numpy as np

from microgpt.viz.axis import value_ticks
from microgpt.viz.formatting import in_quotes
from microgpt.viz.neighbourhood.data import EmbeddingMap

END_SIGN = "▪"  # the token that begins and ends a name
GAP = 0.072  # between the centres of two labels, of the width of the map
EDGE = 0.035  # between the centre of a label and the edge
LED = 0.02  # a label further than this from its point has a leader line
NUM_ROUNDS = 200

Point = tuple[float, float]  # shares of the width and of the height, from the top left


@dataclass(frozen=True)
class PlacedLabel:
    """The point of a letter and the centre of its label, which a line joins if `is_led`."""

    point: Point
    centre: Point

    @property
    def is_led(self) -> bool:
        """Whether the label had to move so far that a line leads back to its point."""
        return float(np.hypot(*np.subtract(self.centre, self.point))) > LED


def name_of(label: str) -> str:
    """Return a letter as it is called in a sentence."""
    return "the end" if label == END_SIGN else in_quotes(label)


def layout_labels(shown: EmbeddingMap) -> list[PlacedLabel]:
    """Push labels that would overlap apart, each no further than is needed."""
    points = np.array([position(shown, letter.x, letter.y) for letter in shown.letters])
    centres = np.clip(points, EDGE, 1 - EDGE)
    angles = 2.4 * np.arange(len(points))  # directions for labels at one and the same point
    centres = centres + 1e-6 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(NUM_ROUNDS):
        offsets = centres[:, None] - centres
        distances = np.hypot(offsets[..., 0], offsets[..., 1])
        np.fill_diagonal(distances, np.inf)
        if distances.min() >= GAP:
            break
        overlaps = np.maximum(GAP * 1.02 - distances, 0)
        pushes = overlaps / distances / 2
        moves = (offsets * pushes[..., None]).sum(axis=1)
        lengths = np.hypot(moves[:, 0], moves[:, 1])[:, None]
        moves *= np.minimum(1, GAP / 2 / np.maximum(lengths, 1e-12))
        centres = np.clip(centres + moves, EDGE, 1 - EDGE)
    return [
        PlacedLabel((float(x), float(y)), (float(left), float(top)))
        for (x, y), (left, top) in zip(points, centres, strict=True)
    ]


def position(shown: EmbeddingMap, x: float, y: float) -> Point:
    """Return a point of the map as shares of its width and height."""
    return (x - shown.x_low) / shown.extent, 1 - (y - shown.y_low) / shown.extent


def axis_ticks(low: float, extent: float) -> list[tuple[float, str]]:
    """Return the ticks of an axis: their share of its length, and their numbers."""
    ticks = value_ticks(low, low + extent, 4)
    return [((tick - low) / extent, f"{tick:g}".replace("-", "−")) for tick in ticks]
