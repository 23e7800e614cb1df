"""What notebook 04 claims: losses with and without merges, and merges that overfit one story."""

from typing import Any

CLAIMS = {
    "loss_per_token": "nats per token with 500 merges, less those without a merge",
    "loss_per_byte": "nats per byte with 500 merges, less those without a merge",
    "merges_overfit": "bytes per token of 1,000 merges where they were counted, less held out",
}


def measure(cells: Any, seed: int) -> dict[str, float]:
    """The effect of each claim with one fifth held out, by the notebook's own functions."""
    without, with_merges = (cells.pair_loss(seed, number) for number in (0, 500))
    counted_on, held_out = cells.bytes_per_token(seed, 1000)
    return {
        "loss_per_token": float(with_merges[0] - without[0]),
        "loss_per_byte": float(with_merges[1] - without[1]),
        "merges_overfit": counted_on - held_out,
    }
