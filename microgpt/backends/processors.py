"""Processors to compile for, by the SIMD instructions that they have."""

from typing import NamedTuple

AVX2, AVX512, NEON = "avx2", "avx512", "neon"

_AVX2_FEATURES = "+avx,+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,+popcnt"


class Processor(NamedTuple):
    """A processor as LLVM knows it: its architecture, its name, what may be used of it."""

    architecture: str
    name: str
    features: str


PROCESSORS = {
    AVX2: Processor("x86_64", "haswell", _AVX2_FEATURES),
    AVX512: Processor(
        "x86_64",
        "skylake-avx512",
        f"{_AVX2_FEATURES},+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl",
    ),
    NEON: Processor("aarch64", "generic", "+neon,+fp-armv8"),  # what every 64-bit Arm has
}
