"""A GPT trains, generates, records and replays in threads as it does on NumPy.

The threads run on the emulated device ("cuda"), and on NumPy's arrays ("interpreter").
"""

from dataclasses import replace

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends

pytestmark = pytest.mark.slow

MICROGPT = replace(mg.GPTConfig.microgpt(), vocab_size=27, block_size=8)
GPT2 = mg.GPTConfig(
    vocab_size=27, block_size=8, n_layer=1, n_head=2, n_embd=16, norm="layernorm",
    activation="gelu", bias=True, embedding_norm=False, final_norm=True, tie_weights=True,
    dropout=0.1,
)  # fmt: skip


def train(config, backend, captured, dtype="float32"):
    """The losses of three AdamW steps, and the model."""
    with backends.using(backend):
        model = mg.GPT(config, seed=3, dtype=dtype)
        optimizer = mg.AdamW(model.parameters(), lr=0.01)

        def step(tokens, targets):
            optimizer.zero_grad()
            loss = model.loss(tokens, targets)
            loss.backward()
            mg.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss

        step = mg.capture(step) if captured else step
        ids = np.random.default_rng(0).integers(0, 27, (3, 2, 6))
        losses = [step(batch[:, :-1], batch[:, 1:]).item() for batch in ids]
    return losses, model


@pytest.mark.parametrize(
    ("backend", "captured"), [("cuda", False), ("cuda", True), ("interpreter", True)]
)
@pytest.mark.parametrize("config", [MICROGPT, GPT2], ids=["microgpt", "gpt2"])
def test_three_steps_give_numpys_losses(config, backend, captured):
    losses, _ = train(config, backend, captured)
    expected, _ = train(config, "numpy", False)
    np.testing.assert_allclose(losses, expected, rtol=1e-6, atol=0)


def test_in_float64_the_weights_are_numpys_too():
    """In float32 Adam makes steps of rounding where a gradient is 0, as that of a key's bias."""
    losses, model = train(GPT2, "cuda", False, "float64")
    expected, numpys = train(GPT2, "numpy", False, "float64")
    np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=0)
    for ours, theirs in zip(model.parameters(), numpys.parameters(), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-8, atol=1e-10)


def test_it_generates_the_tokens_of_numpy():
    written = []
    for backend in ("cuda", "interpreter", "numpy"):
        with backends.using(backend):
            model = mg.GPT(MICROGPT, seed=3)
            written.append(list(mg.generate(model, [26], max_new_tokens=6, seed=1)))
    assert written[0] == written[1] == written[2]
