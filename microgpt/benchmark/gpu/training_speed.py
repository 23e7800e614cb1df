"""Training steps beside PyTorch's, eager and compiled with "reduce-overhead"."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from microgpt import backends
from microgpt.benchmark.gpu.marks import (
    CHAR,
    EAGER,
    GPT2,
    HIGH,
    HIGHEST,
    OURS,
    RECIPE_1,
    RECIPE_32,
    REDUCE_OVERHEAD,
)
from microgpt.benchmark.gpu.precision import PRECISIONS, using_precision
from microgpt.benchmark.gpu.rows import NOTE, Row
from microgpt.benchmark.gpu.timing import Contender, gpu_driver, job_contender, measure
from microgpt.benchmark.gpu.torch_worker import (
    is_torch_installed,
    torch_contender,
    torch_process,
)
from microgpt.benchmark.peers.worker_protocol import Job
from microgpt.benchmark.worker_process import WorkerFailed
from microgpt.benchmark.workload_inputs import ADAM_RECIPE, ADAMW_RECIPE, train_request
from microgpt.config import GPTConfig

LETTERS = GPTConfig.preset("char", n_layer=6, n_head=6, n_embd=384, block_size=256)
# Name -> (model, texts, tokens of each, optimizer, steps of a unit, all precisions?).
WORKS: dict[str, tuple[GPTConfig, int, int, dict[str, Any], int, bool]] = {
    RECIPE_1: (GPTConfig.microgpt(vocab_size=27), 1, 16, ADAM_RECIPE, 50, False),
    RECIPE_32: (GPTConfig.microgpt(vocab_size=27), 32, 16, ADAM_RECIPE, 50, False),
    CHAR: (LETTERS, 64, 256, ADAMW_RECIPE, 1, True),
    GPT2: (GPTConfig.preset("gpt2-124M"), 4, 1024, ADAMW_RECIPE, 1, True),
}
VARIANTS = {EAGER: {}, REDUCE_OVERHEAD: {"compiled": True, "mode": "reduce-overhead"}}
SECONDS = 0.4


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield the time of a step of each work, ours and PyTorch's."""
    if is_emulated:
        return
    if not is_torch_installed():
        yield Row("torch", NOTE, "PyTorch is not installed here, so nothing is beside ours")
    for name in WORKS:
        yield from measure_work(name, WORKS[name], SECONDS, is_torch_installed())


def measure_work(
    name: str, work: tuple[GPTConfig, int, int, dict[str, Any], int, bool], seconds: float,
    with_torch: bool,
) -> Iterator[Row]:  # fmt: skip
    """Measure the steps of one work, all contenders in turns; PyTorch's failures are notes."""
    config, batch_size, seq_len, optimizer, steps, everywhere = work
    request = train_request(config, batch_size, seq_len, optimizer) | {"steps": steps}
    with ExitStack() as stack:
        precisions = PRECISIONS if everywhere else (HIGHEST,)
        contenders = [our_contender(request, precision) for precision in precisions]
        for precision in (HIGHEST, HIGH) if everywhere else (HIGHEST,):
            for label, options in VARIANTS.items() if with_torch else ():
                task = request | options | {"precision": precision}
                try:
                    worker = stack.enter_context(torch_process())
                    contenders.append(torch_contender(worker, label, task))
                except WorkerFailed as error:
                    yield Row(f"{name}: {label}, {precision}", NOTE, f"not measured: {error}")
        yield from measure(name, contenders, seconds, tokens=batch_size * seq_len)


def our_contender(request: dict[str, Any], precision: str) -> Contender:
    """Return our recorded steps on the device, warm: recorded, compiled, and made a graph."""
    from microgpt.benchmark.ours.arrays import train

    with backends.using("cuda"), using_precision(precision):
        job = train(request | {"backend": "cuda", "captured": True})

        def unit() -> None:
            job.run_unit()
            gpu_driver().synchronize()

        for _ in range(1 + job.warmup_units + 2):
            unit()
    return job_contender(OURS, precision, Job(unit, job.count))
