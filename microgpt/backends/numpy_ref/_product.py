"""The one way to NumPy's matrix product."""

import numpy as np


def product(a, b, out=None):
    """a @ b without a warning: infinities and NaN stay in the result, where they can be seen.

    A BLAS fills its vectors to their width with numbers that nobody asked for and throws the
    results away; the processor's flag "invalid" stays, and NumPy would warn of sound products
    (numpy issue 24067).
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return np.matmul(a, b, out=out)
