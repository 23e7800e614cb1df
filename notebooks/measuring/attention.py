"""What notebook 06 claims: what looking back is worth, leaks, edits, heads, and copying."""

import math
from typing import Any

import numpy as np

from microgpt.widgets.induction_training import train_induction

from .claim import THOUSANDTHS

ONE_JOB = 0.9  # of its weight in one place: so much would be a head with one job

CLAIMS = {
    "root_of_d": "letters looked at by keys of 64 numbers, with √d less without",
    "equal_shares_and_nothing": "loss with equal shares, less that of no attention, in thousandths",
    "learned_and_equal_shares": "loss with learned shares, less that with equal, in thousandths",
    "missing_mask": "training loss after 300 steps without a mask, less that with it",
    "late_mask": "the same with the mask after the softmax",
    "missing_mask_in_writing": "held-out loss with a mask of what learned without, less with",
    "mask_and_cut": "ln of the rise if the letter before is masked, over that if it is cut",
    "no_clean_job": "largest mean weight of a head on one place, less 0.9",
    "one_head_and_four": "loss with one head, less that with four, in thousandths",
    "learning_without_root": "loss without √d, less that with it, in thousandths",
    "copying_needs_attention": "share of copied letters, period 3, less that without attention",
    "three_back_is_not_copying": "the same, less that for periods that were not learned",
    "copying_all_lengths": "share copied for periods 4 to 6 if these are learned, less if only 3",
    "loss_and_second_layer": "correlation of the falls of the loss with the rises of a weight",
    "second_layer_needs_first": "this weight after training, less that without the first layer",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed, which draws weights, batches and texts."""
    learned = cells.train_with(None, cells.names, seed=seed)
    learned_loss = learned.evaluate().loss
    equal_loss, none_loss, one_head_loss, no_root_loss = (
        cells.held_out_loss(attention, cells.names, seed=seed, **settings)
        for attention, settings in (
            (cells.equal_shares, {}),
            (cells.nothing, {}),
            (None, {"n_head": 1}),
            (cells.no_root, {}),
        )
    )
    in_thousandths = {
        "equal_shares_and_nothing": equal_loss - none_loss,
        "learned_and_equal_shares": learned_loss - equal_loss,
        "one_head_and_four": one_head_loss - learned_loss,
        "learning_without_root": no_root_loss - learned_loss,
    }
    return {
        "root_of_d": _letters_gained(cells, seed),
        **{claim: THOUSANDTHS * effect for claim, effect in in_thousandths.items()},
        **_leaks(cells, seed),
        **_edits(cells, learned.model),
        **_copying(cells, seed),
        **_circuit(seed),
    }


def _letters_gained(cells: Any, seed: int, d: int = 64) -> float:
    scores = cells.random_scores(d, seed)
    return cells.letters_looked_at(scores / np.sqrt(d)) - cells.letters_looked_at(scores)


def _leaks(cells: Any, seed: int) -> dict[str, float]:
    masked, missing, late = (
        cells.train_with(attention, cells.names, steps=300, seed=seed)
        for attention in cells.masks.values()
    )
    loss = cells.mean_loss(masked, 300)
    return {
        "missing_mask": cells.mean_loss(missing, 300) - loss,
        "late_mask": cells.mean_loss(late, 300) - loss,
        "missing_mask_in_writing": missing.evaluate().loss - masked.evaluate().loss,
    }


def _edits(cells: Any, model: Any) -> dict[str, float]:
    held = cells.padded(cells.held_out)
    unedited = cells.loss_with(model, held)
    masking = cells.loss_with(model, held, scores=cells.mask_before) - unedited
    cutting = cells.loss_with(model, held, weights=cells.cut_after) - unedited
    on_places = cells.weights_on_places(model, held)
    return {
        "mask_and_cut": math.log(masking / cutting),
        "no_clean_job": float(max(map(max, on_places))) - ONE_JOB,
    }


def _copying(cells: Any, seed: int) -> dict[str, float]:
    without = cells.trained_to_copy([3], 100, cells.nothing, seed)
    of_three = cells.trained_to_copy([3], 100, seed=seed)
    of_all = cells.trained_to_copy([3, 4, 5, 6], 600, seed=seed)
    others, others_of_all = (
        float(np.mean([shares[period] for period in (4, 5, 6)])) for shares in (of_three, of_all)
    )
    return {
        "copying_needs_attention": of_three[3] - without[3],
        "three_back_is_not_copying": of_three[3] - others,
        "copying_all_lengths": others_of_all - others,
    }


def _circuit(seed: int) -> dict[str, float]:
    """Follow the head of the second layer that looks most at what came next, after training."""
    history = train_induction(seed=seed)
    head = int(history.following[-1].argmax())
    weight, without = history.following[:, head], history.following_without[:, head]
    return {
        "loss_and_second_layer": float(
            np.corrcoef(-np.diff(history.losses), np.diff(weight))[0, 1]
        ),
        "second_layer_needs_first": float(weight[-1] - without[-1]),
    }
