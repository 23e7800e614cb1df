"""Parameters are found in lists, tuples and dictionaries."""

import numpy as np

import microgpt as mg
from microgpt import nn


def leaf(*shape, seed=0, **options):
    return mg.Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True, **options)


def test_weights_in_lists_tuples_and_dictionaries_are_found():
    class Model(nn.Module):
        def __init__(self):
            self.a = [leaf(1), (leaf(2), {"deep": leaf(3)})]
            self.b = {"part": nn.Linear(2, 2, nn.ParameterFactory(np.random.default_rng(0)))}

    names = [name for name, _ in Model().named_parameters()]
    assert names == ["a.0", "a.1.0", "a.1.1.deep", "b.part.weight"]
