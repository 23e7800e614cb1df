"""The KV cache: the same logits as without, its bounds, rewinding."""

import copy
import pickle

import numpy as np
import pytest
from generation_cases import CONFIG

import microgpt as mg
from microgpt.errors import (
    ShapeError,
    StateError,
)


def test_cached_logits_are_the_full_ones(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    tokens = np.array([[1, 2, 3, 4, 5, 6, 7, 0], [8, 7, 6, 5, 4, 3, 2, 1]], np.int32)
    full = model(tokens).numpy()
    cache = mg.KVCache(model, batch_size=2)
    with mg.no_grad():
        first = model(tokens[:, :3], cache).numpy()
        np.testing.assert_allclose(first, full[:, :3], atol=1e-13)
        for t in range(3, 8):
            logits = model(tokens[:, t : t + 1], cache).numpy()
            np.testing.assert_allclose(logits[:, 0], full[:, t], atol=1e-13)
        with pytest.raises(ShapeError, match="8 are in, 1 more"):
            model(tokens[:, :1], cache)
        cache.reset()
        assert cache.length == 0
        model(tokens[:, :1], cache)
        assert cache.length == 1
        with pytest.raises(ShapeError, match="whole prompt first"):
            model(tokens[:, :2], cache)


def test_a_cache_is_rewound_to_an_earlier_length(backend):
    model = mg.GPT(CONFIG, seed=4, dtype="float64")
    cache = mg.KVCache(model)
    with mg.no_grad():
        model([1, 2, 3], cache)
        expected = model([4], cache).numpy()
        cache.rewind(3)
        assert cache.length == 3
        np.testing.assert_array_equal(model([4], cache).numpy(), expected)
    for length in (-1, 5):
        with pytest.raises(ShapeError, match=f"4 tokens cannot be rewound to {length}"):
            cache.rewind(length)
    cache.reset()
    assert cache.length == 0


def test_a_cache_of_another_size(backend):
    model = mg.GPT(mg.GPTConfig(position="none"))
    with mg.no_grad():
        with pytest.raises(ShapeError, match="for 1 rows; got 64"):
            model(np.ones((64, 1), np.int32), mg.KVCache(model))
        with pytest.raises(ShapeError, match="for 3 rows; got 2"):
            model(np.ones((2, 1), np.int32), mg.KVCache(model, 3))
        cache = mg.KVCache(model)
        for _ in range(16):
            model([[1]], cache)
        with pytest.raises(ShapeError, match="16 are in, 1 more"):
            model([[1]], cache)
        wide = mg.GPT(mg.GPTConfig(n_embd=256, position="none"))
        with pytest.raises(ShapeError, match="made for another model"):
            wide([[1]], mg.KVCache(model))
        other = mg.GPT(mg.GPTConfig(position="none"), dtype="float64")
        with pytest.raises(ShapeError, match="made for another model"):
            other([[1]], mg.KVCache(model))
    with pytest.raises(StateError, match="no gradient flows through a cache"):
        model([[1]], mg.KVCache(model))


def test_a_cache_is_for_its_own_model_and_stays_in_bounds(backend):
    model, twin = mg.GPT(mg.GPTConfig()), mg.GPT(mg.GPTConfig())
    cache = mg.KVCache(model)
    with mg.no_grad():
        with pytest.raises(ShapeError, match="another model"):
            twin([[1]], cache)
        model([[1, 2, 3]], cache)
    for count in (-4, 14):
        with pytest.raises(ShapeError, match="do not fit"):
            cache.advance(count)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_cache_is_not_copied(copied):
    with pytest.raises(StateError, match="belongs to its model"):
        copied(mg.KVCache(mg.GPT(mg.GPTConfig())))
