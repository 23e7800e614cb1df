"""What notebook 05 claims: networks of three letters, swapped rows, and lost gradients."""

from typing import Any

import numpy as np

import microgpt as mg

from .claim import THOUSANDTHS, train_and_held_out

CLAIMS = {
    "id_as_quantity": "loss with the index in the alphabet, less that with ten learned numbers",
    "one_learned_number": "loss with one learned number for each letter, less that with ten",
    "index_and_one_learned": "loss with the index, less that with one learned number",
    "network_and_triples": "loss of the network, less that of counted triples, in thousandths",
    "third_letter_counted": "loss of counting four in a row, less that of triples, in thousandths",
    "third_letter_in_the_network": "loss with three letters, less that with two, in thousandths",
    "sum_and_side_by_side": "loss with embeddings summed, less that side by side",
    "position_in_a_sum": "loss with a position embedding, less that of the sum, in thousandths",
    "position_bent": "the same where each is bent by a tanh before the sum",
    "rows_never_trained": "loss with rows that stay random, less that with trained, in thousandths",
    "familiar_names": "per cent of familiar names among the network's, less among counted pairs'",
    "swapped_vowels": "rise of the loss if two vowels are exchanged, in thousandths",
    "vowels_and_consonants": "rise for a vowel and a consonant, less that, in thousandths",
    "swapped_vowels_in_random_rows": "rise for two vowels, rows never trained, in thousandths",
    "kinds_in_random_rows": "rise for a vowel and a consonant, less that, in thousandths",
    "cosine_and_swap": "rise for common pairs with high cosines, less low ones, in thousandths",
    "cosine_and_swap_in_random_rows": "the same with rows never trained",
    "cosines_learned": "the first of these two, less the second",
    "lossy_adam": "loss under Adam with repeated letters lost, less without, in thousandths",
    "lossy_sgd": "the same under plain steps",
    "rows_never_trained_sgd": "loss under SGD with random rows, less with trained, in thousandths",
    "lossy_sgd_and_random_rows": "loss under SGD, repeats lost, less random rows, in thousandths",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed: another fifth is held out, other weights are drawn."""
    train, held_out = train_and_held_out(cells.names, seed)
    data, held = cells.windows_of(train), cells.windows_of(held_out)

    def loss(model: Any, **settings: Any) -> float:
        return cells.loss_of(cells.fit(model, data, seed, **settings), held)

    def lossy_loss(**settings: Any) -> float:
        return cells.loss_of(cells.fit_lossy(seed, data, **settings)[0], held)

    def network(**settings: Any) -> Any:
        return mg.models.MLP(cells.size, seed=seed, **settings)

    def random_rows_loss(model: Any, **settings: Any) -> float:
        return loss(model, only=cells.without_rows(model), **settings)

    def familiar(writer: Any) -> float:
        return cells.familiar(cells.draw(writer, seed), train)

    ten, fixed = network(), network()
    ten_loss, one_loss = loss(ten), loss(network(n_embd=1))
    index_loss = loss(cells.Indices(cells.size, n_embd=1, seed=seed))
    summed, bent = cells.Summed(seed), cells.Summed(seed, is_bent=True)
    summed_loss, fixed_loss = loss(summed), random_rows_loss(fixed)
    sgd_loss, lossy_sgd = loss(network(), **cells.PLAIN), lossy_loss(**cells.PLAIN)
    fixed_sgd = random_rows_loss(network(), **cells.PLAIN)
    (vowels, mixed), (fixed_vowels, fixed_mixed) = (
        [cells.mean_cost(model, pairs, held) for pairs in (cells.vowels, cells.mixed)]
        for model in (ten, fixed)
    )
    gap, fixed_gap = (
        high - low
        for low, high in (
            cells.prices_by_cosine(model, cells.often_pairs, held) for model in (ten, fixed)
        )
    )
    triples_loss, fours_loss = (_counted_loss(cells, train, held, n) for n in (3, 4))
    in_nats = {
        "id_as_quantity": index_loss - ten_loss,
        "one_learned_number": one_loss - ten_loss,
        "index_and_one_learned": index_loss - one_loss,
        "sum_and_side_by_side": summed_loss - ten_loss,
        "position_bent": loss(cells.Summed(seed, has_position=True, is_bent=True)) - loss(bent),
    }
    in_thousandths = {
        "network_and_triples": ten_loss - triples_loss,
        "third_letter_counted": fours_loss - triples_loss,
        "third_letter_in_the_network": ten_loss - _two_letter_loss(cells, data, held, seed),
        "position_in_a_sum": loss(cells.Summed(seed, has_position=True)) - summed_loss,
        "rows_never_trained": fixed_loss - ten_loss,
        "swapped_vowels": vowels,
        "vowels_and_consonants": mixed - vowels,
        "swapped_vowels_in_random_rows": fixed_vowels,
        "kinds_in_random_rows": fixed_mixed - fixed_vowels,
        "cosine_and_swap": gap,
        "cosine_and_swap_in_random_rows": fixed_gap,
        "cosines_learned": gap - fixed_gap,
        "lossy_adam": lossy_loss() - ten_loss,
        "lossy_sgd": lossy_sgd - sgd_loss,
        "rows_never_trained_sgd": fixed_sgd - sgd_loss,
        "lossy_sgd_and_random_rows": lossy_sgd - fixed_sgd,
    }
    familiar_names = familiar(ten) - familiar(cells.pairs_of(train))
    return (
        in_nats
        | {"familiar_names": familiar_names}
        | {claim: THOUSANDTHS * effect for claim, effect in in_thousandths.items()}
    )


def _two_letter_loss(cells: Any, data: Any, held: Any, seed: int) -> float:
    """The held-out loss of the same network, with a context of two letters."""
    model = mg.models.MLP(cells.size, context=2, seed=seed)
    return cells.loss_of(cells.fit(model, cells.last_two(data), seed), cells.last_two(held))


def _counted_loss(cells: Any, train: Any, held: Any, n: int) -> float:
    """The held-out loss of n in a row, counted on `train`, with the scoreboard's smoothing."""
    counted = mg.NGram(cells.size, n)
    for name in train:
        ids = cells.tokenizer.encode(name, bos=True, eos=True)
        counted.count(ids[:-1], ids[1:])
    windows, targets = held
    return float(counted.losses(windows, _only_the_last(targets)).sum() / len(targets))


def _only_the_last(targets: Any) -> Any:
    """Targets (N,) as rows (N, 3) whose first two are ignored."""
    rows = np.full((len(targets), 3), -1)
    rows[:, -1] = targets
    return rows
