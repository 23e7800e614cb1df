"""What notebook 07 claims: gradients, alike letters and losses without residuals or norms."""

from math import log10
from typing import Any

import numpy as np

import microgpt as mg

from .claim import THOUSANDTHS

MLP_OUT = "h.0.mlp.out"  # in a model of one layer

CLAIMS = {
    "plain_gradient": "log10 of the first layer's gradient with neither, over that with both",
    "plain_last_gradient": "the same of the last layer",
    "plain_shrinks": "log10 of the factor by which a block with neither changes the size of x",
    "norms_only_and_both": "loss of 12 layers with norms alone, less that with both",
    "norms_only_and_letters": "per cent of what counting letters gains that norms alone gain",
    "cosine_without_residuals": "cosine between letters with norms alone, less that with both",
    "cosine_after_training": "the same after 100 steps",
    "norms_in_twelve_layers": "loss of 12 layers without norms, in thousandths above both",
    "large_start_without_norms": "log10 of the loss at a large start without norms, over with both",
    "removed_mlp_and_others": "per cent of exact predictions, of the MLP less the best other part",
    "without_residuals": "loss of 1 layer without residual connections, in thousandths above all",
    "without_norms": "the same without norms",
    "without_mlp": "the same without the MLP",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed: of the parameters, and of the order of the names."""
    board = mg.learn.scoreboard(cells.names, max_n=1)
    nothing, letters = (score.loss for score in board.scores)

    def loss(name: str, model: Any, **settings: Any) -> float:
        board.add(name, cells.train_one(model, seed=seed, **settings))
        return board.scores[-1].loss

    def build(**settings: Any) -> Any:
        return cells.build(seed=seed, **settings)

    plain = build(residual=False, norm=False)
    plain_sizes = cells.sizes_of_x(plain, cells.batch)
    plain_gradients = cells.gradient_sizes(plain, cells.batch)
    gradients = cells.gradient_sizes(build(), cells.batch)
    start = {
        norm: cells.build_large(norm, seed).loss(*cells.batch).item() for norm in (False, True)
    }
    cosine = {
        residual: cells.mean_cosines(build(residual=residual), cells.batch)[-1]
        for residual in (False, True)
    }
    norms_only, both = loss("norms only", build(residual=False)), loss("both", build())
    without_norms = loss("residuals only", build(norm=False))
    trained_cosine = [
        cells.mean_cosines(board[name], cells.batch)[-1] for name in ("norms only", "both")
    ]
    one_layer = {
        without: loss(f"without {without}", cells.build_one_layer(without, seed))
        for without in (None, "residual connections", "norms", "MLP")
    }
    writer = cells.train_one(cells.build_one_layer(seed=seed), seed=seed, steps=400).model
    exact = _exact_shares(cells.removals(writer, _beginnings(cells.held_out, seed)))
    others = [share for part, share in exact.items() if part != MLP_OUT]
    return {
        "plain_gradient": log10(plain_gradients[0] / gradients[0]),
        "plain_last_gradient": log10(plain_gradients[-1] / gradients[-1]),
        "plain_shrinks": log10(plain_sizes[-1] / plain_sizes[0]) / (len(plain_sizes) - 1),
        "norms_only_and_both": norms_only - both,
        "norms_only_and_letters": 100 * (nothing - norms_only) / (nothing - letters),
        "cosine_without_residuals": cosine[False] - cosine[True],
        "cosine_after_training": trained_cosine[0] - trained_cosine[1],
        "norms_in_twelve_layers": THOUSANDTHS * (without_norms - both),
        "large_start_without_norms": log10(start[False] / start[True]),
        "removed_mlp_and_others": 100 * (exact[MLP_OUT] - max(others)),
        "without_residuals": THOUSANDTHS * (one_layer["residual connections"] - one_layer[None]),
        "without_norms": THOUSANDTHS * (one_layer["norms"] - one_layer[None]),
        "without_mlp": THOUSANDTHS * (one_layer["MLP"] - one_layer[None]),
    }


def _beginnings(held_out: Any, seed: int) -> list[str]:
    """Three letters of a hundred held-out names, others for each seed."""
    return [name[:3] for name in np.random.default_rng(seed).permutation(list(held_out))[:100]]


def _exact_shares(effects: Any) -> dict[str, float]:
    """For each part the share of cases whose fall is its contribution, to within a tenth."""
    return {
        part: float(np.mean(abs(fall - contribution) <= 0.1 * abs(contribution)))
        for part, (contribution, fall) in effects.items()
    }
