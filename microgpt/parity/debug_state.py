"""Check a model against llm.c's debug state: the logits, the loss and every gradient."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.config.checks import check_number
from microgpt.parity.report import ParityReport
from microgpt.parity.tensor_check import check_tensor, max_abs
from microgpt.pretrained.llmc.debug_state import read_state
from microgpt.pretrained.llmc.model_file import open_model, read_layout
from microgpt.pretrained.weight_source import build_model


@dataclass(frozen=True)
class Tolerances:
    """Allowed differences of logits and loss (`values`), and of each gradient (relative in norm).

    Values are compared by their largest absolute difference, and for logits the tolerance may grow
    with the largest logit. With `in_norm`, values too are compared by relative norm.
    """

    values: float
    gradients: float
    in_norm: bool = False


FLOAT32 = Tolerances(values=1e-4, gradients=2e-4)
# A bfloat16 weight has 8 bits of precision, so rounding changes it by up to 2⁻⁹ = 0.2 %; through
# a network such errors add up to a few times that.
BFLOAT16 = Tolerances(values=2e-2, gradients=5e-2, in_norm=True)


def check_state(
    model: str | Path,
    state: str | Path,
    tolerance: float | None = None,
    gradient_tolerance: float | None = None,
    backend: str | None = None,
) -> ParityReport:
    """Run an llm.c model file forward and backward on a debug state's batch, and compare.

    By default the loss may differ by 1e-4, each logit by 1e-4 · max(1, the largest absolute logit),
    and each gradient by 2e-4 relative in norm. For a bfloat16 file, logits and loss may differ by
    2e-2 and gradients by 5e-2, all relative in norm.
    """
    layout = read_layout(model)
    is_bfloat16 = layout.dtype == "bfloat16"
    defaults = BFLOAT16 if is_bfloat16 else FLOAT32
    tolerances = Tolerances(
        _tolerance("tolerance", tolerance, defaults.values),
        _tolerance("gradient_tolerance", gradient_tolerance, defaults.gradients),
        defaults.in_norm,
    )
    expected = read_state(state, layout.config)
    ours = build_model(open_model(model), backend)
    with no_grad():
        logits = ours(expected.tokens).numpy()
    scale = 1.0 if tolerances.in_norm else max(1.0, max_abs(expected.logits))
    allowed, in_norm = tolerances.values, tolerances.in_norm
    checks = [check_tensor("logits", logits, expected.logits, allowed * scale, in_norm)]
    del logits
    loss = ours.loss(expected.tokens, expected.targets)
    losses = np.array(loss.item()), np.array(expected.loss)
    checks.append(check_tensor("loss", *losses, allowed, in_norm))
    loss.backward()
    for name, parameter in ours.named_parameters():
        gradient = np.empty(parameter.shape, np.float32)
        expected.read_gradient(name, gradient)
        label, buffer = f"gradient of {name}", parameter.grad_buffer()
        checks.append(check_tensor(label, buffer, gradient, tolerances.gradients, in_norm=True))
    return ParityReport(
        tuple(checks),
        str(expected.file),
        note=_describe(tolerances, checks[0].tolerance, is_bfloat16),
        details={"model": str(layout.file), "bfloat16": is_bfloat16},
    )


def _tolerance(name: str, value: float | None, default: float) -> float:
    if value is None:
        return default
    return check_number(name, value, minimum=0, below=float("inf"))


def _describe(tolerances: Tolerances, of_logits: float, is_bfloat16: bool) -> str:
    t = tolerances
    values = f"{t.values:g} for logits and loss (relative in norm)"
    if not t.in_norm:
        values = (
            f"{of_logits:.3g} for logits ({t.values:g} · max(1, the largest logit)) and "
            f"{t.values:g} for loss (at the largest difference)"
        )
    text = f"allowed: {values}, {t.gradients:g} for gradients (relative in norm)"
    if is_bfloat16:
        text += (
            "; wide, for the model file is bfloat16: each weight is rounded to 8 bits, up to "
            "0.2 % off, and the state was made without that"
        )
    return text
