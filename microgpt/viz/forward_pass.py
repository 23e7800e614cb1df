"""The journey of a text through a GPT: tokens, embeddings, attention, MLP, logits, chances."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.autograd.engine import naming, no_grad
from microgpt.backends import LOCK
from microgpt.models.gpt import GPT
from microgpt.pretrained import load_pretrained
from microgpt.sampling import SampledToken, ModelOrigin, next_token, tokenizer_of
from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import quoted, share, visible
from microgpt.viz.table import html_table

WIDTH, HEIGHT = 720, 412
BOX_WIDTH, BOX_HEIGHT = 226, 190


@dataclass(frozen=True)
class Stations:
    """What a model computed on the way, all for one text of T tokens.

    `embedding` (T, C), `weights` (H, T, T) of the last layer, `hidden` (T, 4C) of its MLP,
    `logits` (T, V), and the `choice` of the next token.
    """

    origin: ModelOrigin
    tokens: tuple[int, ...]
    embedding: np.ndarray
    weights: np.ndarray
    hidden: np.ndarray
    logits: np.ndarray
    choice: SampledToken


def journey(model: GPT | str, text: str, corpus: Any = None) -> Drawing:
    """One picture of what happens to `text` in `model`: true shapes, true numbers, six stations.

    The model is a GPT, or "names" or "story". `corpus` (or its tokenizer) says how the text is
    read, if the model was not trained here.
    """
    if isinstance(model, str):
        model = load_pretrained(model, backend="numpy").model
    stations = visit(ModelOrigin("model", model, tokenizer_of(model, corpus)), text)
    drawing = Drawing(WIDTH, HEIGHT, _caption(stations), "journey")
    steps = (_tokens, _embedding, _attention, _mlp, _logits, _chances)
    for place, draw in enumerate(steps):
        x, y = (place % 3) * 246, (place // 3) * 212
        drawing.add(Rect(x + 1, y + 1, BOX_WIDTH, BOX_HEIGHT, "none", "outline", 1.5))
        if place % 3:
            drawing.add(Text(x - 10, y + 100, "→", "middle", strong=True))
        draw(drawing, stations, x + 10, y + 20)
    drawing.add(Text(WIDTH / 2 - 10, 206, "then, for the last letter: 4, 5, 6", "middle"))
    drawing.details = _details(stations)
    return drawing


def visit(origin: ModelOrigin, text: str) -> Stations:
    """Run the model on a text and keep what passes each station."""
    tokens, kept = origin.start(text), {}

    def keep(name: str, node: Any) -> Any:
        kept[name] = node.numpy()
        return node

    with LOCK, no_grad(), naming(keep):
        logits = origin.model([list(tokens)]).numpy()[0]
    last = origin.model.config.n_layer - 1
    return Stations(
        origin, tokens, kept["embedding"][0], kept[f"h.{last}.attn.weights"][0],
        kept[f"h.{last}.mlp.hidden"][0], logits, next_token(logits[-1], u=0.0),
    )  # fmt: skip


def _labels(stations: Stations) -> list[str]:
    label, stop = stations.origin.label, stations.origin.stop
    return ["start" if token == stop else visible(label(token), 3) for token in stations.tokens]


def _title(drawing: Drawing, x: float, y: float, title: str, shape: str, notebook: str) -> None:
    drawing.add(
        Text(x, y, title, strong=True),
        Text(x, y + 18, shape, role="shape"),
        Text(x, y + 162, f"notebook {notebook}"),
    )


def _tokens(drawing: Drawing, stations: Stations, x: float, y: float) -> None:
    many = len(stations.tokens)
    _title(drawing, x, y, "1 tokens", f"{many} whole number{'s' if many > 1 else ''}", "04")
    for place, (label, token) in enumerate(zip(_labels(stations), stations.tokens, strict=True)):
        if place == 6:
            drawing.add(Text(x, y + 146, "…"))
            break
        drawing.add(Text(x, y + 46 + 18 * place, f"{label} → {token}"))


def _embedding(drawing: Drawing, stations: Stations, x: float, y: float) -> None:
    T, C = stations.embedding.shape
    _title(drawing, x, y, "2 embedding", f"({T}, {C}): {C} numbers a token", "05")
    _heat(drawing, stations.embedding[-8:, :32], x, y + 36, 206, 90)
    first = ", ".join(f"{number:.2f}" for number in stations.embedding[-1, :3])
    drawing.add(Text(x, y + 143, f"last row: {first} …"))


def _attention(drawing: Drawing, stations: Stations, x: float, y: float) -> None:
    H, T, _ = stations.weights.shape
    _title(drawing, x, y, "3 attention", f"({H}, {T}, {T}): {H} heads look back", "06")
    head = stations.weights[0]
    _heat(drawing, head[-8:, -8:], x, y + 36, 90, 90)
    drawing.add(Text(x + 100, y + 46, "head 1, last row:"))
    labels = _labels(stations)
    for place, at in enumerate(np.argsort(-head[-1])[:4].tolist()):
        drawing.add(
            Text(x + 100, y + 64 + 17 * place, f"{labels[at]} {share(float(head[-1, at]))}")
        )


def _mlp(drawing: Drawing, stations: Stations, x: float, y: float) -> None:
    T, wide = stations.hidden.shape
    _title(drawing, x, y, "4 MLP", f"({T}, {wide}): each token by itself", "07")
    last = stations.hidden[-1]
    row = min(wide, 16)
    rows = last[: wide // row * row].reshape(-1, row)[:8]
    _heat(drawing, rows, x, y + 36, 206, 90)
    drawing.add(Text(x, y + 143, f"{int((last > 0).sum())} of {wide} are above 0"))


def _logits(drawing: Drawing, stations: Stations, x: float, y: float) -> None:
    row = stations.logits[-1]
    _title(drawing, x, y, "5 logits", f"({len(row)},): one score a token", "07")
    shown, middle = row[:60], y + 86
    step, top = 206 / len(shown), float(np.abs(row).max()) or 1.0
    drawing.add(Line(x, middle, x + 206, middle))
    for place, logit in enumerate(shown.tolist()):
        tall = 44 * abs(logit) / top
        fill, high = ("blue", middle - tall) if logit > 0 else ("orange", middle)
        drawing.add(Rect(x + place * step, high, max(1.0, step - 1), tall, fill))
    drawing.add(Text(x, y + 143, f"from {row.min():.2f} to {row.max():.2f}"))


def _chances(drawing: Drawing, stations: Stations, x: float, y: float) -> None:
    choice = stations.choice
    V = len(choice.order)
    _title(drawing, x, y, "6 chances", f"({V},): they sum to 1", "03 and 09")
    top = float(choice.probabilities[choice.order[0]])
    for place, token in enumerate(choice.order[:5].tolist()):
        chance = float(choice.probabilities[token])
        line = y + 36 + 21 * place
        label = visible(stations.origin.label(token), 4)
        drawing.add(
            Text(x + 28, line + 13, label, "end", strong=True),
            Rect(x + 34, line + 2, 110 * chance / top, 13, "blue"),
            Text(x + 150, line + 13, share(chance)),
        )


def _heat(
    drawing: Drawing, numbers: np.ndarray, x: float, y: float, width: float, height: float
) -> None:
    """Numbers as squares whose size is their size: blue above 0, orange below."""
    rows, columns = numbers.shape
    wide, high = width / columns, min(height / rows, 20.0)
    most = float(np.abs(numbers).max()) or 1.0
    for row in range(rows):
        for column in range(columns):
            number = float(numbers[row, column])
            part = (abs(number) / most) ** 0.5
            drawing.add(
                Rect(
                    x + (column + 0.5 - part / 2) * wide, y + (row + 0.5 - part / 2) * high,
                    wide * part, high * part, "blue" if number > 0 else "orange",
                )
            )  # fmt: skip


def _caption(stations: Stations) -> str:
    choice, label = stations.choice, stations.origin.label
    first = int(choice.order[0])
    shown = "".join(_labels(stations)[stations.origin.stop is not None :])
    return (
        f'"{shown}" becomes {len(stations.tokens)} token{"s" * (len(stations.tokens) > 1)}, each '
        f"{stations.embedding.shape[1]} numbers; attention mixes them, the MLP works on each, and "
        f"the last one ends as {len(choice.order)} chances, led by {quoted(label(first))} with "
        f"{share(float(choice.probabilities[first]))}."
    )


def _details(stations: Stations) -> str:
    choice, last = stations.choice, stations.logits[-1]
    rows = [
        (visible(stations.origin.label(token)), f"{last[token]:.6f}",
         f"{choice.probabilities[token]:.6f}")
        for token in choice.order[:60].tolist()
    ]  # fmt: skip
    return html_table(("token", "logit", "chance"), rows, "the last station", folded=True)
