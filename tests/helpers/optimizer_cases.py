"""Parameters and gradients for optimisers."""

import numpy as np

import microgpt as mg


def parameters(dtype="float64"):
    rng = np.random.default_rng(0)
    return [
        mg.Tensor(rng.normal(size=shape), requires_grad=True, dtype=dtype)
        for shape in [(3, 4), (5,), ()]
    ]


def set_gradients(params, seed):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad[...] = rng.normal(size=p.shape)
