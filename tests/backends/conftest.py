"""Each kernel in both dtypes, and as threads in the interpreter too."""

import math
from pathlib import Path

import numpy as np
import pytest
from conftest import BACKENDS

from microgpt import backends


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(params=[*BACKENDS, "interpreter"])
def backend(request):
    """The name of each back end, in use for the test."""
    with backends.using(request.param):
        yield request.param


@pytest.fixture
def rng():
    return np.random.default_rng(5)


FOLDER = Path(__file__).parent
LARGE = 4_000  # elements; the interpreter takes some microseconds for each
DENSE = {  # many thousands of numbers; the threads' own tests have fewer of the same
    "test_functions_in_float32",
    "test_values_and_gradients_are_the_formulas",
    "test_gradients_are_finite_differences",
    "test_decoding_step_by_step_is_the_forward_pass",
    "test_it_samples_what_next_token_samples",
    "test_it_draws_by_uniform",
    "test_a_large_vocabulary",
}


def pytest_collection_modifyitems(config, items):
    """Leave large arrays to the compiled back ends: threads show nothing more on them.

    The hook sees the tests of the whole session, and speaks for those of this folder.
    """
    too_large = [item for item in items if FOLDER in item.path.parents and _is_too_large(item)]
    if too_large:
        items[:] = [item for item in items if item not in too_large]
        config.hook.pytest_deselected(items=too_large)


def _is_too_large(item):
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if parameters.get("backend") != "interpreter":
        return False
    sizes = [
        math.prod(value) if isinstance(value, tuple) else value
        for value in parameters.values()
        if isinstance(value, int | tuple) and not isinstance(value, bool)
    ]
    return item.originalname in DENSE or any(size > LARGE for size in sizes)
