"""Dropout: which numbers go, when, and that everything that draws a mask draws the same one."""

import copy
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from naive import RNG_STATE
from naive import dropout_mask as philox_by_hand

import microgpt as mg
from microgpt import backends, nn, ops
from microgpt.autograd.engine import decomposed
from microgpt.errors import SettingError, ShapeError
from microgpt.nn.dropout import DropoutPass, _thread, freeze_masks

# Which of the first elements of rows 0 and 1 stay, for p = 0.5, seed 42, count 7 and site 3; the
# random numbers behind them never change, on any machine.
STAY = ["011101110011011011010010", "000001010000110000101000"]

SHAPE = {"vocab_size": 11, "block_size": 9, "n_layer": 2, "n_head": 2, "n_embd": 12}
CONFIGS = {
    "microgpt": mg.GPTConfig(**SHAPE, dropout=0.3),
    "gpt2": mg.GPTConfig.preset("gpt2-124M", **SHAPE, dropout=0.3, init_std=0.2),
}


def batch(seed=0, rows=3, length=9):
    tokens = np.random.default_rng(seed).integers(0, 11, (rows, length)).astype(np.int32)
    return tokens, np.roll(tokens, -1, 1)


def rng_state(seed=42, count=7):
    return np.array([seed, count], np.int64)


def kept(shape, p=0.5, layer_id=3, at=None):
    """Which elements of a tensor stay."""
    ones = mg.Tensor(np.ones(shape, np.float32))
    return ops.dropout(ones, p, rng_state() if at is None else at, layer_id).numpy() > 0


def gradients(model):
    return [parameter.grad.copy() for parameter in model.parameters()]


def test_the_masks_are_the_ones_they_always_were(backend):
    shown = ["".join("01"[int(stays)] for stays in row) for row in kept((2, 24))]
    assert shown == STAY


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 7), (5,), (), (1, 33), (0, 4), (4, 0)])
def test_kept_numbers_grow_and_all_others_are_zero(backend, shape):
    x = np.random.default_rng(0).normal(size=shape)
    y = ops.dropout(mg.Tensor(x, dtype="float64"), 0.25, rng_state(), 3).numpy()
    assert y.shape == shape
    stays = kept(shape, 0.25)
    np.testing.assert_allclose(y[stays], x[stays] / 0.75, rtol=1e-15)
    assert not y[~stays].any()


def test_masks_are_philoxs_number_by_number(backend):
    for shape, p, layer_id in (((3, 10), 0.3, 5), ((2, 2, 9), 0.9, 2**32 - 1)):
        x = mg.Tensor(np.ones(shape), dtype="float64")
        np.testing.assert_array_equal(
            ops.dropout(x, p, RNG_STATE, layer_id).numpy(), philox_by_hand(shape, p, layer_id)
        )


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9])
def test_shares_and_means_are_those_asked_for(p):
    rows, columns = 400, 500
    stays = kept((rows, columns), p)
    for share, count in ((stays.mean(), stays.size), (stays[:, ::4].mean(), stays.size // 4)):
        assert abs(share - (1 - p)) < 4 * np.sqrt(p * (1 - p) / count)
    # Neither rows nor columns nor neighbours have anything to do with each other.
    for one, other in ((stays[1:], stays[:-1]), (stays[:, 1:], stays[:, :-1])):
        assert abs((one & other).mean() - (1 - p) ** 2) < 4 * np.sqrt(p / one.size)
    x = np.random.default_rng(1).uniform(1, 2, (rows, columns))
    mean = ops.dropout(mg.Tensor(x), p, rng_state(), 3).numpy().mean()
    assert abs(mean - x.mean()) < 4 * 1.53 * np.sqrt(p / (1 - p) / x.size)


def test_masks_differ_between_seeds_counts_sites_and_rows():
    masks = [kept((1, 64), at=rng_state(42 + i, 7)) for i in range(3)]
    masks += [kept((1, 64), at=rng_state(42, 8 + i)) for i in range(3)]
    masks += [kept((1, 64), layer_id=4 + i) for i in range(3)]
    masks += list(kept((4, 64))[1:, None])
    assert len({mask.tobytes() for mask in masks}) == len(masks)


def test_no_p_is_the_identity(backend):
    x = mg.Tensor(np.ones((2, 3, 12)), requires_grad=True)
    assert ops.dropout(x, 0, rng_state()) is x
    np.testing.assert_array_equal(ops.dropout_residual(x, x, 0.0, rng_state()).numpy(), 2)
    plain = ops.self_attention(x, 2).numpy()
    np.testing.assert_array_equal(ops.dropout_attention(x, 2, 0.0, rng_state()).numpy(), plain)


def test_what_is_no_number_stays_so(backend):
    x = mg.Tensor(np.full((1, 16), np.nan))
    assert np.isnan(ops.dropout(x, 0.5, rng_state()).numpy()).all()


@pytest.mark.parametrize("p", [-0.1, 1, 1.0, float("nan"), "a", None, True])
def test_shares_out_of_range_are_refused(p):
    x = mg.Tensor([1.0])
    calls = [
        lambda: ops.dropout(x, p, rng_state()),
        lambda: nn.Dropout(p),
        lambda: mg.GPTConfig(dropout=p),
    ]
    for call in calls:
        with pytest.raises(SettingError, match=r"(p|dropout) must be"):
            call()


def test_other_refusals():
    x = mg.Tensor(np.ones((2, 3)))
    with pytest.raises(SettingError, match="two numbers, seed and counter; got float"):
        ops.dropout(x, 0.5, np.zeros(2))
    with pytest.raises(SettingError, match=r"of shape \(1,\)"):
        ops.dropout(x, 0.5, np.zeros(1, np.int64))
    with pytest.raises(SettingError, match="layer_id must be an integer"):
        ops.dropout(x, 0.5, rng_state(), -1)
    with pytest.raises(ShapeError, match="one shape"):
        ops.dropout_residual(x, mg.Tensor(np.ones((3, 2))), 0.5, rng_state())
    for options in ({"layer_id": -1}, {"seed": -1}, {"seed": 2**63}, {"layer_id": 0.5}):
        with pytest.raises(SettingError, match="must be"):
            nn.Dropout(0.5, **options)
    with pytest.raises(SettingError, match="dropout_seed must be a non-negative integer"):
        mg.GPT(CONFIGS["gpt2"]).dropout_seed = 0.5
    with pytest.raises(SettingError, match="mode must be True or False; got 1"):
        mg.GPT(CONFIGS["gpt2"]).train(1)


def test_results_are_the_same_on_both_back_ends_and_for_any_number_of_threads():
    code = """
import hashlib, sys
import numba
import numpy as np
import microgpt as mg
from microgpt import ops
from microgpt.backends.numba_cpu.jit import kernel as jit_kernel
jit_kernel.PARALLEL_FROM = 1
numba.set_num_threads(int(sys.argv[1]))
mg.use("numba")
turn = np.array([5, 6])
ones = mg.Tensor(np.ones((37, 130), np.float32))
qkv = mg.Tensor(np.random.default_rng(0).normal(size=(3, 40, 3 * 24)).astype(np.float32))
for result in (ops.dropout_attention(qkv, 2, 0.5, turn, 2), ops.dropout(ones, 0.5, turn, 1)):
    print(hashlib.sha256(result.array.tobytes()).hexdigest())
"""
    environment = {**os.environ, "NUMBA_NUM_THREADS": "3"}
    results = [
        subprocess.run(
            [sys.executable, "-c", code, str(threads)],
            env=environment, capture_output=True, text=True, check=True,
        ).stdout
        for threads in (1, 2, 3)
    ]  # fmt: skip
    assert len(set(results)) == 1
    with backends.using("numpy"):
        ones = mg.Tensor(np.ones((37, 130), np.float32))
        mask = ops.dropout(ones, 0.5, np.array([5, 6]), 1).array
    assert results[0].split()[-1] == hashlib.sha256(mask.tobytes()).hexdigest()


@pytest.mark.parametrize("config_name", CONFIGS)
@pytest.mark.parametrize("fused", [False, True])
def test_a_models_gradients_are_the_measured_ones(backend, config_name, fused):
    model = mg.GPT(CONFIGS[config_name], dtype="float64")
    for name, parameter in model.named_parameters():  # away from ReLU's corners
        if name.endswith("bias"):
            parameter.data = np.random.default_rng(1).normal(size=parameter.shape)
    before = model.dropout_counter.copy()
    checked = [model.wte.weight, model.h[0].attn.c_attn.weight, model.h[1].mlp.c_proj.weight]
    assert mg.gradcheck(
        lambda *_: model.loss(*batch()), checked, directions=1, tolerance=1e-5, fused=fused
    )
    assert model.dropout_counter == before
    with mg.no_grad():
        free = model.loss(*batch()).item()
    assert model.loss(*batch()).item() != free  # something was dropped


@pytest.mark.parametrize("config_name", CONFIGS)
def test_fused_is_composed(backend, config_name):
    for dtype, tolerance in (("float64", 1e-12), ("float32", 1e-5)):
        found = []
        for run_composed in (False, True):
            model = mg.GPT(CONFIGS[config_name], dtype=dtype)
            if run_composed:
                with decomposed():
                    loss = model.loss(*batch())
                    loss.backward()
            else:
                loss = model.loss(*batch())
                loss.backward()
            found.append([loss.numpy(), *gradients(model)])
        for fused, twin in zip(*found, strict=True):
            np.testing.assert_allclose(fused, twin, rtol=tolerance, atol=tolerance)


def test_back_ends_agree():
    found = []
    for name in ("numpy", "numba"):
        model = mg.GPT(CONFIGS["gpt2"], dtype="float64", backend=name)
        for _ in range(3):
            loss = model.loss(*batch())
        loss.backward()
        found.append([loss.numpy(), *gradients(model)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


def test_sites_are_gpt2s():
    model = mg.GPT(CONFIGS["gpt2"])
    layer_ids = {m.path: m.layer_id for _, m in model.named_modules() if isinstance(m, nn.Dropout)}
    layer = ("attn.attn_dropout", "attn.resid_dropout", "mlp.dropout")
    assert list(layer_ids) == ["drop", *(f"h.{i}.{name}" for i in range(2) for name in layer)]
    assert len(set(layer_ids.values())) == 7
    assert 0 not in layer_ids.values()


def test_without_dropout_nothing_of_it_runs(backend):
    model = mg.GPT(mg.GPTConfig(**SHAPE))
    step = mg.capture(lambda *given: model.loss(*given).backward())
    for _ in range(3):
        step(*batch())
    assert not any("dropout" in launch.name for launch in step.launches())
    assert model.dropout_counter == 0


def test_it_acts_in_training_only_and_where_gradients_are_recorded(backend):
    model = mg.GPT(CONFIGS["gpt2"])
    tokens, targets = batch()
    with mg.no_grad():
        free = model(tokens).numpy()
        np.testing.assert_array_equal(model(tokens).numpy(), free)
    assert model.training
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    np.testing.assert_array_equal(model(tokens).numpy(), free)
    list(mg.generate(model, [1], 4))
    assert model.dropout_counter == 0
    assert model.train() is model
    first, second = model(tokens).numpy(), model(tokens).numpy()
    assert model.dropout_counter == 2
    assert not np.allclose(first, free)
    assert not np.allclose(first, second)
    tokenizer = mg.tokenizers.CharTokenizer("abcdefghij")
    writing = [list(mg.generate_text(model, tokenizer, 3, seed=5)) for _ in range(2)]
    assert model.training
    assert model.dropout_counter == 2
    used = list(mg.generate_text(copy.deepcopy(model).eval(), tokenizer, 3, seed=5))
    assert writing == [used, used]
    assert len(used) == 3
    assert any(used)
    model.loss(tokens, targets).backward()
    assert model.dropout_counter == 3


def test_parts_can_be_put_into_either_mode(backend):
    model = mg.GPT(CONFIGS["gpt2"]).eval()
    model.h[1].mlp.train()
    first, second = model(batch()[0]).numpy(), model(batch()[0]).numpy()
    assert not np.allclose(first, second)
    model.h[1].mlp.eval()
    np.testing.assert_array_equal(model(batch()[0]).numpy(), model(batch()[0]).numpy())


def trained(model, steps, capture, accumulate=2):
    """Losses and weights of some steps, each over a few forward passes."""
    optimizer = mg.AdamW(model.parameters(), 0.01)

    def step(tokens, targets):
        optimizer.zero_grad()
        losses = [model.loss(tokens, targets) for _ in range(accumulate)]
        for loss in losses:  # all backward after all forward
            loss.backward()
        optimizer.step()
        return losses[-1]

    step = mg.capture(step) if capture else step
    return [step(*batch()).item() for _ in range(steps)], model.state_dict()


@pytest.mark.parametrize("config_name", CONFIGS)
def test_captured_is_eager_bit_for_bit_over_fifty_steps(backend, config_name):
    steps = 50 if backend == "numba" else 12
    losses, weights = trained(mg.GPT(CONFIGS[config_name]), steps, capture=False)
    model = mg.GPT(CONFIGS[config_name])
    again, copied = trained(model, steps, capture=True)
    assert again == losses
    for name, weight in weights.items():
        np.testing.assert_array_equal(copied[name], weight)
    assert model.dropout_counter == 2 * steps
    assert losses[-1] < losses[0]


def test_replays_draw_a_fresh_mask_each_time(backend):
    model = mg.GPT(CONFIGS["gpt2"])
    loss = mg.capture(lambda *given: model.loss(*given))
    seen = [loss(*batch()).item() for _ in range(6)]
    assert len(set(seen)) == 6
    model.dropout_counter[0] = 1
    assert loss(*batch()).item() == seen[1]
    model.dropout_seed = 7
    model.dropout_counter[0] = 1
    other = loss(*batch()).item()
    assert other not in seen
    model.dropout_seed = 42
    model.dropout_counter[0] = 5
    assert loss(*batch()).item() == seen[5]


def test_two_forward_passes_then_two_backward(backend):
    def passes(interleaved):
        model = mg.GPT(CONFIGS["gpt2"], dtype="float64")
        if interleaved:
            losses = [model.loss(*batch()) for _ in range(2)]
            for loss in losses:
                loss.backward()
        else:
            for _ in range(2):
                model.loss(*batch()).backward()
        return gradients(model)

    for one, other in zip(passes(True), passes(False), strict=True):
        np.testing.assert_array_equal(one, other)


def test_resuming_goes_on_with_the_same_masks(backend, tmp_path):
    def losses(model, count):
        return [model.loss(*batch()).item() for _ in range(count)]

    model = mg.GPT(CONFIGS["gpt2"], seed=3)
    assert model.dropout_seed == 3
    whole = losses(model, 6)
    half = mg.GPT(CONFIGS["gpt2"], seed=3)
    assert losses(half, 3) == whole[:3]
    twin = copy.deepcopy(half)
    assert (twin.dropout_seed, int(twin.dropout_counter[0])) == (3, 3)
    mg.save(tmp_path, half)
    loaded = mg.load(tmp_path).model
    assert loaded.config.dropout == 0.3
    loaded.dropout_seed, loaded.dropout_counter[0] = half.dropout_seed, half.dropout_counter[0]
    assert losses(twin, 3) == losses(loaded, 3) == whole[3:]
    assert half.dropout_counter == 3  # the copy has a counter of its own


def test_the_counter_is_not_read_while_recording(backend):
    model = mg.GPT(CONFIGS["gpt2"])
    with pytest.raises(mg.CaptureError, match="dropout_counter"):
        mg.capture(lambda: model.dropout_counter[0])()


class Own(nn.Module):
    """A part of a learner's own, with a dropout of its own."""

    def __init__(self):
        self.dropout = nn.Dropout(0.5, seed=1)

    def __call__(self, x, residual):
        return residual + self.dropout(x)


def test_dropout_in_a_part_of_ones_own(backend):
    part, x = Own(), mg.Tensor(np.ones((4, 12)))
    first, second = part(x, x).numpy(), part(x, x).numpy()
    assert set(np.unique(first)) == {1, 3}
    assert (first != second).any()
    part.eval()
    np.testing.assert_array_equal(part(x, x).numpy(), 2)
    model = mg.GPT(mg.GPTConfig(**SHAPE))
    model.h[0].mlp = Own()
    losses = {model.loss(*batch()).item() for _ in range(4)}
    assert len(losses) == 4
    assert model.dropout_counter == 4


def test_neither_weights_nor_masks_are_stored():
    """A pass over T places, there and back, makes nothing of size T · T."""
    qkv = mg.Tensor(np.ones((1, 256, 48)), requires_grad=True, backend="numba")

    class Largest:
        size = 0

        def on_launch(self, name, call, arguments):
            pass

        def on_alloc(self, array):
            self.size = max(self.size, array.size)

        def on_host_read(self, what):
            pass

    with backends.tracing(Largest()) as seen:
        y = ops.dropout_attention(qkv, 2, 0.5, rng_state())
        y.backward(y.detach())
    assert 0 < seen.size <= qkv.size < 256 * 256


@pytest.mark.parametrize(("length", "size"), [(7, 4), (33, 16), (65, 5)])
def test_the_future_has_no_influence(length, size):
    """Not even as NaN, which NumPy's product would spread."""
    rng = np.random.default_rng(0)
    qkv = rng.normal(size=(2, length, 6 * size)).astype(np.float32)

    def run(numbers):
        leaf = mg.Tensor(numbers, requires_grad=True, backend="numba")
        y = ops.dropout_attention(leaf, 2, 0.3, rng_state())
        dy = np.ones(y.shape, np.float32)
        dy[:, length // 2 :] = 0
        y.backward(dy)
        return y.numpy(), leaf.grad[:, :, : 2 * size]

    clean, dq = run(qkv)
    spoilt = qkv.copy()
    spoilt[:, length // 2 :] = np.nan
    y, after = run(spoilt)
    np.testing.assert_array_equal(y[:, : length // 2], clean[:, : length // 2])
    np.testing.assert_array_equal(after[:, : length // 2], dq[:, : length // 2])


def test_passes_and_frozen_blocks_can_be_nested(backend):
    outer, inner = np.array([1, 0], np.int64), np.array([2, 0], np.int64)
    kernels = backends.current()
    with DropoutPass(outer) as first:
        with DropoutPass(inner) as second:
            second.snapshot(kernels)
        assert _thread.active_pass is first
        with freeze_masks():
            with freeze_masks():
                pass
            snapshot = first.snapshot(kernels)  # frozen still: the counter stays
        outer[1] += 5
        assert snapshot.tolist() == [1, 0]
    assert _thread.active_pass is None
    assert inner.tolist() == [2, 1]
    assert outer.tolist() == [1, 5]
