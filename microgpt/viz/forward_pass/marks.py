"""The marks inside the boxes, as plain numbers that the page and the still picture draw."""

from dataclasses import dataclass

import numpy as np

from microgpt.plain_text import pluralize
from microgpt.viz.axis import percent_axis
from microgpt.viz.formatting import format_permille, label_length, to_permille, visible
from microgpt.viz.forward_pass.activation_data import ForwardPass

MAX_VALUES, VALUE_COLUMNS = 16, 2  # of an embedding, below its token
MAX_HIDDEN, HIDDEN_COLUMNS = 64, 16  # of the MLP
MAX_HEADS = 4
MAX_LOGITS, NUM_LOGIT_LABELS, NUM_PROBS = 60, 5, 5
MAX_LETTERS = 30  # so many labels of one character fit below the bars of the logits
CHAR_SHARE = 0.056  # of the width of a box, that of a character


@dataclass(frozen=True)
class Square:
    """A square of a Hinton diagram: its cell, its side as a share of the cell, and its sign.

    Its area is the value's size. The sign is 1, −1, or 0 for a value of 0.
    """

    column: int
    row: int
    side: float
    sign: int


@dataclass(frozen=True)
class LogitBar:
    """A bar from `top` to `bottom`, as shares of the height from above; its label, if any."""

    top: float
    bottom: float
    is_positive: bool
    label: str = ""


@dataclass(frozen=True)
class ProbRow:
    """A token, its bar as a share of the axis (none for all others together), its probability."""

    label: str
    share: float | None
    prob: str


def hinton_squares(values: np.ndarray, columns: int, max_value: float) -> list[Square]:
    """Lay values (N,) out in rows of `columns` squares; `max_value` fills its cell."""
    return [
        Square(i % columns, i // columns, (abs(value) / max_value) ** 0.5, int(np.sign(value)))
        for i, value in enumerate(values.tolist())
    ]


def embedding_squares(forward: ForwardPass) -> list[list[Square]]:
    """Return the squares of each token's embedding, all on the same scale."""
    values = forward.embedding[:, :MAX_VALUES]
    max_value = float(np.abs(values).max()) or 1.0
    return [hinton_squares(row, VALUE_COLUMNS, max_value) for row in values]


def hidden_squares(forward: ForwardPass) -> list[list[Square]]:
    """Return the squares of the MLP at each position, all on the same scale."""
    values = forward.mlp_hidden[:, :MAX_HIDDEN]
    max_value = float(np.abs(values).max()) or 1.0
    return [hinton_squares(row, HIDDEN_COLUMNS, max_value) for row in values]


def head_squares(forward: ForwardPass, head: int) -> list[list[Square]]:
    """Return the weights of one head as rows of squares, one row for each position shown.

    Together the rows are a triangle, since no position takes from a later one.
    """
    rows = [forward.column_weights(i, head) for i in range(forward.num_shown)]
    return [
        [
            Square(column, row, weight**0.5, 1 if weight else 0)
            for column, weight in enumerate(weights)
            if weight is not None
        ]
        for row, weights in enumerate(rows)
    ]


def logit_bars(forward: ForwardPass, position: int) -> list[LogitBar]:
    """Return the logits as bars in the order of the ids; the largest have their labels.

    Of a large vocabulary, the bars are those of the largest logits, by rank.
    """
    logits, ranked = forward.logits[position], forward.ranked_ids[position].tolist()
    shown = range(len(logits)) if len(logits) <= MAX_LOGITS else ranked[:MAX_LOGITS]
    high, low = max(0.0, float(logits.max())), min(0.0, float(min(logits[list(shown)])))
    size = (high - low) or 1.0
    labels = _logit_labels(forward, list(shown), ranked)
    bars = []
    for token in shown:
        value = float(logits[token])
        top, bottom = (high - max(value, 0.0)) / size, (high - min(value, 0.0)) / size
        bars.append(LogitBar(top, bottom, value > 0, labels.get(token, "")))
    return bars


def axis_letters(forward: ForwardPass) -> list[str]:
    """Return the labels of all logits if they fit below the bars, else an empty list.

    They fit if each is one character, except for the last.
    """
    if len(forward.labels) > MAX_LETTERS:
        return []
    letters = [visible(label, 4) for label in forward.labels]
    return letters if all(label_length(letter) == 1 for letter in letters[:-1]) else []


def _logit_labels(forward: ForwardPass, shown: list[int], ranked: list[int]) -> dict[int, str]:
    """Return the labels of the largest logits that stand beside each other without touching."""
    labels: dict[int, str] = {}
    taken: list[tuple[float, float]] = []
    for token in ranked[:NUM_LOGIT_LABELS]:
        label = visible(forward.labels[token], 4)
        width = CHAR_SHARE * label_length(label)
        centre = (shown.index(token) + 0.5) / len(shown)
        left = min(max(centre - width / 2, 0.0), 1 - width)
        if all(left + width <= start or left >= end for start, end in taken):
            labels[token] = label
            taken.append((left, left + width))
    return labels


def prob_rows(forward: ForwardPass, position: int) -> list[ProbRow]:
    """Return the most probable tokens after a position, and all others together: 100 % in all."""
    probs, ranked = forward.probs[position], forward.ranked_ids[position].tolist()
    shown, num_others = ranked[:NUM_PROBS], len(ranked) - NUM_PROBS
    axis_end, _ = percent_axis(float(probs[ranked[0]]))
    shares = [float(probs[token]) for token in shown]
    permille = to_permille([*shares, max(0.0, 1 - sum(shares))])
    rows = [
        ProbRow(visible(forward.labels[token], 5), share / axis_end, format_permille(tenths))
        for token, share, tenths in zip(shown, shares, permille, strict=False)
    ]
    if num_others > 0:
        rows.append(ProbRow(pluralize(num_others, "other"), None, format_permille(permille[-1])))
    return rows


def label_width(rows: list[ProbRow]) -> float:
    """Return the pixels that the longest label of the rows with bars needs, in the widest font."""
    return max([16.0, *(9.0 * label_length(row.label) for row in rows if row.share is not None)])


def weight_texts(weights: list[float | None]) -> list[str]:
    """Return the attention weights in per cent; the sign is left out of narrow columns."""
    sign = "" if has_narrow_columns(len(weights)) else " %"
    return [
        "·"
        if weight is None
        else f"<1{sign}"
        if 0 < weight < 0.005
        else f"{100 * weight:.0f}{sign}"
        for weight in weights
    ]


def has_narrow_columns(num_columns: int) -> bool:
    """Whether so many columns of tokens leave no room for a number with its unit."""
    return num_columns > 4


def column_edges(forward: ForwardPass) -> list[float]:
    """Return the edges of the token columns, as shares of a box's width: "start" is wider."""
    num_hidden = int(forward.num_tokens > forward.num_shown)
    widths = [1.0] * (forward.num_shown + num_hidden)
    if (
        not num_hidden
        and forward.shown_ids[0] == forward.bos_id
        and has_narrow_columns(len(widths))
    ):
        widths[0] = 1.6
    edges = np.concatenate([[0.0], np.cumsum(widths)]) / sum(widths)
    return edges.tolist()
