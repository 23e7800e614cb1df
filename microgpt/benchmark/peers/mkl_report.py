"""Read which SIMD instructions MKL uses from the first line of its verbose report."""

_NAMES = {"AVX-512": "avx512", "AVX2": "avx2"}  # as that line has them
# In the place of their name, on processors that are not Intel's.
_UNNAMED = "Intel(R) Architecture processors"


def instructions_of_mkl(report: str) -> str | None:
    """Return the instructions that MKL's verbose report names; None if it leaves them out."""
    found = next((name for mark, name in _NAMES.items() if mark in report), None)
    if found is None and _UNNAMED not in report:
        return "other instructions"
    return found
