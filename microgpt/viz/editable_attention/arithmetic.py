"""How one weight is computed, as a chain of equations that can be checked by hand.

Each equation is computed from the numbers printed in it, so that it is true as it stands. The
operands that the chain takes from the model (query · key, the row's largest score and its sum) have
three decimals, or as many more as lead to the model's own weight.
"""

from math import exp, floor, log10
from typing import NamedTuple

from microgpt.plain_text import with_minus
from microgpt.viz.editable_attention.data import AttentionPicture, CellArithmetic
from microgpt.viz.editable_attention.labels import token_label
from microgpt.viz.formatting import power_of_ten

DECIMALS, MAX_DECIMALS = 3, 7
HUGE = 1e9  # scores from here on are those of masked cells


class Step(NamedTuple):
    """An equation: `text`, `power` as an exponent, `result`; `label` says what it does.

    `short_label` says it where there is no room for more, "" if the equation needs no label there.
    """

    label: str
    text: str
    power: str = ""
    result: str = ""
    short_label: str = ""

    @property
    def plain(self) -> str:
        """The equation where nothing can be raised: e^(−0.3) = 0.741."""
        power = f"^({self.power})" if self.power else ""
        power = "^0" if self.power == "0" else power
        start = "" if "=" in self.text + self.result else f"{self.label} = "
        return f"{start}{self.text}{power}{self.result}"


class _Chain(NamedTuple):
    """The numbers of the chain, each rounded to the same number of decimals."""

    product: float
    scaled: float
    row_max: float
    difference: float
    power: float
    row_sum: float
    weight: float


def arithmetic_title(picture: AttentionPicture) -> str:
    """Return which weight it is, and of which head, if the picture shows the mean of all."""
    row, column = (token_label(picture, i) for i in (picture.row, picture.column))
    head = f"head {picture.arithmetic.head + 1}"
    if picture.head is None and picture.num_heads > 1:
        head += f" (above: the mean of {picture.num_heads})"
    return f"{row} looks at {column}, {head}"


def arithmetic_steps(a: CellArithmetic) -> list[Step]:
    """Return how the weight is computed; of a masked cell, with the score that replaces its own."""
    chain, decimals = _checked_chain(a)

    def number(value: float) -> str:
        return _format(value, decimals)

    root = a.head_dim**0.5
    score = number(chain.scaled * (root if a.is_scaled else 1) if a.is_masked else chain.product)
    largest = number(chain.row_max)
    subtracted = f"({largest})" if chain.row_max < 0 else largest
    steps = [Step("query · key", number(chain.product))]
    if a.is_scaled:
        label = "masked, then scaled" if a.is_masked else "scaled"
        steps.append(Step(label, f"{score} ÷ √{a.head_dim} = {number(chain.scaled)}"))
    else:
        label = f"{'masked, ' * a.is_masked}not divided by √{a.head_dim}"
        steps.append(Step(label, score))
    steps += [
        Step(
            "minus the row's largest, so that e to it is at most 1",
            f"{number(chain.scaled)} − {subtracted} = {number(chain.difference)}",
            short_label="minus the largest",
        ),
        Step("e to that", "e", number(chain.difference), f" = {number(chain.power)}"),
        Step(
            "weight: its share of the row's sum",
            f"{number(chain.power)} ÷ {number(chain.row_sum)} = {_format(chain.weight, DECIMALS)}",
        ),
    ]
    if a.is_cut:
        steps.append(Step("after the softmax", "0"))
    return steps


def _checked_chain(a: CellArithmetic) -> tuple[_Chain, int]:
    """Return the chain with the fewest decimals that lead to the weight, and their number."""
    weight = 0.0 if a.is_masked else exp(a.scaled - a.row_max) / a.row_sum
    for decimals in range(DECIMALS, MAX_DECIMALS):
        chain = _chain(a, decimals)
        if chain.weight == round(weight, DECIMALS):
            return chain, decimals
    return _chain(a, DECIMALS), DECIMALS


def _chain(a: CellArithmetic, decimals: int) -> _Chain:
    product = round(a.product, decimals)
    scaled = round(product / a.head_dim**0.5 if a.is_scaled else product, decimals)
    scaled = a.scaled if a.is_masked else scaled
    row_max = scaled if a.scaled == a.row_max else round(a.row_max, decimals)
    difference = scaled if a.is_masked else round(scaled - row_max, decimals)
    power = round(exp(difference), decimals)
    row_sum = round(a.row_sum, decimals)
    weight = round(power / row_sum, DECIMALS)
    return _Chain(product, scaled, row_max, difference, power, row_sum, weight)


def _format(value: float, decimals: int) -> str:
    """Format a number of the chain: 0.362, 0, 1, or −5 × 10²⁹."""
    if abs(value) >= HUGE:
        exponent = floor(log10(abs(value)) + 1e-9)
        mantissa = f"{abs(value) / 10.0**exponent:.3g}"
        times = "" if mantissa == "1" else f"{mantissa} × "
        return f"{'−' if value < 0 else ''}{times}{power_of_ten(exponent)}"
    return f"{value:.0f}" if value in (0, 1) else with_minus(f"{value:.{decimals}f}")
