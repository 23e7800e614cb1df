"""A model's file and its debug state, both written by hand; a reference in plain NumPy."""

import numpy as np
import pytest
from llmc_files import model_file, small_model, state_file
from parity_models import TARGETS, TOKENS, intermediates


@pytest.fixture(autouse=True)
def restored():
    from microgpt import backends

    before = backends.current().name
    yield
    backends.use(before)


@pytest.fixture
def pair(tmp_path):
    """A small model's file and its debug state, both written by hand."""
    model, state = tmp_path / "model.bin", tmp_path / "state.bin"
    model.write_bytes(model_file(small_model(), 3))
    state.write_bytes(state_file(small_model(), 2, TOKENS, TARGETS))
    return model, state


@pytest.fixture
def reference():
    tokens = np.array(TOKENS)
    return {"tokens": tokens, **intermediates(small_model().state_dict(), tokens, 2, 2)}
