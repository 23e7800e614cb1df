"""A table of logits as a model."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import SettingError, ShapeError, TokenError
from microgpt.models import TableOfLogits


def test_each_row_is_a_distribution_after_its_token():
    table = np.log([[0.5, 0.5, 1e-9], [0.2, 0.3, 0.5], [1.0, 2.0, 1.0]])
    model = TableOfLogits(table, 3)
    probs = np.exp(model.log_probs([[1, 2]]))
    assert probs[0] == pytest.approx(np.array([[0.2, 0.3, 0.5], [0.25, 0.5, 0.25]]))
    assert model.losses([1, 2], [2, -1]) == pytest.approx([np.log(2), 0])


def test_a_table_is_copied():
    logits, array = mg.Tensor(np.zeros((4, 4)), requires_grad=True), np.zeros((4, 4))
    models = [TableOfLogits(logits, 4), TableOfLogits(array, 4)]
    with mg.no_grad():
        logits.data = np.eye(4)
    array[:] = np.eye(4)
    for model in models:
        assert model.log_probs([0]) == pytest.approx(np.full((1, 4), -np.log(4)))


def test_an_impossible_token_has_the_logit_minus_infinity():
    model = TableOfLogits([[0.0, -np.inf], [0.0, 0.0]], 2)
    assert model.losses([0], [1]).tolist() == [np.inf]


@pytest.mark.parametrize(
    ("logits", "error"),
    [
        (np.zeros((2, 3)), ShapeError),
        (np.full((2, 2), np.nan), SettingError),
        (np.full((2, 2), np.inf), SettingError),
    ],
)
def test_other_tables_are_refused(logits, error):
    with pytest.raises(error):
        TableOfLogits(logits, 2)


def test_a_token_outside_of_the_table():
    with pytest.raises(TokenError):
        TableOfLogits(np.zeros((2, 2)), 2).log_probs([2])
