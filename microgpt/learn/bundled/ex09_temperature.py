"""09.temperature: convert logits to probabilities with a temperature."""

import numpy as np

from microgpt.learn.bundled.probabilities import softmax, sums_to_one
from microgpt.learn.bundled.softmax_mistakes import overflows, was_clipped
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Property
from microgpt.learn.messages import message_section

HIGHEST_LOGIT = 700.0  # e to it is a float: a common kind of clipping


def temperature(logits, T):
    scaled = np.asarray(logits) / T
    exponentials = np.exp(scaled - scaled.max())
    return exponentials / exponentials.sum()


def _by_logarithms(logits, T):
    scaled = np.array(logits) / T
    top = scaled.max()
    return np.exp(scaled - top - np.log(np.exp(scaled - top).sum()))


def _without_maximum(logits, T):
    exponentials = np.exp(np.asarray(logits) / T)
    return exponentials / exponentials.sum()


def _random_logits(rng, sizes, temperatures):
    for size in sizes:
        for T in temperatures:
            yield np.round(rng.normal(size=size) * 2, 2), T


def _large_logits(rng):
    yield np.array([1000.0, 0.0]), 1.0
    yield np.array([3.0, 1.0]), 0.001


def _is_proportional(result, logits, T):
    """Whether the proportions of the result are right."""
    return np.allclose(result / result.sum(), temperature(logits, T), rtol=0, atol=1e-5)


def _rounded(digits):
    """Return the mistake of rounding the probabilities."""
    return CommonMistake(
        f"rounded to {digits} digits",
        lambda logits, T: temperature(logits, T).round(digits),
        _mistakes["rounded"].format(digits=digits),
    )


_texts = message_section("09.temperature")
_descriptions, _causes = _texts["properties"], _texts["causes"]
_mistakes = _texts["mistakes"]

# What learners compute instead, by the key of its cause. Where two agree, as at T = 1, the answer
# is right, or another case tells them apart.
FORMULAS = {
    "after_softmax": lambda logits, T: softmax(logits) / T,
    "no_effect": lambda logits, T: softmax(logits),
    "multiplied": lambda logits, T: softmax(logits * T),
    "twice": lambda logits, T: softmax(logits / T / T),
    "two_softmaxes": lambda logits, T: softmax(softmax(logits) / T),
    "no_softmax": lambda logits, T: logits / T,
    "no_exponential": lambda logits, T: logits / logits.sum(),
    "logarithms": lambda logits, T: np.log(temperature(logits, T)),
    "whole_division": lambda logits, T: softmax(logits // T),
}

TEMPERATURE = Exercise(
    id="09.temperature",
    signature="temperature(logits, T) -> probabilities",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        (np.array([2.0, 1.0, 0.1, -1.0]), 0.5), np.array([0.86193, 0.11665, 0.01928, 0.00214])
    ),
    difficulty=1,
    importance=4,
    minutes=4,
    prerequisites=("softmax",),
    hints=tuple(_texts["hints"]),
    solution=temperature,
    alternative_solutions=(_by_logarithms,),
    properties=(
        Property(
            _descriptions["sum_to_one"],
            lambda rng: _random_logits(rng, (1, 2, 4), (0.5, 2.0)),
            sums_to_one,
            cause=_causes["sum_to_one"],
        ),
        Property(_descriptions["at_one"], lambda rng: _random_logits(rng, (2, 5), (1.0,))),
        Property(
            _descriptions["other_temperatures"],
            lambda rng: _random_logits(rng, (2, 3, 8, 27), (0.25, 0.5, 2.0, 10.0)),
        ),
        Property(_descriptions["large_logits"], _large_logits),
    ),
    common_mistakes=(
        *(
            CommonMistake(key.replace("_", " "), formula, _mistakes[key])
            for key, formula in FORMULAS.items()
        ),
        *map(_rounded, (2, 3, 4)),
        CommonMistake(
            "not normalised",
            lambda logits, T: softmax(logits) ** (1 / T),
            _mistakes["not_normalised"],
            matches=_is_proportional,
        ),
        CommonMistake(
            "no maximum subtracted",
            _without_maximum,
            _mistakes["overflow"],
            matches=lambda result, logits, T: overflows(result, logits / T),
        ),
        CommonMistake(
            "clipped",
            lambda logits, T: softmax(np.minimum(logits / T, HIGHEST_LOGIT)),
            _mistakes["clipped"],
            matches=lambda result, logits, T: was_clipped(result, logits / T),
        ),
    ),
)
