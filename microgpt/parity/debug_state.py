"""A model against llm.c's debug state: logits, loss and every gradient, tensor by tensor."""

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.config.checks import number
from microgpt.errors import SettingError
from microgpt.parity import Difference, difference
from microgpt.pretrained.llmc.debug_state import read_state
from microgpt.pretrained.llmc.model_file import open_model, tensors_of
from microgpt.pretrained.weight_source import build_model


@dataclass(frozen=True)
class Tolerances:
    """How far values (logits and loss) may be off, and a gradient in norm.

    Values are measured at the largest difference of one number, which for logits may grow with the
    largest of them, or (`in_norm`) by the norm of all.
    """

    values: float
    gradients: float
    in_norm: bool = False


LOGITS = "logits"
FLOAT32 = Tolerances(values=1e-4, gradients=2e-4)
# A weight in bfloat16 has 8 bits, so it is off by up to 2⁻⁹ = 0.2 %. Through a network such
# errors add up to a few times that.
BFLOAT16 = Tolerances(values=2e-2, gradients=5e-2, in_norm=True)


@dataclass(frozen=True)
class Line:
    """One tensor: how far ours is from the state's, how far it may be, and whether it passed.

    `allowed` is for a gradient's `relative`, and for the `largest` of values unless they are
    measured in norm.
    """

    name: str
    largest: float
    relative: float
    allowed: float
    passed: bool


@dataclass(frozen=True)
class ParityReport:
    """What `check_state` found; it prints as a table that ends in PASS or FAIL."""

    model: Path
    state: Path
    bfloat16: bool
    tolerances: Tolerances
    lines: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Whether every line is near enough."""
        return all(line.passed for line in self.lines)

    def __str__(self) -> str:
        width = max(len(line.name) for line in self.lines)
        rows = [f"      {'tensor':{width}}  largest   relative"]
        for line in self.lines:
            word = "PASS" if line.passed else "FAIL"
            rows.append(f"{word}  {line.name:{width}}  {line.largest:<8.2g}  {line.relative:.2g}")
        good = sum(line.passed for line in self.lines)
        rows.append(f"{self._allowed()}")
        verdict = "PASS" if self.passed else "FAIL"
        rows.append(f"{verdict}: {good} of {len(self.lines)} tensors agree with {self.state}")
        return "\n".join(rows)

    def _allowed(self) -> str:
        t = self.tolerances
        logits = next(line.allowed for line in self.lines if line.name == LOGITS)
        values = f"{t.values:g} for logits and loss (relative in norm)"
        if not t.in_norm:
            values = (
                f"{logits:.3g} for logits ({t.values:g} · max(1, the largest logit)) and "
                f"{t.values:g} for loss (at the largest difference)"
            )
        allowed = f"allowed: {values}, {t.gradients:g} for gradients (relative in norm)"
        if self.bfloat16:
            allowed += (
                "; wide, for the model file is bfloat16: each weight is rounded to 8 bits, up to "
                "0.2 % off, and the state was made without that"
            )
        return allowed

    def to_json(self) -> str:
        """The same as JSON: numbers that are not finite are null."""

        def finite(value: float) -> float | None:
            return value if np.isfinite(value) else None

        lines = [
            {"name": line.name, "largest": finite(line.largest), "relative": finite(line.relative),
             "allowed": finite(line.allowed), "passed": line.passed}
            for line in self.lines
        ]  # fmt: skip
        return json.dumps(
            {
                "model": str(self.model),
                "state": str(self.state),
                "bfloat16": self.bfloat16,
                "tolerance": self.tolerances.values,
                "tolerance_in_norm": self.tolerances.in_norm,
                "gradient_tolerance": self.tolerances.gradients,
                "passed": self.passed,
                "tensors": lines,
            },
            indent=1,
        )


def check_state(
    model: str | Path,
    state: str | Path,
    tolerance: float | None = None,
    gradient_tolerance: float | None = None,
    backend: str | None = None,
) -> ParityReport:
    """Run an llm.c model file on the batch of a debug state, forward and backward, and compare.

    By default the loss may be off by 1e-4, each logit by 1e-4 · max(1, the largest logit's size),
    and each gradient by 2e-4 relative in norm; with a bfloat16 file logits and loss by 2e-2 and
    gradients by 5e-2, all relative in norm.
    """
    tensors = tensors_of(model)
    wanted = BFLOAT16 if tensors.brief else FLOAT32
    tolerances = Tolerances(
        _positive("tolerance", tolerance, wanted.values),
        _positive("gradient_tolerance", gradient_tolerance, wanted.gradients),
        wanted.in_norm,
    )
    expected = read_state(state, tensors.config)
    ours = build_model(open_model(model), backend)
    with no_grad():
        logits = ours(expected.tokens).numpy()
    scale = max(1.0, float(np.abs(expected.logits).max()))
    lines = [_value(LOGITS, difference(logits, expected.logits), tolerances, scale)]
    del logits
    loss = ours.loss(expected.tokens, expected.targets)
    off = difference(np.array(loss.item()), np.array(expected.loss))
    lines.append(_value("loss", off, tolerances))
    loss.backward()
    for name, parameter in ours.named_parameters():
        gradient = np.empty(parameter.shape, np.float32)
        expected.read_gradient(name, gradient)
        off = difference(parameter.gradient(), gradient)
        allowed = tolerances.gradients
        lines.append(Line(f"gradient of {name}", *off, allowed, off.relative <= allowed))
    return ParityReport(tensors.file, expected.file, tensors.brief, tolerances, tuple(lines))


def _value(name: str, off: Difference, tolerances: Tolerances, scale: float = 1.0) -> Line:
    measured = off.relative if tolerances.in_norm else off.largest
    allowed = tolerances.values * (1.0 if tolerances.in_norm else scale)
    return Line(name, *off, allowed, isfinite(measured) and measured <= allowed)


def _positive(name: str, value: float | None, default: float) -> float:
    if value is None:
        return default
    number(name, value)
    if not 0 <= value < float("inf"):
        raise SettingError(f"{name} must be 0 or above, and finite; got {value}")
    return value
