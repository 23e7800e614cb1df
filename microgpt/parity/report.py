"""`ParityReport`: the result of every comparison with a reference, as a table and as JSON."""

import json
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from microgpt.parity.tensor_check import TensorCheck


@dataclass(frozen=True, repr=False)
class ParityReport:
    """The `checks` in the order of computation; it prints as a table that ends in a verdict.

    `missing` are names that the reference lacks, `unexpected` are names that only the reference
    has; neither are compared. `note` describes the tolerances; `details` are added to the JSON.
    """

    checks: tuple[TensorCheck, ...]
    reference: str = "the reference"
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def first_failure(self) -> str | None:
        """The name of the first tensor that differs, or None."""
        return next((check.name for check in self.checks if not check.passed), None)

    @property
    def passed(self) -> bool:
        """Whether every tensor agrees, and the reference has no unexpected names."""
        return self.first_failure is None and not self.unexpected

    def __getitem__(self, name: str) -> TensorCheck:
        """Return the check of a tensor."""
        return {check.name: check for check in self.checks}[name]

    def __repr__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        lines = [f"      {'tensor':{width}}  max abs   relative"]
        for check in self.checks:
            differences = check.problem or f"{check.max_abs_diff:<8.2g}  {check.relative_diff:.2g}"
            lines.append(f"{_verdict(check.passed)}  {check.name:{width}}  {differences}")
        if self.note:
            lines.append(self.note)
        if self.missing:
            lines.append(f"not in the reference, so not compared: {', '.join(self.missing)}")
        if self.unexpected:
            lines.append(f"in the reference, but not in the model: {', '.join(self.unexpected)}")
        if self.first_failure is not None:
            lines.append(f"first difference: {self.first_failure} ({self[self.first_failure]})")
        return "\n".join([*lines, self.verdict()])

    def verdict(self) -> str:
        """Return PASS or FAIL, and how many tensors agree."""
        good = sum(check.passed for check in self.checks)
        return (
            f"{_verdict(self.passed)}: {good} of {len(self.checks)} tensors agree with "
            f"{self.reference}"
        )

    def to_json(self) -> str:
        """Return the report as JSON, with null for NaN and infinite numbers."""
        checks = [
            {
                "name": check.name,
                "max_abs_diff": _finite(check.max_abs_diff),
                "relative_diff": _finite(check.relative_diff),
                "tolerance": check.tolerance,
                "in_norm": check.in_norm,
                "problem": check.problem,
                "passed": check.passed,
            }
            for check in self.checks
        ]
        content = {"reference": self.reference, **self.details, "passed": self.passed}
        content |= {"missing": self.missing, "unexpected": self.unexpected, "tensors": checks}
        return json.dumps(content, indent=1)


def _verdict(passed: bool) -> str:
    return "PASS" if passed else "FAIL"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
