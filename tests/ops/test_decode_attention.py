"""Decoding attention refuses positions and caches that do not fit."""

import numpy as np
import pytest
from attention_runs import decode_inputs
from leaf_tensors import leaf

import microgpt as mg
from microgpt import ops
from microgpt.errors import (
    ShapeError,
)


@pytest.mark.parametrize("decomposed", [False, True])
def test_a_token_beyond_the_cache_is_refused(backend, decomposed):
    from microgpt.autograd import engine

    qkv, keys, values, position = decode_inputs()
    query = mg.Tensor(np.ones((1, 2, 1, 3), np.float32))
    wte, wpe = leaf(5, 2), leaf(4, 2)
    calls = [
        lambda: ops.decode_self_attention(qkv, keys, values, position, 2),
        lambda: ops.decode_attention(query, keys, values, position),
        lambda: ops.token_position_embedding(np.zeros((1, 1), np.int32), wte, wpe, position),
    ]
    with engine.decomposed() if decomposed else mg.no_grad():
        for call in calls:
            for place in (-1, 4, 2**31 - 1):
                position[0] = place
                with pytest.raises(ShapeError, match=f"from position {place} on.* 4 positions"):
                    call()
            assert not keys.any()
            position[0] = 3
            call()
            keys[...] = values[...] = 0
        position[0] = 3
        with pytest.raises(ShapeError, match="2 more tokens from position 3"):
            ops.token_position_embedding(np.zeros((1, 2), np.int32), wte, wpe, position)


@pytest.mark.parametrize("decomposed", [False, True])
def test_a_cache_of_another_shape_is_refused(backend, decomposed):
    from microgpt.autograd import engine

    qkv, keys, values, position = decode_inputs()
    with engine.decomposed() if decomposed else mg.no_grad():
        for shape in [(2, 2, 4, 3), (1, 3, 4, 3), (1, 2, 4, 2), (2, 4, 3)]:
            other = np.zeros(shape, np.float32)
            with pytest.raises(ShapeError, match=r"needs keys and values \(B, H, S, D\)"):
                ops.decode_self_attention(qkv, other, other, position, 2)
        with pytest.raises(ShapeError, match="needs keys and values"):
            ops.decode_self_attention(qkv, keys, values[:, :, :3].copy(), position, 2)
        two = mg.Tensor(np.ones((1, 2, 18), np.float32))
        with pytest.raises(ShapeError, match=r"one more token \(B, H, 1, D\)"):
            ops.decode_self_attention(two, keys, values, position, 2)
        with pytest.raises(ShapeError, match=r"needs q \(B, H, 1, D\)"):
            ops.decode_attention(mg.Tensor(np.ones((2, 3))), keys, values, position)
        for place in (0, np.zeros(2, np.int32), np.zeros(1, np.int64)):
            with pytest.raises(ShapeError, match=r"an int32 array \(1,\)"):
                ops.decode_self_attention(qkv, keys, values, place, 2)
