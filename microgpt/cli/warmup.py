"""Compile the kernels, once."""

import argparse
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: this command has the common options only."""


def run(options: argparse.Namespace) -> int:
    from microgpt import backends

    backend = backends.current()
    if backend.name == "numba":
        compile_kernels()
    print(f"the kernels of {backend.name!r} are ready")
    return 0


def compile_kernels() -> None:
    """Compile every kernel variant that training and sampling launch, and show progress.

    Damaged ones are deleted first. Afterwards writes the stamp file that
    `backends.kernels_compiled` checks. Raises NotWritable, before compiling, if the folder of
    compiled kernels is not writable.
    """
    from microgpt import backends
    from microgpt._io.atomic_write import atomic_write
    from microgpt.backends.dispatch import PythonKernel
    from microgpt.checkpoints import ensure_writable
    from microgpt.cli.progress import Progress
    from microgpt.errors import NotWritable

    stamp, content = backends.compiled_marker()
    try:
        ensure_writable(stamp.parent)
    except NotWritable:
        raise NotWritable(
            f"compiled kernels cannot be kept: {stamp.parent} cannot be written, so they are "
            "compiled anew in each process; set MICROGPT_CACHE to a folder you can write to"
        ) from None
    for file in backends.damaged_kernels():
        file.unlink(missing_ok=True)
    kernels = {
        name: kernel
        for name, kernel in backends.get("numba").kernels.items()
        if not isinstance(kernel, PythonKernel)  # runs on NumPy: nothing to compile
    }
    # A first run on NumPy counts the variants, the total of the progress bar below. It also
    # compiles the helpers that kernels share.
    with Progress(None, description="counting kernels"):
        expected = _VariantTracer(kernels)
        with backends.using("numpy"), backends.tracing(expected), _deferred_interrupts(expected):
            _launch_all()
    total = len(expected.variants)
    with Progress(total, "kernel", description="compiling", interval=1, announce=True) as progress:
        tracer = _VariantTracer(
            kernels, lambda number, name: progress.update(number - progress.done, name)
        )
        with backends.using("numba"), backends.tracing(tracer), _deferred_interrupts(tracer):
            _launch_all()
    with atomic_write(stamp) as stream:
        stream.write(content)


def _launch_all() -> None:
    """Train and sample, with small sizes that take serial kernels and large ones for parallel."""
    import numpy as np

    from microgpt import backends
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.data import load_corpus
    from microgpt.models.gpt import GPT
    from microgpt.models.quantized_gpt import quantize
    from microgpt.ops.quantized import FORMATS
    from microgpt.training import Trainer

    corpus = load_corpus("names-mini")
    small = GPTConfig.microgpt()
    sizes = {"vocab_size": 27, "block_size": 16, "n_layer": 1, "n_head": 4}
    gpt2 = GPTConfig.preset("gpt2-124M", **sizes, n_embd=16)
    large = (replace(small, n_embd=256), 64), (replace(gpt2, n_embd=256), 64)
    for config, batch_size in ((small, 1), (small, 8), (gpt2, 1), *large):
        settings = TrainConfig(steps=2, batch_size=batch_size, grad_clip=1.0, eval_documents=64)
        trainer = Trainer(GPT(config), corpus, settings)
        for _ in trainer:  # `trainer.run` would handle KeyboardInterrupt itself and return
            pass
        trainer.evaluate()
    trainer.sample()
    tokens = np.zeros((1, 8), np.int32)
    for config in (small, large[-1][0]):
        for weights in FORMATS:
            quantize(GPT(config), weights)(tokens)
    # Generation does not launch the sampling kernel while a tracer is set, as here.
    token, logits = np.zeros(1, np.int32), np.zeros((1, 27), np.float32)
    parameters, seed = np.array([1.0, 0, 1, 0]), np.zeros(1, np.int64)
    position = np.zeros(1, np.int32)
    backends.current().launch("sample_", token, logits, parameters, seed, position)
    backends.current().lower([])  # compiles the replay loop


class _VariantTracer:
    """A LaunchTracer that reports the first launch of each kernel variant, which compiles it."""

    def __init__(
        self, kernels: dict[str, Any], on_variant: Callable[[int, str], None] | None = None
    ):
        self.kernels, self.on_variant = kernels, on_variant
        self.variants: set[Any] = set()
        self.interrupted = False

    def on_launch(self, name: str, call: Any, arguments: tuple) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        if name not in self.kernels:
            return
        types = tuple((getattr(a, "dtype", type(a)), getattr(a, "ndim", 0)) for a in arguments)
        variant = (self.kernels[name].select_variant(arguments), types)
        if variant not in self.variants:
            self.variants.add(variant)
            if self.on_variant is not None:
                self.on_variant(len(self.variants), name)

    def on_alloc(self, array: Any) -> None:
        pass

    def on_host_read(self, what: str) -> None:
        pass


@contextmanager
def _deferred_interrupts(tracer: _VariantTracer) -> Iterator[None]:
    """Defer Ctrl-C to the next kernel launch: raised inside the compiler, it would be lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def defer(*_: Any) -> None:
        tracer.interrupted = True

    before = signal.signal(signal.SIGINT, defer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if tracer.interrupted:
        raise KeyboardInterrupt
