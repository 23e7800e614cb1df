"""Where two computations of one model part: every named intermediate, in order of computation."""

from microgpt.parity.collect_activations import activations, visit
from microgpt.parity.report import ParityReport, Row, compare
from microgpt.parity.tensor_check import Difference, difference

__all__ = ["Difference", "Differences", "Row", "activations", "compare", "difference", "visit"]
