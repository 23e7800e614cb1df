"""Small GPT-2s with random weights, loaded from whatever files hold them."""

import numpy as np
from hypothesis import HealthCheck, settings

import microgpt as mg
from microgpt.errors import FormatError

SMALL = mg.GPTConfig.preset(
    "gpt2-124M", vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3
)
FUZZ = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def random_model(config=SMALL, seed=3):
    """Every weight is drawn, those of norms too."""
    model, rng = mg.GPT(config, seed=seed, backend="numpy"), np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.data += rng.normal(0, 0.1, parameter.shape).astype(np.float32)
    return model


def load(path, **options):
    return mg.load_pretrained(path, backend="numpy", **options).model


def require_equal(model, other):
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array, err_msg=name)


def loads_or_refuses(path, **options):
    """Any file gives a model, or a FormatError that names it."""
    error = None
    try:
        load(path, **options)
    except FormatError as refused:
        error = refused
    assert error is None or str(path.parent) in str(error)
