"""Parity with other implementations: compare activations, debug states and published losses."""

from microgpt.parity.collect_activations import activations
from microgpt.parity.compare_activations import compare
from microgpt.parity.report import ParityReport
from microgpt.parity.tensor_check import TensorCheck

__all__ = ["ParityReport", "TensorCheck", "activations", "compare"]
