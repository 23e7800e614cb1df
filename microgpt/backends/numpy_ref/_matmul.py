"""The one way to NumPy's matrix product."""

import numpy as np


def matmul(a, b, out=None):
    """a @ b without a warning: infinities and NaN stay in the result, where they can be seen.

    A BLAS may compute with numbers beside the operands and throw that away; the processor's flags
    stay, and NumPy warns of sound products of sound matrices (numpy issues 28687 and 29820).
    """
    with np.errstate(all="ignore"):
        return np.matmul(a, b, out=out)
