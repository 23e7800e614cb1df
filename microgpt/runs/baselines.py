"""The dashed lines of a recorded run: what counting reaches on the same held-out rows."""

from dataclasses import dataclass
from math import log

from microgpt.data import Batch
from microgpt.errors import SizeError
from microgpt.models.ngram import NGram

UNIFORM = "knowing nothing"
COUNTED = {1: "letters", 2: "pairs", 3: "triples"}


@dataclass(frozen=True)
class Baseline:
    """A model that only counts, and its `loss` in nats per token on held-out rows."""

    name: str
    loss: float


def count_baselines(training: Batch, held_out: Batch, vocab_size: int) -> tuple[Baseline, ...]:
    """Count letters, pairs and triples of the training text; measure them on held-out rows.

    The first is knowing nothing, ln V. What has too many combinations to count is left out.
    """
    tokens, targets = held_out
    num_targets = int((targets >= 0).sum())
    baselines = [Baseline(UNIFORM, log(vocab_size))]
    for n, name in COUNTED.items():
        try:
            model = NGram(vocab_size, n).count(*training)
        except SizeError:
            break
        losses = model.losses(tokens, targets)
        baselines.append(Baseline(name, float(losses.sum() / num_targets)))
    return tuple(baselines)
