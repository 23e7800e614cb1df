"""A history read from arrays is checked."""

import numpy as np
import pytest

from microgpt.errors import FormatError


@pytest.mark.parametrize("tokens", [np.inf, -1.0, 2.5, np.nan])
def test_an_evaluation_that_lies(tokens):
    from microgpt.training.history_arrays import history_from_arrays, history_to_arrays
    from microgpt.training.metrics import Evaluation, Step

    columns = history_to_arrays([Step(0, 1.0, 0.1, 1.0, 5, 0.1, Evaluation(2.0, 0.1, 5))])

    class Arrays:
        def read(self, name, dtype):
            return columns[name].astype(dtype)

    assert history_from_arrays(Arrays())[0].evaluation == Evaluation(2.0, 0.1, 5)
    columns["history.evaluation"][0, 3] = tokens
    with pytest.raises(FormatError, match="counts its tokens"):
        history_from_arrays(Arrays())
