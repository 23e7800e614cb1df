"""Parameters are found in lists, tuples and dictionaries."""

import numpy as np
import pytest
from custom_models import OwnMLP
from leaf_tensors import leaf

from microgpt import nn
from microgpt.errors import ShapeError


def test_weights_in_lists_tuples_and_dictionaries_are_found():
    class Model(nn.Module):
        def __init__(self):
            self.a = [leaf(1), (leaf(2), {"deep": leaf(3)})]
            self.b = {"part": nn.Linear(2, 2, nn.ParameterFactory(np.random.default_rng(0)))}

    names = [name for name, _ in Model().named_parameters()]
    assert names == ["a.0", "a.1.0", "a.1.1.deep", "b.part.weight"]


def test_a_shared_parameter_is_named_once():
    layer = OwnMLP()
    assert [name for name, _ in layer.named_parameters()] == ["weight", "rows.shift.0"]
    assert layer.parameter_count() == 16 * 16 + 16


def test_weights_of_another_shape_or_name_are_refused():
    layer = OwnMLP()
    weights = layer.state_dict()
    layer.load_state_dict(weights)
    for changed, message in [
        (weights | {"weight": weights["weight"].reshape(8, 32)}, r"must have shape \(16, 16\)"),
        ({"weight": weights["weight"]}, r"rows\.shift\.0 is missing"),
        (weights | {"bias": np.zeros(3)}, "bias is not a weight of this model"),
    ]:
        with pytest.raises(ShapeError, match=message):
            layer.load_state_dict(changed)


def test_weights_that_do_not_fit_change_nothing():
    layer = OwnMLP()
    before = layer.state_dict()
    wrong = {"weight": before["weight"] * 2, "rows.shift.0": before["rows.shift.0"].reshape(4, 4)}
    with pytest.raises(ShapeError, match=r"do not fit: rows\.shift\.0 must have shape \(16,\)"):
        layer.load_state_dict(wrong)
    assert layer.state_dict()["weight"].tolist() == before["weight"].tolist()
