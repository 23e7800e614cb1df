"""Where two computations of one model part: every named intermediate, in order of computation."""

from microgpt.comparing.differences import Differences, Row, compare
from microgpt.comparing.intermediates import activations, visit
from microgpt.comparing.measuring import Difference, difference

__all__ = ["Difference", "Differences", "Row", "activations", "compare", "difference", "visit"]
