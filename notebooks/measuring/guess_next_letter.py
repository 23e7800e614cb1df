"""What notebook 03 claims: what a bold guess costs, and what a longer memory gains."""

import math
from typing import Any

from .claim import train_and_held_out

CLAIMS = {
    "boldness_costs": "loss of always giving the favourite 99 %, above that of a blind guess",
    "few_names_triples": "loss of triples minus that of pairs, counted on 400 names",
    "many_names_triples": "the same, counted on all other names",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim for one seed: each seed holds out another fifth of the names."""
    train, held_out = train_and_held_out(cells.names, seed)
    hits = cells.favourite_hits(cells.pair_counts(train), held_out)
    bold = cells.favourite_loss(hits, 0.99)
    few, many = (
        cells.counted_loss(3, part, held_out) - cells.counted_loss(2, part, held_out)
        for part in (train[:400], train)
    )
    return {
        "boldness_costs": bold - math.log(cells.size),
        "few_names_triples": few,
        "many_names_triples": many,
    }
