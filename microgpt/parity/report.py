"""`compare`: the first place where a model and a reference differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.config.checks import number
from microgpt.errors import DtypeError, SettingError, ShapeError, TokenError
from microgpt.nn import Module
from microgpt.ops.embedding import as_tokens
from microgpt.parity.collect_activations import TOKENS, activations, visit
from microgpt.parity.npz_archive import Archive
from microgpt.parity.tensor_check import difference


@dataclass(frozen=True)
class Row:
    """One intermediate: how far it is from the reference's, and how far it may be."""

    name: str
    largest: float
    relative: float
    allowed: float
    problem: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether the two are within what is allowed; NaN never is."""
        return self.problem is None and isfinite(self.largest) and self.largest <= self.allowed


@dataclass(frozen=True, repr=False)
class ParityReport:
    """What `compare` found: `rows` in the order of computation; it prints as a table.

    `missing` are the model's names that the reference lacks, `surplus` those that it has and the
    model does not; neither is compared.
    """

    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    @property
    def first(self) -> str | None:
        """The name of the first intermediate that differs; None if none does."""
        return next((row.name for row in self.rows if not row.agrees), None)

    @property
    def agrees(self) -> bool:
        """Whether all that was compared agrees and the reference has no other names."""
        return self.first is None and not self.surplus

    def __repr__(self) -> str:
        width = max(len(row.name) for row in self.rows)
        lines = [f"         {'intermediate':{width}}  largest   relative"]
        for row in self.rows:
            word = "agrees" if row.agrees else "DIFFERS"
            numbers = row.problem or f"{row.largest:<8.2g}  {row.relative:.2g}"
            lines.append(f"{word:7}  {row.name:{width}}  {numbers}")
        lines.append(self._verdict())
        if self.missing:
            lines.append(f"not in the reference, so not compared: {', '.join(self.missing)}")
        if self.surplus:
            lines.append(f"in the reference, but not in the model: {', '.join(self.surplus)}")
        return "\n".join(lines)

    def _verdict(self) -> str:
        for row in self.rows:
            if not row.agrees:
                return f"first difference: {row.name} ({row.problem or _beyond(row)})"
        return f"no difference in {len(self.rows)} intermediates"


def _beyond(row: Row) -> str:
    return f"largest {row.largest:.2g}, relative {row.relative:.2g}; {row.allowed:.2g} is allowed"


def compare(model: Any, reference: Any, tokens: Any = None, tolerance: float = 1e-4) -> ParityReport:
    """Name the first intermediate in which a model differs from a reference.

    `reference` maps names, such as "h.1.mlp.c_fc", to arrays (a dictionary, an .npz file, or
    another model); `tokens` (T,) or (B, T) may be one of them. `activations` shows all names. What
    differs is off by more than tolerance · max(1, the reference's largest number) somewhere;
    attention scores of the future, which no result depends on, are left out.
    """
    number("tolerance", tolerance)
    if not 0 <= tolerance < float("inf"):
        raise SettingError(f"tolerance must be 0 or above, and finite; got {tolerance}")
    if isinstance(reference, Module):
        if tokens is None:
            raise SettingError("to compare two models, say at which tokens: compare(…, tokens=…)")
        reference = activations(reference, tokens)
    arrays = Archive(reference) if isinstance(reference, str | Path) else reference
    if not isinstance(arrays, Mapping):
        raise SettingError(
            "a reference maps names to arrays, as a dictionary or an .npz file does; got "
            f"{type(reference).__name__}"
        )
    where = str(arrays.file) if isinstance(arrays, Archive) else "the reference"
    if tokens is None and TOKENS not in arrays:
        raise SettingError(f"compare needs tokens: as an argument, or as an entry of {where}")
    rows: list[Row] = []
    missing: list[str] = []

    def visitor(name: str, ours: np.ndarray) -> None:
        if name in arrays:
            rows.append(_row(name, ours, arrays, tolerance))
        else:
            missing.append(name)

    try:
        visit(model, as_tokens(arrays[TOKENS] if tokens is None else tokens), visitor)
    except (TokenError, ShapeError, DtypeError) as error:
        if tokens is not None:
            raise
        raise type(error)(f"the tokens of {where}: {error}") from None
    if not rows:
        raise SettingError(
            f"{where} has none of the model's names, which are {', '.join(missing)}; it has "
            f"{', '.join(map(str, arrays)) or 'nothing'}"
        )
    seen = {TOKENS, *(row.name for row in rows)}
    return ParityReport(tuple(rows), tuple(missing), tuple(str(k) for k in arrays if k not in seen))


def _row(name: str, ours: np.ndarray, arrays: Mapping[str, Any], tolerance: float) -> Row:
    nan = float("nan")
    shape = arrays.shape(name) if isinstance(arrays, Archive) else np.shape(arrays[name])
    # A reference of one text may have no axis of texts.
    if shape not in (ours.shape, ours.shape[1:] if ours.shape[0] == 1 else None):
        return Row(name, nan, nan, tolerance, f"shape {ours.shape}, the reference has {shape}")
    theirs = np.asarray(arrays[name]).reshape(ours.shape)
    if theirs.dtype.kind not in "fiu":
        return Row(name, nan, nan, tolerance, f"the reference holds {theirs.dtype}, not numbers")
    if name.endswith(".scores") and ours.shape[-1] == ours.shape[-2]:
        past = np.tri(ours.shape[-1], dtype=bool)
        ours, theirs = np.where(past, ours, 0), np.where(past, theirs, 0)
    off = difference(ours, theirs)
    largest = float(np.abs(theirs).max()) if theirs.size else 0.0
    return Row(name, *off, tolerance * max(1.0, largest))
