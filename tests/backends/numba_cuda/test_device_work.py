"""Above the driver: transfers of a step and a token, checks on the device, copies, checkpoints."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends
from microgpt.errors import DeviceError, ShapeError, TokenError

CONFIG = replace(mg.GPTConfig.microgpt(), vocab_size=5, block_size=4, n_embd=4, n_head=1)
IDS = np.array([[0, 1, 2], [3, 4, 0]], np.int32)


@pytest.fixture
def model(device):
    return mg.GPT(CONFIG, seed=3, backend="cuda")


def transfers(device):
    return device.driver.transfers.uploads, device.driver.transfers.downloads


def test_a_recorded_step_uploads_tokens_and_targets_and_downloads_one_result(model, device):
    config = mg.TrainConfig(steps=6, batch_size=2, lr_schedule="constant", lr=0.01)
    trainer = mg.Trainer(model, np.tile(IDS.ravel(), 8), config)
    losses = [next(trainer).loss for _ in range(3)]
    before = transfers(device)
    losses.append(next(trainer).loss)
    assert np.subtract(transfers(device), before).tolist() == [2, 1]
    with backends.using("numpy"):
        numpys = mg.Trainer(mg.GPT(CONFIG, seed=3), np.tile(IDS.ravel(), 8), config)
        np.testing.assert_allclose(losses, [next(numpys).loss for _ in range(4)], rtol=1e-6)
    assert trainer.optimizer.step_count == 4
    assert trainer.captured.launches()[0].seconds < float("inf")


def test_a_changed_rate_is_one_more_upload(model, device):
    optimizer = mg.AdamW(model, lr=0.1)
    before = transfers(device)
    optimizer.lr = 0.1
    assert transfers(device) == before
    optimizer.lr = 0.2
    assert np.subtract(transfers(device), before).tolist() == [1, 0]
    assert optimizer.lr == 0.2


def test_a_token_is_downloaded_alone(model, device):
    tokens = list(mg.generate(model, [1], max_new_tokens=3, seed=1))
    with backends.using("numpy"):
        assert tokens == list(mg.generate(mg.GPT(CONFIG, seed=3), [1], max_new_tokens=3, seed=1))


def test_errors_are_numpys_and_nothing_is_launched(model, device):
    launches = device.driver.launches
    with pytest.raises(TokenError, match=r"from 0 to 4 .* got 9 at position 1"):
        model([[1, 9]])
    assert device.driver.launches == launches
    with pytest.raises(TokenError, match="targets must be from 0 to 4"):
        model.loss(IDS, IDS + 7)
    with pytest.raises(TokenError, match="every target is -1"):
        model.loss(IDS, np.full_like(IDS, -1))


@pytest.mark.parametrize(
    ("rows", "needed"), [(2**30, "4,294,967,296"), (2**42, "17,592,186,044,416")]
)
def test_out_of_memory_is_the_drivers_sentence(device, rows, needed):
    with pytest.raises(DeviceError) as raised:
        device.empty((rows, 2**20), np.float32)
    assert str(raised.value) == (
        f"the emulated device is out of memory: {needed} MiB are needed; take a smaller batch or "
        "model"
    )


def test_a_replay_checks_its_arguments_too(model, device):
    step = mg.capture(lambda tokens, targets: model.loss(tokens, targets))
    losses = [step(IDS, IDS).item() for _ in range(4)]
    assert len(set(losses)) == 1
    assert step(IDS[::-1].copy(), IDS).item() != losses[0]
    with pytest.raises(TokenError, match="got 9 at position 0"):
        step(IDS + 9, IDS)
    assert step(IDS, IDS).item() == losses[0]


def test_nothing_of_a_graph_lies_where_its_uploads_wait(device):
    """They are made before all launches; `b` is needed last, when `a` has long been used."""
    device.poison = False  # else every launch is made alone

    def lookups(a, b):
        x = mg.ops.embedding(a, table)
        for _ in range(3):
            x = x * 2.0
        return x + mg.ops.embedding(b, table)

    table = mg.Tensor(np.eye(5), backend="cuda")
    captured = mg.capture(lookups)
    with mg.no_grad():
        for n in range(5):
            a = (np.arange(5, dtype=np.int32) + n) % 5
            b = a[::-1].copy()
            expected = 8 * np.eye(5)[a] + np.eye(5)[b]
            np.testing.assert_array_equal(captured(a, b).numpy(), expected)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("check_tokens", ([0, 4, 5, 9], 5), "token ids must be from 0 to 4 .* got 5 at position 2"),
        ("check_tokens", ([0, -2], 5), "got -2 at position 1"),
        ("check_targets", ([-1, -2], 5, 0), "targets must be from 0 to 4.* got -2 at position 1"),
        ("check_targets", ([-1, -1], 5, 1), "every target is -1"),
        ("check_position", ([3], 2, 4), "2 more tokens from position 3 on do not fit: there are 4"),
        ("check_position", ([-1], 2, 4), "from position -1 on"),
    ],
)
def test_a_check_on_the_device_raises_at_the_next_download(device, name, arguments, message):
    ids, *limits = arguments
    array = device.from_host(np.array(ids, np.int32))
    device.launch(name, array, *limits)
    device.launch("check_tokens", device.from_host(np.array([77], np.int32)), 5)  # the first stays
    with pytest.raises((TokenError, ShapeError), match=message):
        array.numpy()
    np.testing.assert_array_equal(array.numpy(), ids)  # once


def test_what_nobody_downloads_is_raised_when_the_host_waits(device):
    device.launch("check_tokens", device.from_host(np.array([77], np.int32)), 5)
    with pytest.raises(TokenError, match="got 77"):
        device.driver.synchronize()
    device.driver.synchronize()  # once


@pytest.mark.parametrize("wrong", [9, -2])
def test_a_wrong_target_on_the_device_is_read_nowhere(model, device, wrong):
    targets = device.from_host(np.array([[1, 2, wrong], [0, 1, 2]], np.int32))
    loss = mg.capture(lambda targets: model.loss(IDS, targets))
    for call in (lambda: model.loss(IDS, targets), *[lambda: loss(targets)] * 3):
        with pytest.raises(TokenError, match=rf"got {wrong} at .* \(.* by check_targets\)"):
            call().item()
    assert np.isfinite(model.loss(IDS, IDS).item())


def test_checks_on_the_device_let_right_numbers_pass(device):
    ids = device.from_host(np.arange(600, dtype=np.int32))
    device.launch("check_tokens", ids, 600)
    device.launch("check_targets", ids, 600, 1)
    device.launch("check_position", ids[3:4], 2, 5)
    assert ids[599:].item() == 599


def test_a_full_cache_refuses_the_next_token_and_touches_nothing_else(model):
    with mg.no_grad():
        cache = mg.KVCache(model)
        model.next_token_logits([[1, 2, 3, 4]], cache)
        before = cache.array.numpy()
        with pytest.raises(ShapeError, match="4 positions"):
            model.decode_step(np.array([1], np.int32), cache).numpy()
        np.testing.assert_array_equal(cache.array.numpy(), before)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_a_model_stay_on_the_device(model, copied):
    other = copied(model)
    assert other.backend is model.backend
    for ours, theirs in zip(other.parameters(), model.parameters(), strict=True):
        assert ours.data.data_ptr != theirs.data.data_ptr
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_a_model_is_copied_to_another_back_end_alone(model):
    assert model.to("cuda") is model
    host = model.to("numpy")
    assert (host.backend.name, host.to("cuda").backend.name) == ("numpy", "cuda")
    np.testing.assert_allclose(host.loss(IDS, IDS).item(), model.loss(IDS, IDS).item(), rtol=1e-6)


def test_a_model_goes_to_the_host_and_back(model):
    there = model.copy(backend="numpy")
    back = there.copy(backend="cuda")
    assert (there.backend.name, back.backend.name) == ("numpy", "cuda")
    for a, b, c in zip(model.parameters(), there.parameters(), back.parameters(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
        np.testing.assert_array_equal(a.numpy(), c.numpy())


def test_an_optimizer_is_pickled_with_its_state(model):
    optimizer = mg.AdamW(model, lr=0.1)
    model.loss(IDS, IDS).backward()
    optimizer.step()
    other = pickle.loads(pickle.dumps(optimizer))
    assert (other.lr, other.step_count) == (0.1, 1)
    for name, array in optimizer.state_arrays().items():
        np.testing.assert_array_equal(array.numpy(), other.state_arrays()[name].numpy())


def test_a_checkpoint_is_written_and_read(model, tmp_path):
    mg.save(tmp_path / "model", model)
    for backend in ("cuda", "numpy"):
        found = mg.load(tmp_path / "model", backend=backend).model
        for ours, theirs in zip(found.parameters(), model.parameters(), strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_training_goes_on_after_a_break(model, tmp_path):
    config = mg.TrainConfig(steps=3, batch_size=2)
    data = np.tile(IDS.ravel(), 4)
    straight = mg.Trainer(model.copy(), data, config)
    losses = [step.loss for step in straight]
    broken = mg.Trainer(model, data, config)
    next(broken)
    broken.save(tmp_path / "run")
    resumed = mg.Trainer.resume(tmp_path / "run", data, backend="cuda")
    assert [next(resumed).loss, next(resumed).loss] == losses[1:]
    for ours, theirs in zip(resumed.model.parameters(), straight.model.parameters(), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_traces_and_gradient_checks_are_numpys(model):
    numpys = model.copy(backend="numpy")
    traces = []
    for one in (model, numpys):
        with mg.trace(one) as trace:
            one(IDS)
        traces.append(trace)
    assert traces[0].names() == traces[1].names()
    for name in traces[0].names():
        np.testing.assert_allclose(traces[0][name], traces[1][name], rtol=1e-5, atol=1e-6)
    x = mg.Tensor([0.5, -0.5], requires_grad=True, dtype="float64", backend="cuda")
    mg.gradcheck(lambda x: (x * x.exp()).sum(), [x])
