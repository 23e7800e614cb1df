"""What the processor that Numba compiles for can hold in a vector register."""

from llvmlite import binding
from numba.core import config


def features() -> dict[str, bool]:
    """What Numba compiles for: this processor, or what NUMBA_CPU_FEATURES says."""
    override: str | None = config.CPU_FEATURES  # type: ignore[attr-defined]
    if override is None:
        return dict(binding.get_host_cpu_features())
    return {feature[1:]: feature[0] == "+" for feature in override.split(",") if feature}


def register_lanes(features: dict[str, bool]) -> int:
    """How many float32 numbers a register holds."""
    if features.get("avx512f"):
        return 16
    return 8 if features.get("avx2") else 4
