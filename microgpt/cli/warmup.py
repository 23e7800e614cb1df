"""Compile the kernels, once."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """None but the common ones."""


def run(options: argparse.Namespace) -> int:
    from microgpt import backends

    backend = backends.current()
    if backend.name == "numba":
        compile_kernels()
    print(f"the kernels of {backend.name!r} are ready")
    return 0


def compile_kernels() -> None:
    """Compile every kernel that training and sampling launch; say before each what is under way.

    A file is left that says so, which `backends.kernels_ready` finds. Where none can be written,
    nothing would be kept: that is refused before the compiling.
    """
    from tqdm import tqdm

    from microgpt import backends
    from microgpt.backends.dispatch import PythonKernel
    from microgpt.checkpoints import prepare, atomic_write
    from microgpt.errors import NotWritable

    stamp, content = backends.kernels_stamp()
    try:
        prepare(stamp.parent)
    except NotWritable:
        raise NotWritable(
            f"compiled kernels cannot be kept: {stamp.parent} cannot be written, so they are "
            "compiled anew in each process; set MICROGPT_CACHE to a folder you can write to"
        ) from None
    # Where no loop is written, NumPy's own kernel runs: nothing to compile.
    every = backends.get("numba").kernels
    kernels = {name: kernel for name, kernel in every.items() if not isinstance(kernel, PythonKernel)}
    total = _Launches(kernels)
    # Which sizes decides what is compiled; what kernels share is compiled here already.
    with backends.using("numpy"), backends.tracing(total), _waiting_interrupts(total):
        _work()
    lines = not sys.stderr.isatty()
    with tqdm(total=len(total.seen), desc="compiling kernels", unit="", disable=lines) as bar:
        say = _say_line(len(total.seen)) if lines else _say_on(bar)
        launches = _Launches(kernels, say)
        with backends.using("numba"), backends.tracing(launches), _waiting_interrupts(launches):
            _work()
        bar.update(len(total.seen) - bar.n)
    with atomic_write(stamp) as stream:
        stream.write(content)


def _work() -> None:
    """Training and sampling, small enough for serial kernels and large enough for parallel ones."""
    import numpy as np

    from microgpt import backends
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.data import load_corpus
    from microgpt.models.gpt import GPT
    from microgpt.training import Trainer

    corpus = load_corpus("names-mini")
    small = GPTConfig.microgpt()
    shape = {"vocab_size": 27, "block_size": 16, "n_layer": 1, "n_head": 4}
    block = GPTConfig.preset("gpt2-124M", **shape, n_embd=16)
    wide = (replace(small, n_embd=256), 64), (replace(block, n_embd=256), 64)
    for config, batch_size in ((small, 1), (small, 8), (block, 1), *wide):
        settings = TrainConfig(steps=2, batch_size=batch_size, clip=1.0, eval_documents=64)
        trainer = Trainer(GPT(config), corpus, settings)
        for _ in trainer:  # `run` would take an interrupt for its own
            pass
        trainer.evaluate()
    trainer.sample()
    # Where somebody listens, as here, generation does not use the kernel that chooses tokens.
    token, logits = np.zeros(1, np.int32), np.zeros((1, 27), np.float32)
    dials, seed, place = np.array([1.0, 0, 1, 0]), np.zeros(1, np.int64), np.zeros(1, np.int32)
    backends.current().launch("sample_", token, logits, dials, seed, place)
    backends.current().lower([])  # the loop that replays


class _Launches:
    """A tap that knows each kernel variant at its first launch, which is when it is compiled."""

    def __init__(self, kernels: dict[str, Any], say: Callable[[int, str], None] | None = None):
        self.kernels, self.say = kernels, say
        self.seen: set[Any] = set()
        self.interrupted = False

    def on_launch(self, name: str, call: Any, arguments: tuple) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        if name not in self.kernels:
            return
        types = tuple((getattr(a, "dtype", type(a)), getattr(a, "ndim", 0)) for a in arguments)
        variant = (self.kernels[name].select_variant(arguments), types)
        if variant not in self.seen:
            self.seen.add(variant)
            if self.say is not None:
                self.say(len(self.seen), name)

    def on_alloc(self, array: Any) -> None:
        pass

    def on_host_read(self, what: str) -> None:
        pass


@contextmanager
def _waiting_interrupts(launches: _Launches) -> Iterator[None]:
    """Ctrl-C takes effect before the next kernel: inside the compiler it would be lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def wait(*_: Any) -> None:
        launches.interrupted = True

    before = signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if launches.interrupted:
        raise KeyboardInterrupt


def _say_on(bar: Any) -> Callable[[int, str], None]:
    def say(number: int, name: str) -> None:
        bar.set_postfix_str(name, refresh=False)
        bar.update(number - 1 - bar.n)
        bar.refresh()

    return say


def _say_line(total: int) -> Callable[[int, str], None]:
    """Plain lines for where no progress bar is drawn, at most one a second."""
    last = -1.0

    def say(number: int, name: str) -> None:
        nonlocal last
        if time.monotonic() - last > 1 or last < 0:
            last = time.monotonic()
            print(f"compiling kernel {number} of {total}: {name}", flush=True)

    return say
