"""Fills with zeros of what is overwritten: left out where nobody can tell, and nowhere else."""

import inspect
import itertools

import numpy as np
import pytest
from capture_cases import random_batches, training_step, weights_after
from emulated_device import emulate

import microgpt as mg
from microgpt import backends
from microgpt.recording import dead_fills

MIN_BYTES = dead_fills.MIN_BYTES


@pytest.fixture(autouse=True)
def however_small(monkeypatch):
    monkeypatch.setattr(dead_fills, "MIN_BYTES", 1)


def last_launches(f):
    """The launches of the last replay: name, shapes, last argument."""
    return [(launch.name, launch.shapes, launch.refs[-1]) for launch in f._last.launches]


@pytest.mark.parametrize("tie_weights", [True, False])
def test_training_is_eager_bit_for_bit(backend, tie_weights, poison):
    options = {"config": mg.GPTConfig(tie_weights=tie_weights), "micro_batches": 2, "clip": 0.5}
    eager = weights_after(60, lambda step: step, **options)
    *replayed, step = weights_after(60, mg.capture, **options)
    assert tuple(replayed) == eager[:2]
    flags = [flag for name, _, flag in last_launches(step) if name == "linear_backward"]
    # The first of two micro-batches overwrites, the second adds.
    assert flags == [0] * (len(flags) // 2) + [1] * (len(flags) // 2)


def test_steps_on_a_device_are_eager_bit_for_bit(monkeypatch, poison):
    emulate(monkeypatch)
    results = []
    with backends.using("cuda"):
        for capture in (lambda step: step, mg.capture):
            config = mg.GPTConfig(5, block_size=2, n_layer=1, n_embd=4, n_head=1)
            model, _, step = training_step(config)
            run = capture(step)
            for tokens, targets in random_batches(5, (2,)):
                run(tokens % 5, targets % 5)
            results.append({name: w.tobytes() for name, w in model.state_dict().items()})
    assert results[0] == results[1]
    assert {flag for name, _, flag in last_launches(run) if name == "linear_backward"} == {0}


def test_only_what_is_added_to_is_filled(backend):
    config = mg.GPTConfig(27, block_size=16, n_layer=2, n_embd=32, n_head=4, bias=True)
    model, _, step = training_step(config)
    run = mg.capture(step)
    for tokens, targets in random_batches(4, (8,), rows=2):
        run(tokens, targets)
    fills = [shapes[0][0] for name, shapes, _ in last_launches(run) if name == "fill_"]
    overwritten = sum(
        shapes[1][0] * shapes[1][1]
        for name, shapes, flag in last_launches(run)
        if name == "linear_backward" and flag == 0
    )
    parameters = sum(p.size for p in model.parameters())
    assert overwritten > parameters // 2
    # The loss's own gradient begins with a one, and may be filled, too.
    assert parameters - overwritten <= sum(fills) <= parameters - overwritten + 2


def test_the_gaps_between_are_filled(backend):
    flat = np.ones(40, np.float32)
    x, dx, dy = (np.ones((3, 2), np.float32) for _ in range(3))
    weight = np.ones((2, 2), np.float32)

    def run():
        launch = backends.current().launch
        launch("fill_", flat[2:], 0.0)
        for start in (12, 4, 16):
            matrix = flat[start : start + 4].reshape(2, 2)
            launch("linear_backward", dx, matrix, flat[:0], dy, x, weight, 1)

    captured = mg.capture(run)
    for _ in range(5):
        captured()
    fills = [launch.refs[0] for launch in captured._last.launches if launch.name == "fill_"]
    assert [(fill.offset // 4, fill.shape) for fill in fills] == [(2, (2,)), (8, (4,)), (20, (20,))]
    assert [len(launch.arguments[0]) for launch in captured._last.launches[:3]] == [2, 4, 20]
    filled = np.ones(40)
    filled[2:] = 0
    for start in (12, 4, 16):
        filled[start : start + 4] = 3
    np.testing.assert_array_equal(flat, filled)


@pytest.mark.parametrize(("n_embd", "overwrites"), [(16, False), (256, True)])
def test_gradients_of_small_weights_are_filled_together(backend, monkeypatch, n_embd, overwrites):
    monkeypatch.setattr(dead_fills, "MIN_BYTES", MIN_BYTES)
    _, _, step = training_step(mg.GPTConfig(n_embd=n_embd))
    run = mg.capture(step)
    for tokens, targets in random_batches(4, (8,)):
        run(tokens, targets)
    flags = {flag for name, _, flag in last_launches(run) if name == "linear_backward"}
    assert flags == ({0, 1} if overwrites else {1})


def test_the_kernels_that_accumulate_are_known(backend):
    known = {}
    for name, kernel in backends.get(backend).kernels.items():
        function = getattr(kernel, "function", kernel)
        parameters = list(inspect.signature(function).parameters)
        if "accumulate" in parameters:
            assert parameters[-1] == "accumulate"
            known[name] = parameters.index("dweight")
    assert known == dead_fills.ACCUMULATED


def program(rng, flat, operands):
    """Random launches on parts of a flat array, as a function."""
    launch = backends.current().launch
    steps = []
    for _ in range(rng.integers(2, 12)):
        kind = rng.choice(["fill", "fill part", "sum", "sum", "sum", "read", "write"])
        m, k = rng.integers(1, 5, 2)
        start = int(rng.choice([0, 4, 8, 12, rng.integers(0, flat.size - m * k)]))
        part = flat[start : start + m * k]
        steps.append((kind, part, part.reshape(m, k), float(rng.choice([0, 0, 0, 2]))))

    def run():
        for kind, part, matrix, number in steps:
            m, k = matrix.shape
            x, weight, dy, dx, out = (operands[name][m, k] for name in operands)
            if kind == "fill":
                launch("fill_", flat, number)
            elif kind == "fill part":
                launch("fill_", part, number)
            elif kind == "sum":
                launch("linear_backward", dx, matrix, flat[:0], dy, x, weight, 1)
            elif kind == "read":
                launch("accumulate_", out, part)
            else:
                launch("accumulate_", part, out)

    return run


@pytest.mark.parametrize("seed", range(60))
def test_any_program_of_launches_leaves_the_same_numbers(backend, seed):
    rng = np.random.default_rng(seed)
    sizes = list(itertools.product(range(1, 5), repeat=2))

    def make(shape_of):
        return {mk: rng.normal(size=shape_of(*mk)).astype(np.float32) for mk in sizes}

    operands = {
        "x": make(lambda m, k: (3, k)),
        "weight": make(lambda m, k: (m, k)),
        "dy": make(lambda m, k: (3, m)),
        "dx": make(lambda m, k: (3, k)),
        "out": make(lambda m, k: (m * k,)),
    }
    flat = rng.normal(size=40).astype(np.float32)
    start = flat.copy(), {mk: array.copy() for mk, array in operands["out"].items()}

    def results(run):
        flat[:] = start[0]
        for mk, array in operands["out"].items():
            array[:] = start[1][mk]
        run()
        return [flat.copy(), *(array.copy() for array in operands["out"].values())]

    run = program(rng, flat, operands)
    expected, captured = results(run), mg.capture(run)
    for _ in range(5):  # recorded twice, timed twice, then replayed
        for ours, eager in zip(results(captured), expected, strict=True):
            np.testing.assert_array_equal(ours, eager)
