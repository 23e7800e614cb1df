"""The stages that measure, tried in small on the emulated device; PyTorch is played by a script."""

from dataclasses import replace

import pytest

import microgpt as mg
from microgpt.backends.numba_cuda.matmul import choice
from microgpt.benchmark.gpu import (
    kernel_speed,
    marks,
    product_speed,
    sampling_speed,
    timing,
    torch_worker,
    training_speed,
)
from microgpt.benchmark.gpu.rows import MEASURED, NOTE
from microgpt.benchmark.worker_process import PEERS, WorkerFailed
from microgpt.benchmark.workload_inputs import ADAMW_RECIPE

TINY = replace(mg.GPTConfig.microgpt(), vocab_size=5, block_size=4, n_embd=4, n_head=1)
FAKE_TORCH = f"""
import sys
sys.path.insert(0, {str(PEERS)!r})
from worker_protocol import Job, serve

def prepare(task):
    assert task["device"] == "cuda"
    if task.get("mode") == "reduce-overhead":
        raise RuntimeError("no compiler")
    return Job(lambda: 0.5 if task["precision"] == "high" else 2.0, task["steps"])

serve(prepare, lambda task: {{"Fake": "avx512"}})
"""


@pytest.fixture
def fake_torch(monkeypatch, tmp_path):
    (tmp_path / "torch_peer.py").write_text(FAKE_TORCH)
    monkeypatch.setattr(torch_worker, "PEERS", tmp_path)


def test_contenders_take_turns_and_medians_are_of_blocks():
    order = []

    def block(name, seconds):
        def run(limit):
            assert limit == 0.3
            order.append(name)
            return [seconds, seconds, 50 * seconds]

        return run

    contenders = [
        timing.Contender("a", "highest", block("a", 4.0), 2),
        timing.Contender("b", "high", block("b", 0.001)),
    ]
    a, b = timing.measure("work", contenders, 0.3, bytes=4e9)
    assert [*map(set, zip(order[::2], order[1::2], strict=True))] == [{"a", "b"}] * timing.ROUNDS
    assert order != ["a", "b"] * timing.ROUNDS
    assert (a.figures["seconds"], b.figures["seconds"]) == (2.0, 0.001)
    assert a.text.startswith("2 s (2 s to 2 s), 2 GB/s; precision highest")
    assert b.text.startswith("1 ms (1 ms to 1 ms), 4,000 GB/s; precision high")


def test_the_range_is_that_of_the_blocks():
    blocks = iter([[3e-6], [1e-6], [2e-6], [5e-6], [4e-6]])
    contender = timing.Contender("a", "highest", lambda seconds: next(blocks))
    (row,) = timing.measure("work", [contender], 1, tokens=6)
    assert row.text.startswith("3 µs (1 µs to 5 µs), 2e+06 tokens/s")


def test_memory_kernels(device, short_blocks):
    found = list(kernel_speed.measure_kernels(2, 8, 0.0))
    works = [row.figures["work"] for row in found]
    assert works == [marks.COPY, *marks.MEMORY_KERNELS]
    assert {row.state for row in found} == {MEASURED}
    assert [row.figures["bytes"] for row in found] == [2 * 64] * 5 + [7 * 64]
    values = [mark.value for mark in marks.gpu_marks([row.figures for row in found])]
    assert None not in values[:5]


def test_a_graph_launches_the_work_so_often(device, short_blocks):
    x = device.full((8,), "float32", 1.0)
    contender = timing.graph_contender(
        "a", "highest", lambda: device.launch("shift_forward", x, x, 1)
    )
    assert len(contender.block(0.0)) == 1
    assert contender.count == 2
    assert x.numpy()[0] == 1 + 1 + 2 + 2  # compiling, trying the graph, the block


def test_products_beside_cublas(device, short_blocks, fake_torch, monkeypatch):
    monkeypatch.setattr(choice, "RUNGS", (choice.NAIVE, choice.TILES))  # the others take minutes
    with torch_worker.torch_process() as highest, torch_worker.torch_process() as high:
        workers = {"highest": highest, "high": high}
        found = list(product_speed.measure_product("small", (4, 8, 12), 0.0, workers))
        again = list(product_speed.measure_product("other", (4, 8, 12), 0.0, workers))
    assert [row.figures["work"] for row in again] == ["other"] * len(found)
    seconds = {(row.figures["contender"], row.figures["precision"]): row for row in found}
    assert seconds[marks.PRODUCT_PEER, "highest"].figures["seconds"] == 2.0 / product_speed.STEPS
    assert seconds[marks.PRODUCT_PEER, "high"].figures["seconds"] == 0.5 / product_speed.STEPS
    assert seconds[marks.OURS, "highest"].figures["flops"] == 2 * 4 * 8 * 12
    ours = {name for name, _ in seconds if name.startswith(marks.OURS)}
    assert ours == {"microgpt", "microgpt, naive", "microgpt, tiles"}
    assert (marks.OURS, "3xtf32") in seconds


def test_training_steps_beside_pytorch(device, short_blocks, fake_torch):
    work = (TINY, 1, 4, ADAMW_RECIPE, 1, False)
    note, *found = training_speed.measure_work("tiny", work, 0.0, with_torch=True)
    assert note.state == NOTE
    assert "reduce-overhead, highest" in note.name
    assert "no compiler" in note.text
    contenders = [(row.figures["contender"], row.figures["precision"]) for row in found]
    assert contenders == [(marks.OURS, "highest"), (marks.EAGER, "highest")]
    assert found[0].figures["tokens"] == 4
    assert found[1].figures["seconds"] == 2.0


def test_a_worker_without_pytorch_says_why(tmp_path, monkeypatch):
    (tmp_path / "torch_peer.py").write_text("import no_such_library")
    monkeypatch.setattr(torch_worker, "PEERS", tmp_path)
    with (
        pytest.raises(WorkerFailed, match="No module named 'no_such_library'"),
        torch_worker.torch_process() as worker,
    ):
        torch_worker.torch_contender(worker, "PyTorch", {"precision": "high"})


def test_sampling(device, short_blocks):
    found = list(sampling_speed.measure_sampling(TINY, {marks.TOKENS: 2}, 0.0))
    assert [row.figures["tokens"] for row in found] == [2 * 3, 3]
    assert marks.gpu_marks([row.figures for row in found])[-1].value > 0


@pytest.mark.parametrize("stage", [kernel_speed, product_speed, training_speed, sampling_speed])
def test_on_the_emulated_device_the_large_sizes_are_left_alone(stage):
    assert list(stage.rows(is_emulated=True)) == []


def test_the_works_of_the_marks_are_measured():
    assert set(training_speed.WORKS) == {
        marks.RECIPE_1,
        marks.RECIPE_32,
        marks.CHAR,
        marks.GPT2,
    }
    assert marks.LARGE_PRODUCT in product_speed.SHAPES
