"""The three charts of a circuit: lines as positions between 0 and 1 from the left and the top."""

from dataclasses import dataclass

import numpy as np

from microgpt.plain_text import with_minus
from microgpt.viz.axis import value_ticks
from microgpt.viz.circuit.data import CircuitPicture, head_name

STYLES = (
    ("first", "first other"),
    ("second", "second other"),
)  # by layer: the head told of, others

Point = tuple[float, float]


@dataclass(frozen=True)
class ChartLine:
    """A line, its name and CSS class; what it is at the snapshot, as a text and as a height."""

    name: str
    css_class: str
    points: tuple[Point, ...]
    value: str
    y: float


@dataclass(frozen=True)
class Chart:
    """A chart under `title`: `ticks` are heights with labels, `level` is a dashed line's."""

    title: str
    lines: tuple[ChartLine, ...]
    ticks: tuple[tuple[float, str], ...]
    level: tuple[float, str] | None = None


def step_positions(shown: CircuitPicture) -> np.ndarray:
    """Return where each snapshot is from the left, (S,)."""
    return np.array(shown.steps) / shown.steps[-1]


def step_ticks(shown: CircuitPicture) -> list[tuple[float, str]]:
    """Return the ticks of the axis of steps."""
    last = shown.steps[-1]
    return [(step / last, f"{step:,.0f}") for step in value_ticks(0, last, 3) if step % 1 == 0]


def charts(shown: CircuitPicture) -> tuple[Chart, ...]:
    """Return the charts of the loss, of the weights, and of the losses without each head."""
    top = max(float(shown.losses.max()), shown.blind_loss)
    loss = _chart(
        "loss where the next letter can be known",
        [("the model", "model", shown.losses, "{:.2f}")], shown, (0.0, top),
        (shown.blind_loss, f"knowing nothing {shown.blind_loss:.2f}"),
    )  # fmt: skip
    weights = _chart(
        "weight of layer 1 on the letter before, of layer 2 after copies",
        _heads(shown, (shown.previous, shown.following), "{:.0%}"), shown,
        (0.0, float(max(shown.previous.max(), shown.following.max()))),
    )  # fmt: skip
    rises = _chart(
        "rise of the loss without one head",
        _heads(shown, (shown.rises[:, 0], shown.rises[:, 1]), "{:+.2f}"), shown,
        (0.0, max(0.1, float(shown.rises.max()))),  # what is below 0 is below the axis
    )  # fmt: skip
    return loss, weights, rises


def _heads(
    shown: CircuitPicture, values: tuple[np.ndarray, np.ndarray], form: str
) -> list[tuple[str, str, np.ndarray, str]]:
    """Return name, CSS class, values (S,) and format of the line of each head."""
    told = shown.first_head, shown.second_head
    return [
        (head_name(layer, head), STYLES[layer][head != told[layer]], of_layer[:, head], form)
        for layer, of_layer in enumerate(values)
        for head in range(of_layer.shape[1])
    ]


def _chart(
    title: str,
    lines: list[tuple[str, str, np.ndarray, str]],
    shown: CircuitPicture,
    limits: tuple[float, float],
    level: tuple[float, str] | None = None,
) -> Chart:
    low, high = limits
    first, second, *_ = value_ticks(low, high, 3)
    unit = second - first
    high = unit * np.ceil(high / unit - 1e-9)

    def height(value: float) -> float:
        return float((high - value) / (high - low))

    x = step_positions(shown)
    is_share = all(form == "{:.0%}" for *_, form in lines)
    ticks = value_ticks(low, high, 4)
    labels = [f"{100 * tick:.0f} %" if is_share else f"{tick:g}" for tick in ticks]
    return Chart(
        title,
        tuple(
            ChartLine(
                name, css_class, tuple(zip(x.tolist(), map(height, values), strict=True)),
                _value(form, values[shown.snapshot]), height(values[shown.snapshot]),
            )
            for name, css_class, values, form in lines
        ),
        tuple(zip(map(height, ticks), labels, strict=True)),
        None if level is None else (height(level[0]), level[1]),
    )  # fmt: skip


def _value(form: str, value: float) -> str:
    text = with_minus(form.format(round(value, 4) + 0.0)).replace("%", " %")
    return text.replace("−0.00", "+0.00")
