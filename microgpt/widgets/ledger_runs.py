"""Run a model for the ledger, through `mg.trace`: once to record it, and once without each part."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.interpretability import LogitAttribution, Trace, trace
from microgpt.models.gpt import GPT
from microgpt.viz.residual_ledger import BIASES, LedgerPart, Piece

# Of one batch with a row for each thing taken out: parameters times tokens that are multiplied in
# about a tenth of a second on one core.
MAX_WORK = 4e8


def record(model: GPT, token_ids: Sequence[int]) -> Trace:
    """Run the model on token ids (T,) and return the trace, which can be read after its block."""
    with no_grad(), trace(model) as t:
        model(np.asarray(token_ids))
    return t


def ledger_parts(found: LogitAttribution) -> tuple[LedgerPart, ...]:
    """Return the parts of an attribution, each attention and MLP with its heads or neurons."""
    splits = {**found.heads, **found.neurons}
    return tuple(LedgerPart(name, share, splits.get(name)) for name, share in found.parts.items())


def logits_without(
    model: GPT, token_ids: Sequence[int], removals: Sequence[tuple[Piece, ...]]
) -> np.ndarray | None:
    """Return the logits (R, V) after the last token, a row for each removal: its pieces are zero.

    A piece is zero at the last position, where contributions are measured. All runs are rows of
    one batch; None if that is too much work.
    """
    tokens = np.tile(np.asarray(token_ids), (len(removals), 1))
    if tokens.size * model.parameter_count() > MAX_WORK:
        return None
    with no_grad(), trace(model) as t:
        rows_by_name = _rows_by_name(removals)
        # Biases first: what is taken out with them is then zero, and not minus its bias.
        _remove_biases(t, model, [row for row, _ in rows_by_name.pop(BIASES, [])])
        for name, rows in rows_by_name.items():
            t.edit(name, partial(_set_to_zero, rows))
        return model(tokens).numpy()[:, -1]


def _rows_by_name(
    removals: Sequence[tuple[Piece, ...]],
) -> dict[str, list[tuple[int, tuple[int, ...]]]]:
    """Return, for each activation, the rows of the batch without it, or without some of it."""
    found: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
    for row, pieces in enumerate(removals):
        for name, indices in pieces:
            found.setdefault(name, []).append((row, indices))
    return found


def _set_to_zero(rows: list[tuple[int, tuple[int, ...]]], array: np.ndarray) -> np.ndarray:
    """Set the last position to zero in rows of a batch: (B, H, T, D) in some heads, (B, T, …)."""
    for row, indices in rows:
        if not indices:
            array[row, ..., -1, :] = 0
        elif array.ndim == 4:
            array[row, list(indices), -1] = 0
        else:
            array[row, -1, list(indices)] = 0
    return array


def _remove_biases(t: Trace, model: GPT, rows: list[int]) -> None:
    """Take out, in rows of a batch, the biases that are added to the residual stream or after it.

    They are those of the output matrices and of the norms at its start and at its end; they go at
    the last position alone.
    """
    if not rows:
        return
    writers = {
        f"h.{layer}.{name}.out": getattr(block, name).c_proj
        for layer, block in enumerate(model.h)
        for name in ("attn", "mlp")
    }
    for name, module in (writers | {"ln_emb": model.ln_emb, "ln_f": model.ln_f}).items():
        bias = getattr(module, "bias", None)
        if bias is not None:
            t.edit(name, _subtract(rows, bias.numpy()))


def _subtract(rows: list[int], bias: Any) -> Callable[[np.ndarray], np.ndarray]:
    def edit(array: np.ndarray) -> np.ndarray:
        array[rows, -1] -= bias
        return array

    return edit
