"""`compare`: compare a model's activations with a reference's, to find the first that differs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.config.checks import check_number
from microgpt.errors import Described, DtypeError, SettingError, ShapeError, TokenError
from microgpt.nn import Module
from microgpt.ops.token_ids import as_token_ids
from microgpt.parity.collect_activations import TOKENS, activations, visit_activations
from microgpt.parity.npz_reference import NpzReference
from microgpt.parity.report import ParityReport
from microgpt.parity.tensor_check import TensorCheck, check_tensor, failed_check, max_abs


def compare(
    model: Any, reference: Any, tokens: Any = None, tolerance: float = 1e-4
) -> ParityReport:
    """Compare a model's activations with a reference's; the report names the first that differs.

    `reference` maps names, such as "h.1.mlp.c_fc", to arrays (a dictionary or an .npz file), or is
    another model. `tokens`, (T,) or (B, T), may be one of the arrays. `activations` shows all
    names. An activation fails if an element differs by more than tolerance · max(1, the reference's
    largest absolute value). Attention scores of future positions are ignored, since no result
    depends on them.
    """
    check_number("tolerance", tolerance, minimum=0, below=float("inf"))
    if isinstance(reference, Module):
        if tokens is None:
            raise SettingError("tokens", "given to compare two models", tokens)
        reference = activations(reference, tokens)
    arrays = NpzReference(reference) if isinstance(reference, str | Path) else reference
    if not isinstance(arrays, Mapping):
        raise SettingError(
            "reference", "arrays by name, as in a dictionary or an .npz file", type(reference)
        )
    source = str(arrays.file) if isinstance(arrays, NpzReference) else "the reference"
    if tokens is None and TOKENS not in arrays:
        raise SettingError("tokens", f"an argument, or an array in {source}", tokens)
    checks: list[TensorCheck] = []
    missing: list[str] = []

    def check(name: str, ours: np.ndarray) -> None:
        if name in arrays:
            checks.append(_check(name, ours, arrays, tolerance))
        else:
            missing.append(name)

    try:
        visit_activations(model, as_token_ids(arrays[TOKENS] if tokens is None else tokens), check)
    except (TokenError, ShapeError, DtypeError) as error:
        if tokens is not None:
            raise
        raise type(error)(f"the tokens of {source}: {error}") from None
    if not checks:
        raise SettingError(
            f"the arrays of {source}",
            f"named as the model's: {', '.join(missing)}",
            Described(", ".join(map(str, arrays)) or "none"),
        )
    compared = {TOKENS, *(check.name for check in checks)}
    unexpected = tuple(str(name) for name in arrays if name not in compared)
    return ParityReport(tuple(checks), source, tuple(missing), unexpected)


def _check(name: str, ours: np.ndarray, arrays: Mapping[str, Any], tolerance: float) -> TensorCheck:
    shape = arrays.shape(name) if isinstance(arrays, NpzReference) else np.shape(arrays[name])
    # A reference with one sequence may have no batch axis.
    if shape not in (ours.shape, ours.shape[1:] if ours.shape[0] == 1 else None):
        problem = f"shape {ours.shape}, the reference has {shape}"
        return failed_check(name, tolerance, problem)
    theirs = np.asarray(arrays[name]).reshape(ours.shape)
    if theirs.dtype.kind not in "fiu":
        return failed_check(name, tolerance, f"the reference holds {theirs.dtype}, not numbers")
    if name.endswith((".scores", ".scaled_scores")) and ours.shape[-1] == ours.shape[-2]:
        past = np.tri(ours.shape[-1], dtype=bool)
        ours, theirs = np.where(past, ours, 0), np.where(past, theirs, 0)
    return check_tensor(name, ours, theirs, tolerance * max(1.0, max_abs(theirs)))
