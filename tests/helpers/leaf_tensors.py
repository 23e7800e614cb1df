"""Leaves of graphs, for tests of what is done with them."""

import numpy as np

import microgpt as mg


def leaf(*shape, seed=0, **options):
    """A tensor of random numbers that wants a gradient."""
    return mg.Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True, **options)
