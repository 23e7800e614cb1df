"""Quantized models on the emulated device: the logits and the tokens of NumPy."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.backends.numba_cuda import _launch
from microgpt.interpreter import ORDERS

CONFIG = mg.GPTConfig.preset(
    "gpt2-124M", vocab_size=11, block_size=6, n_layer=1, n_head=2, n_embd=8, init_std=0.3
)


@pytest.mark.parametrize("weights", ["bf16", "int8"])
def test_a_model_on_the_device(weights):
    quantized = mg.quantize(mg.GPT(CONFIG, seed=3, backend="numpy"), weights)
    moved = quantized.to("cuda")
    assert {matrix.backend.name for matrix in moved.matrices()} == {"cuda"}
    assert moved.weight_bytes == quantized.weight_bytes
    tokens = np.array([[1, 2, 3], [9, 0, 10]])
    np.testing.assert_allclose(
        moved(tokens).numpy(), quantized(tokens).numpy(), rtol=1e-5, atol=1e-6
    )
    texts = [
        list(mg.generate(model, [1, 2], 4, temperature=0, capture=capture))
        for model, capture in ((moved, True), (moved, False), (quantized, False))
    ]
    assert texts[0] == texts[1] == texts[2]
    np.testing.assert_array_equal(moved.to("numpy")(tokens).numpy(), quantized(tokens).numpy())


@pytest.mark.parametrize("weights", ["bf16", "int8"])
def test_a_model_is_quantized_on_the_device(weights):
    model = mg.GPT(CONFIG, seed=3, backend="cuda")
    ours, numpys = mg.quantize(model, weights), mg.quantize(model.to("numpy"), weights)
    for matrix, other in zip(ours.matrices(), numpys.matrices(), strict=True):
        assert matrix.backend.name == "cuda"
        np.testing.assert_array_equal(matrix.codes.numpy(), other.codes)
        np.testing.assert_array_equal(matrix.numpy(), other.numpy())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("blocks", [1, 4096])  # one block goes round
def test_no_order_of_the_threads_changes_a_bit(order, blocks, monkeypatch):
    quantized = mg.quantize(mg.GPT(CONFIG, seed=3, backend="interpreter"), "int8")
    expected = quantized(np.array([1, 2])).numpy()
    monkeypatch.setattr(_launch, "order", order)
    monkeypatch.setattr(_launch, "MAX_BLOCKS", blocks)
    np.testing.assert_array_equal(quantized(np.array([1, 2])).numpy(), expected)
