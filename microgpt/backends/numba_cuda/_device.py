"""The one door to a CUDA compiler: kernels take the name `cuda` from here."""

from microgpt.interpreter import cuda

__all__ = ["cuda"]
