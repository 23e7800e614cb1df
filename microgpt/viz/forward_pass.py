"""One picture of a forward pass: tokens, embedding, attention, MLP, logits, probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import format_prob, quoted, quoted_text, visible
from microgpt.viz.table import html_table

WIDTH, HEIGHT = 720, 412
BOX_WIDTH, BOX_HEIGHT = 226, 190
COLUMN_WIDTH, ROW_HEIGHT = 246, 212
PLOT_WIDTH = 206  # inside a box
MAX_TOKENS, MAX_LOGITS, MAX_BARS = 6, 60, 5


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """The activations of a text of T tokens, and the distribution of the next token.

    `embedding` is (T, C); `attention_weights` (H, T, T) and `mlp_hidden` (T, 4C) are those of the
    last layer; `logits` (V,) and `probs` (V,) follow the last token; `ranked_ids` (V,) go from most
    to least likely. `labels` are the vocabulary's texts, `bos_id` is its BOS token or `None`.
    """

    text: str
    token_ids: tuple[int, ...]
    labels: Sequence[str]
    bos_id: int | None
    embedding: np.ndarray
    attention_weights: np.ndarray
    mlp_hidden: np.ndarray
    logits: np.ndarray
    probs: np.ndarray
    ranked_ids: np.ndarray

    @property
    def token_labels(self) -> list[str]:
        """The label of each token in the picture; BOS is "start"."""
        return [
            "start" if token == self.bos_id else visible(self.labels[token], 3)
            for token in self.token_ids
        ]


def draw_forward_pass(forward: ForwardPass) -> Drawing:
    """Draw six boxes from text to next token, with the actual shapes and numbers."""
    drawing = Drawing(WIDTH, HEIGHT, _caption(forward), "forward-pass")
    boxes = (_draw_tokens, _draw_embedding, _draw_attention, _draw_mlp, _draw_logits, _draw_probs)
    for i, draw_box in enumerate(boxes):
        row, column = divmod(i, 3)
        x, y = column * COLUMN_WIDTH, row * ROW_HEIGHT
        drawing.add(Rect(x + 1, y + 1, BOX_WIDTH, BOX_HEIGHT, "none", "outline", 1.5))
        if column:
            drawing.add(Text(x - 10, y + 100, "→", "middle", bold=True))
        draw_box(drawing, forward, x + 10, y + 20)
    drawing.add(Text(WIDTH / 2 - 10, 206, "then, for the last token: 4, 5, 6", "middle"))
    drawing.details_html = _details(forward)
    return drawing


def _draw_heading(
    drawing: Drawing, x: float, y: float, title: str, shape: str, notebook: str
) -> None:
    drawing.add(
        Text(x, y, title, bold=True),
        Text(x, y + 18, shape, css_class="shape"),
        Text(x, y + 162, f"notebook {notebook}"),
    )


def _draw_tokens(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    T = len(forward.token_ids)
    _draw_heading(drawing, x, y, "1 tokens", f"{T} whole number{'s' if T > 1 else ''}", "04")
    pairs = zip(forward.token_labels, forward.token_ids, strict=True)
    for i, (label, token) in enumerate(pairs):
        if i == MAX_TOKENS:
            drawing.add(Text(x, y + 146, "…"))
            break
        drawing.add(Text(x, y + 46 + 18 * i, f"{label} → {token}"))


def _draw_embedding(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    T, C = forward.embedding.shape
    _draw_heading(drawing, x, y, "2 embedding", f"({T}, {C}): {C} numbers a token", "05")
    _draw_heatmap(drawing, forward.embedding[-8:, :32], x, y + 36, PLOT_WIDTH, 90)
    first_three = ", ".join(f"{value:.2f}" for value in forward.embedding[-1, :3])
    drawing.add(Text(x, y + 143, f"last row: {first_three} …"))


def _draw_attention(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    H, T, _ = forward.attention_weights.shape
    _draw_heading(drawing, x, y, "3 attention", f"({H}, {T}, {T}): {H} heads look back", "06")
    head = forward.attention_weights[0]
    _draw_heatmap(drawing, head[-8:, -8:], x, y + 36, 90, 90)
    drawing.add(Text(x + 100, y + 46, "head 1, last row:"))
    labels = forward.token_labels
    for i, key in enumerate(np.argsort(-head[-1])[:4].tolist()):
        weight = format_prob(float(head[-1, key]))
        drawing.add(Text(x + 100, y + 64 + 17 * i, f"{labels[key]} {weight}"))


def _draw_mlp(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    T, hidden_size = forward.mlp_hidden.shape
    _draw_heading(drawing, x, y, "4 MLP", f"({T}, {hidden_size}): each token by itself", "07")
    last = forward.mlp_hidden[-1]
    columns = min(hidden_size, 16)
    grid = last[: hidden_size // columns * columns].reshape(-1, columns)[:8]
    _draw_heatmap(drawing, grid, x, y + 36, PLOT_WIDTH, 90)
    drawing.add(Text(x, y + 143, f"{int((last > 0).sum())} of {hidden_size} are above 0"))


def _draw_logits(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    logits = forward.logits
    _draw_heading(drawing, x, y, "5 logits", f"({len(logits)},): one score a token", "07")
    shown, zero_line = logits[:MAX_LOGITS], y + 86
    bar_width, max_logit = PLOT_WIDTH / len(shown), float(np.abs(logits).max()) or 1.0
    drawing.add(Line(x, zero_line, x + PLOT_WIDTH, zero_line))
    for i, logit in enumerate(shown.tolist()):
        height = 44 * abs(logit) / max_logit
        fill, top = ("blue", zero_line - height) if logit > 0 else ("orange", zero_line)
        drawing.add(Rect(x + i * bar_width, top, max(1.0, bar_width - 1), height, fill))
    drawing.add(Text(x, y + 143, f"from {logits.min():.2f} to {logits.max():.2f}"))


def _draw_probs(drawing: Drawing, forward: ForwardPass, x: float, y: float) -> None:
    V = len(forward.probs)
    _draw_heading(drawing, x, y, "6 chances", f"({V},): they sum to 1", "03 and 09")
    max_prob = float(forward.probs[forward.ranked_ids[0]])
    for i, token in enumerate(forward.ranked_ids[:MAX_BARS].tolist()):
        prob = float(forward.probs[token])
        top = y + 36 + 21 * i
        drawing.add(
            Text(x + 28, top + 13, visible(forward.labels[token], 4), "end", bold=True),
            Rect(x + 34, top + 2, 110 * prob / max_prob, 13, "blue"),
            Text(x + 150, top + 13, format_prob(prob)),
        )


def _draw_heatmap(
    drawing: Drawing, values: np.ndarray, x: float, y: float, width: float, height: float
) -> None:
    """Draw a Hinton diagram: squares whose area is the value, blue above 0, orange below."""
    rows, columns = values.shape
    cell_width, cell_height = width / columns, min(height / rows, 20.0)
    max_value = float(np.abs(values).max()) or 1.0
    for row in range(rows):
        for column in range(columns):
            value = float(values[row, column])
            side = (abs(value) / max_value) ** 0.5  # as a share of the cell
            drawing.add(
                Rect(
                    x + (column + 0.5 - side / 2) * cell_width,
                    y + (row + 0.5 - side / 2) * cell_height,
                    cell_width * side, cell_height * side, "blue" if value > 0 else "orange",
                )
            )  # fmt: skip


def _caption(forward: ForwardPass) -> str:
    T, V, best = len(forward.token_ids), len(forward.probs), int(forward.ranked_ids[0])
    return (
        f"{quoted_text(forward.text)} becomes {T} token{'s' * (T > 1)}, each "
        f"{forward.embedding.shape[1]} numbers; "
        "attention mixes them, the MLP works on each, and the last one ends as "
        f"{V} chances, led by {quoted(forward.labels[best])} with "
        f"{format_prob(float(forward.probs[best]))}."
    )


def _details(forward: ForwardPass) -> str:
    rows = [
        (visible(forward.labels[token]), f"{forward.logits[token]:.6f}",
         f"{forward.probs[token]:.6f}")
        for token in forward.ranked_ids[:60].tolist()
    ]  # fmt: skip
    return html_table(("token", "logit", "chance"), rows, "the last station", folded=True)
