"""Run a model with edited attention, through `mg.trace`: the edits, one run, and many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.interpretability import Trace, trace
from microgpt.models.context_model import log_softmax
from microgpt.models.gpt import GPT
from microgpt.ops.softmax import MASKED_SCORE
from microgpt.viz.editable_attention import (
    CUT,
    MASK,
    OFF,
    UNSCALED,
    AttentionEdit,
    CellArithmetic,
    CellEffects,
)

# Of one batch that masks each cell of a row: parameters times tokens that are multiplied in about
# a tenth of a second on one core.
MAX_WORK = 4e8


@dataclass(frozen=True)
class AttentionRun:
    """One layer of one run: query · key (H, T, T) as computed, scores and weights after the edits.

    `logits` (V,) are those after the last token, `head_dim` is D.
    """

    head_dim: int
    products: np.ndarray
    scaled: np.ndarray
    weights: np.ndarray
    logits: np.ndarray


class AttentionRuns:
    """The runs of one model that a view has asked for, the last 64 of them kept."""

    def __init__(self, model: GPT):
        self.model = model
        self.run = lru_cache(maxsize=64)(partial(run_attention, model))
        self.effects = lru_cache(maxsize=64)(partial(cell_effects, model))


def run_attention(
    model: GPT, token_ids: Sequence[int], layer: int, edits: Sequence[AttentionEdit] = ()
) -> AttentionRun:
    """Run the model on token ids (T,) with the edits; return what the layer did, and the logits."""
    products = np.empty(0)

    def note_products(scores: np.ndarray) -> None:
        nonlocal products
        products = scores.copy()

    head_dim = model.config.head_dim
    with no_grad(), trace(model) as t:
        for edited in range(model.config.n_layer):
            of_layer = [edit for edit in edits if edit.layer == edited]
            if edited == layer:
                t.edit(f"h.{layer}.attn.scores", note_products)
            if of_layer:
                edit_attention(t, edited, of_layer, head_dim**0.5)
        logits = model(np.asarray(token_ids)).numpy()
    attention = f"h.{layer}.attn"
    scaled, weights = t[f"{attention}.scaled_scores"], t[f"{attention}.weights"]
    return AttentionRun(head_dim, products, scaled, weights, logits[-1])


def edit_attention(t: Trace, layer: int, edits: Sequence[AttentionEdit], scale: float) -> None:
    """Make the edits of one layer in a trace; `scale` is √D."""

    def scores(array: np.ndarray) -> None:
        for edit in edits:
            if edit.action == MASK:
                array[..., _heads(edit), edit.row, edit.column] = MASKED_SCORE
        for edit in edits:  # masked scores, too, are then what they were, not divided by √D
            if edit.action == UNSCALED:
                array[..., _heads(edit), :, :] *= scale

    def weights(array: np.ndarray) -> None:
        for edit in edits:
            if edit.action == CUT:
                array[..., _heads(edit), edit.row, edit.column] = 0
            elif edit.action == OFF:
                array[..., _heads(edit), :, :] = 0

    t.edit(f"h.{layer}.attn.scores", scores)
    t.edit(f"h.{layer}.attn.weights", weights)


def _heads(edit: AttentionEdit) -> slice:
    return slice(None) if edit.head is None else slice(edit.head, edit.head + 1)


def cell_arithmetic(
    run: AttentionRun, head: int, row: int, column: int, edits: Sequence[AttentionEdit] = ()
) -> CellArithmetic:
    """Return how one weight of a run came about; `edits` are those of its layer."""
    of_head = [edit for edit in edits if edit.head in (None, head)]
    actions = {edit.action for edit in of_head if (edit.row, edit.column) == (row, column)}
    seen = run.scaled[head, row, : row + 1].astype(np.float64)
    row_max = float(seen.max())
    return CellArithmetic(
        head=head,
        head_dim=run.head_dim,
        product=float(run.products[head, row, column]),
        scaled=float(run.scaled[head, row, column]),
        row_max=row_max,
        row_sum=float(np.exp(seen - row_max).sum()),
        weight=float(run.weights[head, row, column]),
        is_scaled=not any(edit.action == UNSCALED for edit in of_head),
        is_masked=MASK in actions,
        is_cut=CUT in actions or any(edit.action == OFF for edit in of_head),
    )


def cell_effects(
    model: GPT, token_ids: Sequence[int], layer: int, row: int, target: int, first_column: int = 0
) -> CellEffects | None:
    """Mask each cell of a row in each head, one at a time, and return what each costs.

    The effect is the rise of the negative log-likelihood of `target` after the last token. All
    runs are rows of one batch; None if the row sees itself alone, or the batch is too large.
    """
    H, columns = model.config.n_head, range(first_column, row + 1)
    cells = [(head, column) for head in range(H) for column in columns]
    tokens = np.tile(np.asarray(token_ids), (len(cells) + 1, 1))
    if row == 0 or tokens.size * model.parameter_count() > MAX_WORK:
        return None

    def mask(scores: np.ndarray) -> None:
        for variant, (head, column) in enumerate(cells):
            scores[variant, head, row, column] = MASKED_SCORE

    with no_grad(), trace(model) as t:
        t.edit(f"h.{layer}.attn.scores", mask)
        logits = model(tokens).numpy()[:, -1].astype(np.float64)
    weights = t[f"h.{layer}.attn.weights"][-1, :, row, first_column : row + 1]
    nll = -log_softmax(logits)[:, target]
    effects = (nll[:-1] - nll[-1]).reshape(H, len(columns))
    return CellEffects(effects, weights, first_column)
