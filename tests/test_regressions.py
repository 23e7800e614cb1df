"""Bugs that were found once, each by its name."""

import ast
import copy
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import microgpt as mg
from microgpt import nn, ops
from microgpt.data import DocumentBatches, TextBatches
from microgpt.errors import CaptureError, FormatError, NotWritable, SettingError, ShapeError


def leaf(*shape, seed=0, **options):
    return mg.Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True, **options)


def test_ids_changed_before_backward(backend):
    model = mg.GPT(mg.GPTConfig())
    tokens, targets = np.array([1, 2, 3], np.int32), np.array([2, 3, 4], np.int32)
    loss = model.loss(tokens, targets)
    tokens[:], targets[:] = 2_000_000_000, 10**9
    loss.backward()
    assert np.flatnonzero(model.wte.weight.grad.any(axis=1)).tolist() == [1, 2, 3]


def test_a_cache_of_another_size(backend):
    model = mg.GPT(mg.GPTConfig(position="none"))
    with mg.no_grad():
        with pytest.raises(ShapeError, match="for 1 rows; got 64"):
            model(np.ones((64, 1), np.int32), mg.KVCache(model))
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
    with pytest.raises(SettingError, match="no gradient flows through a cache"):
        model([[1]], mg.KVCache(model))


def test_transposing_by_negative_axes(backend):
    assert mg.gradcheck(lambda x: x.transpose(0, -1, -2), [leaf(2, 3, 4)])
    assert mg.gradcheck(lambda x: x.transpose(-1, 0), [leaf(2, 3)])


@pytest.mark.parametrize("fused", [False, True])
def test_one_interior_node_as_both_operands(backend, fused):
    def check(call, *shape):
        assert mg.gradcheck(lambda x: call(x * 1.0), [leaf(*shape)], fused=fused)

    check(lambda h: ops.linear(h, h), 3, 4)
    check(lambda h: ops.linear(h, h) + ops.linear(h, h), 3, 4)
    check(lambda h: ops.linear_cross_entropy(h, h, [0, 1, 2]), 3, 4)
    check(lambda h: h[1:] + ops.linear(h, h)[:2, :2].sum() + h[:-1], 3, 4)
    check(lambda h: ops.causal_attention(h, h, h), 3, 4)


def test_captured_results_made_by_numpy_or_changing_are_refused(backend):
    w = leaf(3)
    with pytest.raises(CaptureError, match="made itself"):
        mg.capture(lambda x: x * 2)(np.arange(3.0))
    kept = [w * 1.0, w * 2.0]
    turns = iter([0, 1, 0, 1])
    f = mg.capture(lambda: kept[next(turns)])
    f(), f()
    with pytest.raises(CaptureError, match="another array each time"):
        f()
    f = mg.capture(lambda x: (w * 1.0, float(x.sum())))
    f(np.zeros(3)), f(np.ones(3))
    with pytest.raises(CaptureError, match="it returned"):
        f(np.full(3, 2.0))


def test_a_captured_decoding_step_is_refused_not_wrong(backend):
    model = mg.GPT(mg.GPTConfig())
    cache = mg.KVCache(model)
    with mg.no_grad(), pytest.raises(CaptureError, match=r"cache\.length"):
        mg.capture(lambda t: model(t, cache))(np.array([[1]]))


def test_an_argument_changed_in_place_is_refused(backend):
    f = mg.capture(lambda p: mg.backends.get(backend).launch("advance_", p, 1))
    with pytest.raises(CaptureError, match="changes an argument"):
        f(np.zeros(1, np.int32))


def test_wide_token_ids_are_refused_by_a_replay(backend):
    w = leaf(5, 2)
    f = mg.capture(lambda t: ops.embedding(w, t))
    for token in (0, 1, 2):
        f(np.array([token]))
    with pytest.raises(mg.TokenError, match="32 bits"):
        f(np.array([2**32 + 1]))


def test_recordings_of_tensors_on_two_back_ends():
    f = mg.capture(lambda x: x * 2)
    for _ in range(3):
        for name in ("numpy", "numba"):
            assert f(mg.Tensor([1.0], backend=name)).backend == name


class Pair(NamedTuple):
    first: mg.Tensor
    second: int


def test_named_tuples_and_nan_in_captured_functions(backend):
    w = leaf(2)
    f = mg.capture(lambda: Pair(w * 2, 3))
    for _ in range(3):
        assert f().second == 3
    with pytest.raises(CaptureError, match="NaN"):
        mg.capture(lambda x: w * x)(float("nan"))


def test_held_out_lines_are_taken_from_the_whole_list():
    lines = tuple("a" * (1 + i // 100) for i in range(1000))
    tokenizer = mg.tokenizers.CharTokenizer("a")
    batches = DocumentBatches(lines, tokenizer, 16)
    lengths = [int((row >= 0).sum()) for _, targets in batches.eval_batches(10) for row in targets]
    assert lengths == list(range(2, 12))
    windows = list(TextBatches("ab" * 500, mg.tokenizers.CharTokenizer("ab"), 4).eval_batches(3))
    assert sum(len(tokens) for tokens, _ in windows) == 3


def test_unsigned_and_boolean_numbers():
    assert (mg.Tensor([10.0]) - np.uint8(3)).item() == 7.0
    x = mg.Tensor(np.ones((2, 3)))
    assert x[1].shape == (3,)
    with pytest.raises(TypeError, match="got bool"):
        x[True]


def test_requires_grad_set_later(backend):
    x = mg.Tensor([2.0])
    x.requires_grad = True
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0]
    model = mg.GPT(mg.GPTConfig())
    model.lm_head.weight.requires_grad = False
    model.loss([1, 2], [2, 3]).backward()
    assert not model.lm_head.weight.grad.any()
    assert model.wte.weight.grad.any()


def test_a_parameter_listed_twice():
    w = leaf(2)
    with pytest.raises(ShapeError, match="listed twice"):
        mg.SGD([w, w], 0.1)


def test_an_interrupt_during_evaluation(monkeypatch):
    corpus = mg.load_corpus("names-mini")
    trainer = mg.Trainer(mg.GPT(mg.GPTConfig()), corpus, mg.TrainConfig(steps=20, eval_every=5))

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "evaluate", interrupt)
    assert len(trainer.run()) == 5
    assert trainer.optimizer._step[0] == 5


def test_copies_of_a_model(backend):
    model = mg.GPT(mg.GPTConfig())
    other = copy.deepcopy(model)
    assert other.loss([1, 2], [2, 3]).item() == model.loss([1, 2], [2, 3]).item()
    other.wte.weight.data[...] = 0
    assert model.wte.weight.data.any()
    assert len(mg.Adam(other.parameters()).segments) == 1


def test_single_ids_keep_their_shape(backend):
    w = leaf(5, 2)
    for token in (3, np.array(3), np.array(3, np.int32), np.int64(3)):
        assert ops.embedding(w, token).shape == (2,)
    assert ops.cross_entropy(leaf(5), 3).shape == ()


def test_raw_errors_that_became_sentences():
    w = leaf(2, 3)
    with pytest.raises(ShapeError, match="one length"):
        mg.GPT(mg.GPTConfig())([[1, 2], [3]])
    with pytest.raises(TypeError, match="axis must be one whole number"):
        w.sum(axis=(0, 1))
    with pytest.raises(ShapeError, match="attention needs"):
        ops.causal_attention(leaf(2, 0), leaf(2, 0), leaf(2, 0))
    with pytest.raises(ValueError, match="not a real number"):
        mg.Value(-8.0) ** 0.5
    for odd in ("2", None, [1.0], 1j):
        with pytest.raises(TypeError, match="a Value works with numbers"):
            mg.Value(odd)
    with pytest.raises(ValueError, match="above 0; got 0"):
        mg.Value(0.0).log()
    with pytest.raises(ZeroDivisionError, match="0 cannot be divided by"):
        mg.Value(1.0) / mg.Value(0.0)
    with pytest.raises(SettingError, match="GPTConfig; got int"):
        mg.GPT(27)
    with pytest.raises(SettingError, match="load_corpus; got str"):
        mg.Trainer(mg.GPT(), "names-mini")
    with pytest.raises(SettingError, match="TrainConfig; got dict"):
        mg.Trainer(mg.GPT(), mg.load_corpus("names-mini"), {"steps": 3})
    with pytest.raises(CaptureError, match="takes a function"):
        mg.capture(3)
    assert f"{mg.Value(2.0) * 3:.2f} {mg.Tensor([6.0]).sum():.2f}" == "6.00 6.00"
    with pytest.raises(SettingError, match="eps"):
        mg.TrainConfig(eps=-1)
    with pytest.raises(SettingError, match="max_new_tokens"):
        mg.generate(mg.GPT(mg.GPTConfig()), [0], -5)
    with pytest.raises(mg.DtypeError, match="whole numbers"):
        mg.generate(mg.GPT(mg.GPTConfig()), [26.9], 2)


def test_things_that_were_refused_without_need(backend):
    assert mg.GPTConfig(vocab_size=np.int64(27)).vocab_size == 27
    assert mg.next_token([1.0, 2.0], top_k=np.int64(1)).kept == 1
    np.testing.assert_array_equal(ops.token_losses(leaf(2, 3), [-1, -1]).numpy(), [0, 0])
    product = np.ones((2, 2)) @ leaf(2, 3)
    assert product.shape == (2, 3)
    assert np.isnan(mg.Value(float("nan")).relu().data)
    assert mg.Tensor(np.ones(2, ">f8")).dtype == np.float64


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_checkpoints_follow_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        path = mg.save(tmp_path, mg.GPT(mg.GPTConfig()))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


def test_weights_in_lists_tuples_and_dictionaries_are_found():
    class Model(nn.Module):
        def __init__(self):
            self.a = [leaf(1), (leaf(2), {"deep": leaf(3)})]
            self.b = {"part": nn.Linear(2, 2, nn.Init(np.random.default_rng(0)))}

    names = [name for name, _ in Model().named_parameters()]
    assert names == ["a.0", "a.1.0", "a.1.1.deep", "b.part.weight"]


def test_gradcheck_keeps_collected_gradients():
    x = leaf(2)
    (x * x).sum().backward()
    before = x.grad.copy()
    mg.gradcheck(lambda x: x * 3, [x])
    np.testing.assert_array_equal(x.grad, before)


def test_the_learners_own_numba_cache_folder_is_left_alone():
    code = """
import threading
import numba
import microgpt as mg
before = numba.core.config.CACHE_DIR
mg.use("numba")
def work(name):
    x = mg.Tensor([0.5])
    for op in ("exp", "log", "tanh", "sigmoid", "relu"):
        getattr(x, op)()
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
print(numba.core.config.CACHE_DIR == before)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True"


def microgpt(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "microgpt", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def test_an_ascii_terminal_loses_nothing(tmp_path):
    out = tmp_path / "run"
    run = microgpt("train", "--steps", "3", "--out", str(out), PYTHONIOENCODING="ascii")
    assert run.returncode == 0, run.stderr
    assert (out / "model.safetensors").is_file()


def test_a_model_that_blows_up_stops_training(tmp_path):
    run = microgpt("train", "--steps", "5000", "--lr", "1e30", "--out", str(tmp_path / "run"))
    assert run.returncode == 1
    assert "the loss became nan at step" in run.stderr
    assert "smaller --lr" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reference", "--steps", "0"], "--steps must be 1"),
        (["reference", "--engine", "value", "--replay"], "nothing to replay"),
        (["train", "--out", "/proc/nope"], "nothing can be saved in /proc/nope"),
        (["train", "--corpus", "/proc"], "is a folder"),
        (["train", "--lr", "inf"], "finite"),
        (["train", "--seed", str(2**70)], "seed must be below"),
        (["sample", "x", "--length", "0"], "--length must be 1"),
        (["train", "--n-embd", "4000000000000"], "memory"),
    ],
)
def test_more_sentences(arguments, message):
    run = microgpt(*arguments)
    assert run.returncode == 1
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_saving_over_a_file_that_is_no_checkpoint(tmp_path):
    corpus = tmp_path / "mine.txt"
    corpus.write_text("anna\nbo\n")
    with pytest.raises(NotWritable, match="there already"):
        mg.save(corpus, mg.GPT(mg.GPTConfig()))
    run = microgpt("train", "--corpus", str(corpus), "--steps", "2", "--out", str(corpus))
    assert run.returncode == 1
    assert corpus.read_text() == "anna\nbo\n"
    with pytest.raises(FormatError, match="not a microgpt checkpoint"):
        mg.load(corpus)


def test_notes_on_training_are_a_dictionary(tmp_path):
    with pytest.raises(SettingError, match="must be a dictionary; got list"):
        mg.save(tmp_path, mg.GPT(mg.GPTConfig()), training=[[1, 2]])
    assert list(tmp_path.iterdir()) == []


def test_an_optimiser_on_a_leaf_whose_flag_was_set_later(backend):
    w = mg.Tensor([1.0, 2.0])
    w.requires_grad = True
    optimizer = mg.SGD([w], 0.1)
    (w * w).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(w.data, [0.8, 1.6], rtol=1e-6)
    optimizer.zero_grad()
    assert not w.grad.any()
    x = mg.Tensor(np.array([1.0, 2.0]))
    x.requires_grad = True
    assert mg.gradcheck(lambda x: (x * x).sum(), [x])
    assert not x.grad.any()


def test_slopes_of_whole_numbers():
    for gradient in (1, 1.0):
        a = mg.Value(1)
        h = a * mg.Value(1)
        y = (h**3 * h**2) * h**1
        y.backward(gradient)
        assert a.grad == 6.0


@pytest.mark.skipif(os.name == "nt", reason="timers are signalled differently there")
def test_an_interrupt_during_a_launch_frees_the_lock():
    code = """
import random, signal, threading
import microgpt as mg
from microgpt.backends import LOCK
x = mg.Tensor([1.0], backend="numpy")
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
random.seed(0)
for _ in range(1500):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 4e-4))
        while True:
            x + x
    except KeyboardInterrupt:
        pass
done = []
thread = threading.Thread(target=lambda: done.append((x + x).item()), daemon=True)
thread.start()
thread.join(10)
print(done)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[2.0]"


def test_an_interrupt_while_a_batch_is_made(monkeypatch):
    from microgpt.data import batches

    corpus = mg.load_corpus("names-mini")
    trainer = mg.Trainer(mg.GPT(mg.GPTConfig()), corpus, mg.TrainConfig(steps=30))
    calls, pad = [], batches.pad

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return pad(*arguments)

    monkeypatch.setattr(batches, "pad", interrupted)
    assert len(trainer.run()) == 9
    assert trainer.interrupted
    assert len(trainer.run()) == 30


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


def test_frozen_weights_are_saved_and_copied(tmp_path, backend):
    model = mg.GPT(mg.GPTConfig())
    model.wte.weight.requires_grad = False
    mg.save(tmp_path, model)
    assert "wte.weight" in mg.load(tmp_path).model.state_dict()
    assert model.parameter_count() == 4192
    assert len(model.parameters()) == len(list(model.named_parameters())) - 1
    assert not copy.deepcopy(model).wte.weight.requires_grad


def test_a_hook_reaches_every_generated_token(backend):
    from microgpt.autograd import engine

    model = mg.GPT(mg.GPTConfig(init_std=0.5), dtype="float64")
    tokens = [1, 2, 3, 4]

    def silence(name, node):
        return node * 0 if name.endswith("attn.weights") else node

    with mg.no_grad(), engine.naming(silence):
        full = model(tokens).numpy()[-1]
        cache = mg.KVCache(model)
        model([tokens[:3]], cache)
        np.testing.assert_allclose(model([tokens[3:]], cache).numpy()[0, -1], full, atol=1e-13)
    assert not np.allclose(model(tokens).numpy()[-1], full)


def test_an_optimiser_is_not_copied(backend):
    with pytest.raises(SettingError, match="make a new one"):
        copy.deepcopy(mg.SGD(mg.GPT(mg.GPTConfig()), 0.1))


def test_equal_arguments_of_other_kinds_have_their_own_recordings(backend):
    one = mg.Tensor(np.ones(1), requires_grad=True)
    f = mg.capture(lambda s: one * (s[0] if isinstance(s[0], float) else 10 * s[0]))
    for _ in range(3):
        assert f((1,)).item() == 10.0
        assert f((1.0,)).item() == 1.0
    with pytest.raises(CaptureError, match="is or holds a dict"):
        f({"s": 1})


def test_repeats_are_removed_without_a_held_out_part_too():
    corpus = mg.load_corpus(text="ab\nab\nba\nab")
    model = mg.GPT(mg.GPTConfig(vocab_size=3))
    assert len(mg.Trainer(model, corpus, mg.TrainConfig(held_out=0.0)).train) == 2


def test_two_texts_are_no_text():
    from microgpt.data import Corpus

    with pytest.raises(SettingError, match="one text; got 2"):
        Corpus("x", ("abc", "xyz"), "text")


def test_a_last_step_that_breaks_the_weights_is_not_saved(tmp_path):
    out = tmp_path / "run"
    run = microgpt("train", "--steps", "1", "--lr", "1e39", "--out", str(out))
    assert run.returncode == 1
    assert "smaller --lr" in run.stderr
    assert not (out / "model.safetensors").exists()


def test_norm_of_something_by_itself(backend):
    """x is also the gain, so that one node's gradient is taken and lent at once."""
    x = leaf(8, dtype="float64")
    weights = np.arange(1.0, 9.0)

    def total(x):
        z = x * 1.0
        return (ops.layer_norm(z, z) * weights).sum() + (z * z).sum()

    assert mg.gradcheck(total, [x])


@pytest.mark.parametrize("gives", [lambda d: d.T, lambda d: d.astype(np.float64)])
def test_a_gradient_that_lies_in_another_order_or_dtype(backend, gives):
    x, weight = leaf(3, 2, dtype="float32"), leaf(3, 2, seed=1, dtype="float32")
    y = ops.linear(x, weight)  # (3, 3)
    odd = y.from_op(y.array, (y,), lambda d: (gives(d),), "odd")
    upstream = np.arange(9.0, dtype=np.float32).reshape(3, 3)
    (odd * upstream).sum().backward()
    np.testing.assert_allclose(x.grad, gives(upstream) @ weight.numpy(), rtol=1e-6)


def test_an_argument_that_is_kept_is_not_the_next_one(backend):
    state = {}

    def change(x):
        y = x - state.get("previous", x)
        state["previous"] = x
        return y

    f = mg.capture(change)
    for x in (0.0, 1.0):
        f(mg.Tensor([x]))
    with pytest.raises(CaptureError):
        f(mg.Tensor([4.0]))


def test_more_shapes_than_there_is_room_for(backend):
    two = mg.Tensor([2.0], requires_grad=True, dtype="float64")
    f = mg.capture(lambda x: x * two)
    for _ in range(4):
        for n in range(1, 67):
            assert f(mg.Tensor(np.ones(n))).sum().item() == 2 * n
    assert "64 recordings" in repr(f)


def test_a_named_tuple_is_not_a_plain_one(backend):
    class Pair(NamedTuple):
        a: float
        b: float

    f = mg.capture(lambda x, pair: x * (pair.a if isinstance(pair, Pair) else 7.0))
    for _ in range(3):
        assert f(mg.Tensor([1.0]), Pair(1.0, 2.0)).item() == 1.0
        assert f(mg.Tensor([1.0]), (1.0, 2.0)).item() == 7.0


def test_a_softmax_of_negative_scale(backend):
    with pytest.raises(SettingError, match="above 0"):
        ops.causal_softmax(leaf(2, 2), -1.0)


def cached(heads=2, places=4, size=3, rows=1):
    """Queries, keys and values of one more token, and what they are attended with."""
    keys = np.zeros((rows, heads, places, size), np.float32)
    qkv = mg.Tensor(np.ones((rows, 1, 3 * heads * size), np.float32))
    return qkv, keys, keys.copy(), np.zeros(1, np.int32)


@pytest.mark.parametrize("composed", [False, True])
def test_a_token_beyond_the_cache_is_refused(backend, composed):
    from microgpt.autograd import engine

    qkv, keys, values, position = cached()
    query = mg.Tensor(np.ones((1, 2, 1, 3), np.float32))
    wte, wpe = leaf(5, 2), leaf(4, 2)
    calls = [
        lambda: ops.decode_self_attention(qkv, keys, values, position, 2),
        lambda: ops.decode_attention(query, keys, values, position),
        lambda: ops.embed(wte, wpe, np.zeros((1, 1), np.int32), position),
    ]
    with engine.composed() if composed else mg.no_grad():
        for call in calls:
            for place in (-1, 4, 2**31 - 1):
                position[0] = place
                with pytest.raises(ShapeError, match=f"from place {place} on.* 4 places"):
                    call()
            assert not keys.any()
            position[0] = 3
            call()
            keys[...] = values[...] = 0
        position[0] = 3
        with pytest.raises(ShapeError, match="2 more from place 3"):
            ops.embed(wte, wpe, np.zeros((1, 2), np.int32), position)


def test_a_replay_refuses_a_token_beyond_the_cache(backend):
    qkv, keys, values, position = cached()
    with mg.no_grad():
        step = mg.capture(lambda x: ops.decode_self_attention(x, keys, values, position, 2))
        for place in range(4):
            position[0] = place
            step(qkv)
        position[0] = 4
        with pytest.raises(ShapeError, match="from place 4 on"):
            step(qkv)


@pytest.mark.parametrize("composed", [False, True])
def test_a_cache_of_another_shape_is_refused(backend, composed):
    from microgpt.autograd import engine

    qkv, keys, values, position = cached()
    with engine.composed() if composed else mg.no_grad():
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


def test_no_heads_and_no_such_part():
    x = leaf(1, 4, 12)
    for n_head in (0, -1, 2.0):
        with pytest.raises(SettingError, match=f"got {n_head}"):
            ops.self_attention(x, n_head)
        with pytest.raises(SettingError, match=f"n_head={n_head}"):
            ops.split_heads(x, n_head)
    for part, parts in ((5, 1), (-1, 3), (3, 3), (0, 0)):
        with pytest.raises(SettingError, match=f"part={part}, parts={parts}"):
            ops.split_heads(x, 2, part, parts)


class Shouting(mg.GPT):
    def __call__(self, tokens, cache=None):
        return super().__call__(tokens, cache) * 2


class OwnMLP(nn.Module):
    def __init__(self):
        self.weight = mg.Tensor(np.full((16, 16), 0.1), requires_grad=True, dtype="float32")
        self.same = self.weight
        self.rows = {"shift": [mg.Tensor(np.ones(16, np.float32), requires_grad=True)]}

    def __call__(self, x, residual):
        return residual + ops.linear(x, self.same, self.rows["shift"][0])


@pytest.mark.parametrize("other", ["numpy", "numba"])
def test_a_copy_keeps_class_and_parts(backend, other):
    model = Shouting(mg.GPTConfig(dropout=0.1))
    model.h[0].mlp = OwnMLP()
    model.lm_head.weight.requires_grad = False
    model.h[0].attn.eval()
    tied = model.h[0].mlp
    model.tokenizer = mg.tokenizers.CharTokenizer("abc")
    for twin in (copy.deepcopy(model), model.copy(), model.copy(other)):
        assert type(twin) is Shouting
        assert twin.config == model.config
        assert twin.tokenizer is model.tokenizer
        assert twin.h[0].mlp is not tied
        assert twin.h[0].mlp.same is twin.h[0].mlp.weight
        assert not twin.h[0].attn.training
        assert twin.training
        flags = [(name, weight.requires_grad) for name, weight in model.named_parameters()]
        assert flags == [(name, weight.requires_grad) for name, weight in twin.named_parameters()]
        with mg.no_grad():
            np.testing.assert_allclose(
                twin([1, 2]).numpy(), model([1, 2]).numpy(), rtol=1e-5, atol=1e-6
            )
        twin.h[0].mlp.weight.data[...] = 0
        assert model.h[0].mlp.weight.data.all()
        store = twin.wte.weight.array.base
        assert all(weight.array.base is store for _, weight in twin.named_parameters())
    assert model.copy(other).backend == other
    with pytest.raises(mg.BackendUnavailable):
        model.copy("gpu")


def test_a_view_of_a_changed_model_looks_at_its_copy():
    from microgpt.sampling.logits_source import ModelOrigin

    corpus = mg.load_corpus(text="ab\nba\nabba")
    model = mg.GPT(mg.GPTConfig(vocab_size=3), backend="numba")
    model.h[0].mlp = OwnMLP()
    origin = ModelOrigin("mine", model, corpus.tokenizer())
    assert origin.model.backend == "numpy"
    assert isinstance(origin.model.h[0].mlp, OwnMLP)
    np.testing.assert_allclose(origin.logits(1, (0,)), model([0]).numpy()[-1], rtol=1e-5, atol=1e-6)


def test_seeds_and_types_of_a_model_are_checked():
    for seed in (-1, 1.5, True, "a", 2**63):
        with pytest.raises(SettingError, match="seed must be"):
            mg.GPT(seed=seed)
    for dtype in ("abc", "int32", "float16", None, 3):
        with pytest.raises(mg.DtypeError, match="float32 or float64; got dtype"):
            mg.GPT(dtype=dtype)
    assert mg.GPT(dtype=np.float64).wte.weight.dtype == np.float64


def test_a_prompt_needs_the_head_at_its_last_place_only(backend):
    model = mg.GPT(mg.GPTConfig(), dtype="float64")
    tokens = np.array([[1, 2, 3], [4, 5, 6]], np.int32)
    with mg.no_grad():
        every = model(tokens).numpy()
        last = mg.capture(lambda ids: model.next_token_logits(ids))
        for _ in range(3):
            np.testing.assert_allclose(last(tokens).numpy(), every[:, -1], rtol=1e-13)
        assert last.launches()[-1].shapes[0] == (2, 27)
        np.testing.assert_allclose(model.next_token_logits([1, 2, 3]).numpy(), every[:1, -1], rtol=1e-13)
        cache = mg.KVCache(model, 2)
        model.next_token_logits(tokens[:, :2], cache)
        assert cache.length == 2
        np.testing.assert_allclose(
            model.next_token_logits(tokens[:, 2:], cache).numpy(), every[:, -1], rtol=1e-12
        )
        loud = Shouting(mg.GPTConfig(), dtype="float64")
        np.testing.assert_allclose(loud.next_token_logits(tokens).numpy(), 2 * every[:, -1], rtol=1e-13)
    assert list(mg.generate(loud, [1], 3)) == list(mg.generate(loud, [1], 3))


def test_no_matrix_product_warns(backend):
    """A processor's flag says nothing of the result; what is infinite or NaN stands in it."""
    far, near = mg.Tensor([[np.inf, 1e30]]), mg.Tensor([[0.0], [1e30]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan((far @ near).numpy()).all()
        assert np.isnan(ops.linear(far, mg.Tensor([[0.0, 1.0]])).numpy()).all()
        assert ops.linear(mg.Tensor([[1e30]]), mg.Tensor([[1e30]])).item() == np.inf
        with np.errstate(all="raise"):
            assert (mg.Tensor([[1e-30]]) @ mg.Tensor([[1e-30]])).item() == 0


PRODUCTS = ("matmul", "dot", "vdot", "vecdot", "inner", "outer", "einsum", "tensordot")


def _name(node):
    return node.attr if isinstance(node, ast.Attribute) else node.name


def test_one_file_alone_asks_numpy_for_a_matrix_product():
    folder = Path(mg.__file__).parent / "backends" / "numpy_ref"
    for path in folder.glob("*.py"):
        products = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.MatMult)
            or (isinstance(node, ast.Attribute | ast.alias) and _name(node) in PRODUCTS)
        ]
        assert not products or path.name == "_product.py", path
