"""GPT-2's block: the same numbers as Hugging Face's on a tiny model, and its published sizes."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from char_loss_curve import BETAS, LR, WEIGHT_DECAY, model_and_batches
from safetensors.numpy import load_file

import microgpt as mg
from microgpt.autograd.engine import decomposed, no_grad
from microgpt.config import GPTConfig

GOLDEN = Path(__file__).parent.parent / "golden"


TINY = mg.GPTConfig.preset(
    "gpt2-124M", vocab_size=211, block_size=32, n_layer=2, n_head=4, n_embd=32
)


def renamed(arrays, prefix):
    """Hugging Face's arrays under our names; its matrices are stored (in, out)."""
    ours = {}
    for name in TINY.parameter_shapes():
        array = arrays[f"{prefix}transformer.{name}"]
        is_transposed = array.ndim == 2 and not name.startswith(("wte", "wpe"))
        ours[name] = array.T if is_transposed else array
    return ours


@pytest.fixture(scope="module")
def tiny(fixtures):
    folder = fixtures / "hf" / "tiny"
    return load_file(folder / "model.safetensors"), np.load(folder / "expected.npz")


def build_model(tiny, dtype="float32"):
    model = mg.GPT(TINY, dtype=dtype)
    model.load_state_dict(renamed(tiny[0], ""))
    return model


@pytest.mark.parametrize("decomposition", [False, True], ids=["fused", "composed"])
def test_logits_loss_and_gradients_are_hugging_face_s(backend, tiny, decomposition):
    model, expected = build_model(tiny), tiny[1]
    tokens, targets = expected["tokens"].astype(int), expected["targets"].astype(int)
    np.testing.assert_allclose(model(tokens).numpy(), expected["logits"], rtol=0, atol=1e-4)
    if decomposition:
        with decomposed():
            loss = model.loss(tokens, targets)
    else:
        loss = model.loss(tokens, targets)
    assert loss.item() == pytest.approx(float(expected["loss"]), abs=1e-5)
    loss.backward()
    gradients = renamed(expected, "grad:")
    for name, parameter in model.named_parameters():
        off = np.linalg.norm(parameter.grad - gradients[name]) / np.linalg.norm(gradients[name])
        assert off < 2e-4, name


def test_greedy_continuation_is_hugging_face_s(backend, tiny):
    model, greedy = build_model(tiny), tiny[1]["greedy"][0].tolist()
    for start in (5, 6, 12):  # the prompt has five
        rest = list(mg.generate(model, greedy[:start], len(greedy) - start, temperature=0))
        assert rest == greedy[start:]


def test_decoding_is_the_full_pass(backend, tiny):
    model = build_model(tiny, "float64")
    tokens = np.random.default_rng(0).integers(0, 211, (3, 20)).astype(np.int32)
    whole, cache = model(tokens).numpy(), mg.KVCache(model, 3)
    with no_grad():
        np.testing.assert_allclose(model(tokens[:, :7], cache).numpy(), whole[:, :7], atol=1e-12)
        for t in range(7, 20):
            logits = model.decode_step(tokens[:, t].copy(), cache).numpy()
            np.testing.assert_allclose(logits, whole[:, t], atol=1e-12)
    assert cache.length == 20


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("gpt2-124M", 124_439_808),
        ("gpt2-355M", 354_823_168),
        ("gpt2-774M", 774_030_080),
        ("gpt2-1558M", 1_557_611_200),
    ],
)
def test_published_sizes(name, count):
    shapes = GPTConfig.preset(name).parameter_shapes()
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == count


@pytest.mark.parametrize(
    "changes",
    [
        {"bias": False},
        {"activation": "relu"},
        {"norm": "rmsnorm"},
        {"embedding_norm": True, "final_norm": False},
        {"position": "none", "tie_weights": False},
    ],
    ids=str,
)
def test_every_mixture_has_measured_gradients(backend, changes):
    small = dataclasses.replace(TINY, vocab_size=7, block_size=5, n_head=2, n_embd=8, init_std=0.3)
    config = dataclasses.replace(small, **changes)
    model = mg.GPT(config, seed=3, dtype="float64")
    assert {n: p.shape for n, p in model.named_parameters()} == config.parameter_shapes()
    rng = np.random.default_rng(1)
    for parameter in model.parameters():  # norms start at 1 and 0: move them
        parameter.data += 0.1 * rng.normal(size=parameter.shape)
    tokens, targets = rng.integers(0, 7, (2, 5)), rng.integers(-1, 7, (2, 5))
    assert mg.gradcheck(
        lambda *_: model.loss(tokens, targets),
        model.parameters(),
        directions=2,
        tolerance=1e-5,
        fused=True,
    )


@pytest.mark.slow
def test_a_hundred_captured_steps_follow_pytorch_s_loss_curve(backend):
    """On NumPy the first six: a step takes half a second there."""
    model, tokens, targets = model_and_batches()
    steps = len(tokens) if backend == "numba" else 6
    optimizer = mg.AdamW(model, lr=LR, betas=BETAS, weight_decay=WEIGHT_DECAY)

    @mg.capture
    def step(tokens, targets):
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    losses = [step(tokens[i], targets[i]).item() for i in range(steps)]
    assert losses[-1] < (0.75 if steps == 100 else 0.9) * losses[0]
    expected = json.loads((GOLDEN / "curve.json").read_text("utf-8"))
    np.testing.assert_allclose(losses, expected[:steps], rtol=1e-3)
