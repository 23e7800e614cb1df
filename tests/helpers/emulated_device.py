"""The back end "cuda" on the emulated device, for one test."""

from microgpt import backends
from microgpt.backends import numba_cuda


def emulate(monkeypatch):
    """Let `backends.get("cuda")` be the emulated device until the test ends; return it."""
    monkeypatch.setenv(numba_cuda.DRIVER_VARIABLE, numba_cuda.EMULATED)
    device = numba_cuda.load()
    monkeypatch.setitem(backends._loaded, "cuda", device)
    return device
