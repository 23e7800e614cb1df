"""`ScalingLaw`: the loss as a function of parameters and tokens, and its fit by least squares."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from microgpt.errors import ShapeError

MAX_ITERATIONS = 300
DAMPING = (1e-2, 1e12)  # at first, and where a fit ends
# Where fits begin: logarithms of the floor, of both terms in the middle of the runs, and of their
# exponents. Of several beginnings the best end is taken, since some end in a worse place.
STARTS = np.log(
    [
        (floor, 0.05, 0.6, 0.05, 0.5, gamma)
        for floor, gamma in product((0.5, 1.5, 2.2), (0.25, 0.5, 1.0))
    ]
)


@dataclass(frozen=True)
class ScalingLaw:
    """loss(N, D) = floor + (A / N^alpha + B / D^beta)^gamma, for N parameters and D tokens.

    `floor` is the loss that neither a larger model nor more tokens take away, in nats per token.
    With gamma below 1, a small model gains less from more tokens than a large one. Kaplan et al.
    2020 fit floor = 0 and beta = 1, Hoffmann et al. 2022 gamma = 1.
    """

    floor: float
    A: float
    alpha: float
    B: float
    beta: float
    gamma: float = 1.0

    def __str__(self) -> str:
        size, data = f"{self.A:,.3g} / N^{self.alpha:.2f}", f"{self.B:,.3g} / D^{self.beta:.2f}"
        return f"{self.floor:.2f} + ({size} + {data})^{self.gamma:.2f}"

    def loss(self, parameters: Any, tokens: Any) -> Any:
        """Return the loss for N parameters and D tokens; numbers, or arrays of one shape.

        A number counts for all of an array. Raises ShapeError for arrays of two shapes.
        """
        N, D = np.asarray(parameters, np.float64), np.asarray(tokens, np.float64)
        if N.shape != D.shape and N.ndim and D.ndim:
            raise ShapeError(
                f"parameters and tokens must have one shape; got {N.shape} and {D.shape}; give as "
                "many of both, or a number for one of them"
            )
        if not ((N > 0).all() and (D > 0).all()):
            raise ShapeError(
                f"parameters and tokens must be above 0; got {N.min():g} and {D.min():g}; give "
                "the model's parameters, and the tokens that it is trained on"
            )
        loss = self.floor + (self.A / N**self.alpha + self.B / D**self.beta) ** self.gamma
        return loss if loss.ndim else float(loss)


def fit_laws(
    settings: np.ndarray, losses: np.ndarray, starts: np.ndarray
) -> tuple[list[ScalingLaw], np.ndarray]:
    """Fit a law to each row of losses (L, S); return the laws and their mean squared errors (L,).

    settings (S, 2) are parameters and tokens, starts (L, 6) where each fit begins. All rows take
    the steps of Levenberg and Marquardt side by side, on the logarithms of the six numbers, so that
    all stay above 0.
    """
    centre = _centre(settings)
    log_sizes = np.log(settings) - centre
    numbers = np.array(starts, np.float64)
    damping = np.full(len(losses), DAMPING[0])
    predicted, slopes = _losses_and_slopes(numbers, log_sizes)
    errors = ((predicted - losses) ** 2).mean(axis=1)
    for _ in range(MAX_ITERATIONS):
        curvature = slopes.transpose(0, 2, 1) @ slopes  # (L, 6, 6)
        diagonal = np.einsum("lii->li", curvature)
        diagonal += damping[:, None] * diagonal + 1e-12  # einsum gives a view: damped in place
        downhill = slopes.transpose(0, 2, 1) @ (losses - predicted)[:, :, None]
        tried = numbers + np.clip(np.linalg.solve(curvature, downhill)[:, :, 0], -1.0, 1.0)
        tried_predicted, tried_slopes = _losses_and_slopes(tried, log_sizes)
        tried_errors = ((tried_predicted - losses) ** 2).mean(axis=1)
        better = tried_errors < errors
        damping = np.where(better, damping / 3, np.minimum(damping * 4, DAMPING[1]))
        numbers[better], errors[better] = tried[better], tried_errors[better]
        predicted[better], slopes[better] = tried_predicted[better], tried_slopes[better]
        if (damping >= DAMPING[1]).all():
            break
    return [_law(row, centre) for row in numbers], errors


def law_to_start(law: ScalingLaw, settings: np.ndarray) -> np.ndarray:
    """Return a law as the beginning of fits to other losses of the same settings."""
    N, D = np.exp(_centre(settings))
    terms = law.A / N**law.alpha, law.alpha, law.B / D**law.beta, law.beta
    return np.log([law.floor, *terms, law.gamma])


def _centre(settings: np.ndarray) -> np.ndarray:
    """Return the mean logarithms of parameters and tokens: there, all numbers are of one size."""
    return np.log(settings).mean(axis=0)


def _losses_and_slopes(numbers: np.ndarray, log_sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the losses (L, S) of laws (L, 6), and their derivatives by the six numbers."""
    floor, _, alpha, _, beta, gamma = np.exp(numbers.T)[:, :, None]
    n, d = log_sizes.T
    size, data = np.exp(numbers[:, 1, None] - alpha * n), np.exp(numbers[:, 3, None] - beta * d)
    both = size + data
    power = both**gamma
    outer = gamma * power / both
    slopes = (
        floor + 0 * n, outer * size, -outer * size * alpha * n,
        outer * data, -outer * data * beta * d, gamma * power * np.log(both),
    )  # fmt: skip
    return floor + power, np.stack(slopes, axis=2)


def _law(numbers: np.ndarray, centre: np.ndarray) -> ScalingLaw:
    floor, size, alpha, data, beta, gamma = np.exp(numbers)
    A, B = size * np.exp(alpha * centre[0]), data * np.exp(beta * centre[1])
    return ScalingLaw(*map(float, (floor, A, alpha, B, beta, gamma)))
