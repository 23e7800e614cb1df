"""What notebook 06 claims: what looking back is worth, leaks, edits, heads, and copying."""

from typing import Any

import numpy as np

import microgpt as mg
from microgpt.widgets.induction_training import train_induction

from .claim import THOUSANDTHS

PERIODS = range(5, 13)  # after which the texts repeat that one and two layers learn from

CLAIMS = {
    "root_of_d": "letters looked at by keys of 64 numbers, with √d less without",
    "position_counted": "loss of pairs counted by position, less that of pairs, in thousandths",
    "no_attention_and_triples": "loss without attention, less that of triples, in thousandths",
    "equal_shares_and_nothing": "loss with equal shares, less that of no attention, in thousandths",
    "learned_and_equal_shares": "loss with learned shares, less that with equal, in thousandths",
    "missing_mask": "training loss after 300 steps without a mask, less that with it",
    "late_mask": "the same with the mask after the softmax",
    "missing_mask_in_writing": "held-out loss with a mask of what learned without, less with",
    "ends_at_once": "its probability of an end at once, less that of what learned with a mask",
    "mask_and_cut": "rise if the letter before is masked, less that if it is cut, in thousandths",
    "one_head_and_four": "loss with one head, less that with four, in thousandths",
    "learning_without_root": "loss without √d, less that with it, in thousandths",
    "copying_needs_attention": "share of copied letters, period 3, less that without attention",
    "three_back_is_not_copying": "the same, less that for periods that were not learned",
    "multiples_of_three": "its weight on letters 3, 6, 9 … before the guess, less a third",
    "copying_all_lengths": "share copied for periods 4 to 6 if these are learned, less if only 3",
    "no_other_lengths": "the same, less that for periods 7 and 8, which were not learned",
    "two_layers_copy": "share copied by two layers that learned 5 to 12, less that by one",
    "two_layers_new_lengths": "the same for periods 3 and 4, which were not learned",
    "loss_and_second_layer": "correlation of the falls of the loss with the rises of a weight",
    "second_layer_needs_first": "this weight after training, less that without the first layer",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed, which draws weights, batches and texts."""
    losses = _losses(cells, seed)
    learned = losses["learned"]
    in_thousandths = {
        "position_counted": losses["by position"] - losses["pairs counted"],
        "no_attention_and_triples": losses["nothing"] - losses["triples counted"],
        "equal_shares_and_nothing": losses["equal"] - losses["nothing"],
        "learned_and_equal_shares": learned - losses["equal"],
        "one_head_and_four": losses["one head"] - learned,
        "learning_without_root": losses["no root"] - learned,
        "mask_and_cut": _masked_less_cut(cells, losses["model"]),
    }
    return {
        "root_of_d": _letters_gained(cells, seed),
        **{claim: THOUSANDTHS * effect for claim, effect in in_thousandths.items()},
        **_leaks(cells, seed),
        **_copying(cells, seed),
        **_layers(cells, seed),
        **_circuit(seed),
    }


def _losses(cells: Any, seed: int) -> dict[str, Any]:
    """Losses on all held-out names, all on one board; `model` is the one with learned shares."""
    board = mg.learn.scoreboard(cells.names, max_n=3)
    board.add("by position", cells.pairs_by_position(board))
    for name, attention, settings in (
        ("nothing", cells.nothing, {}),
        ("equal", cells.equal_shares, {}),
        ("learned", None, {}),
        ("one head", None, {"n_head": 1}),
        ("no root", cells.no_root, {}),
    ):
        cells.add_trained(board, name, attention, "", seed, **settings)
    return {**{score.name: score.loss for score in board.scores}, "model": board["learned"]}


def _letters_gained(cells: Any, seed: int, d: int = 64) -> float:
    scores = cells.random_scores(d, seed)
    return cells.letters_looked_at(scores / np.sqrt(d)) - cells.letters_looked_at(scores)


def _leaks(cells: Any, seed: int) -> dict[str, float]:
    masked, missing, late = (
        cells.train_with(attention, cells.names, steps=300, seed=seed)
        for attention in cells.masks.values()
    )
    loss = cells.mean_loss(masked, 300)
    ends, ends_with_mask = (
        float(cells.next_probs(trainer.model, "")[0, cells.end]) for trainer in (missing, masked)
    )
    return {
        "missing_mask": cells.mean_loss(missing, 300) - loss,
        "late_mask": cells.mean_loss(late, 300) - loss,
        "missing_mask_in_writing": missing.evaluate().loss - masked.evaluate().loss,
        "ends_at_once": ends - ends_with_mask,
    }


def _masked_less_cut(cells: Any, model: Any) -> float:
    held = cells.padded(cells.held_out)
    masked = cells.loss_with(model, held, scores=cells.mask_before)
    return masked - cells.loss_with(model, held, weights=cells.cut_after)


def _copying(cells: Any, seed: int) -> dict[str, float]:
    _, without = cells.trained_to_copy([3], 100, cells.nothing, seed)
    model, of_three = cells.trained_to_copy([3], 100, seed=seed)
    _, of_many = cells.trained_to_copy([3, 4, 5, 6], 600, seed=seed)
    new, new_of_many = (float(np.mean(shares[1:4])) for shares in (of_three, of_many))  # 4, 5, 6
    return {
        "copying_needs_attention": of_three[0] - without[0],
        "three_back_is_not_copying": of_three[0] - new,
        "multiples_of_three": float(cells.weights_back(model)[2::3].sum()) - 1 / 3,
        "copying_all_lengths": new_of_many - new,
        "no_other_lengths": new_of_many - float(np.mean(of_many[4:])),
    }


def _layers(cells: Any, seed: int) -> dict[str, float]:
    one, two = (
        np.array(cells.trained_to_copy(PERIODS, 600, seed=seed, n_layer=n_layer)[1])
        for n_layer in (1, 2)
    )
    return {
        "two_layers_copy": float((two - one).mean()),
        "two_layers_new_lengths": float((two - one)[:2].mean()),
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
