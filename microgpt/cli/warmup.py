"""Compile the kernels, once, in several processes."""

import argparse
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process

MAX_PROCESSES = 8  # each takes 330 MB of memory
BACKGROUND_PRIORITY = 10  # as `nice` counts: what a reader waits for goes first


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--processes", type=int, metavar="N",
        help=f"how many processes compile (default: one for each core, {MAX_PROCESSES} at most)",
    )  # fmt: skip
    parser.add_argument("--in-background", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--beside-a-run", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    from microgpt import backends
    from microgpt.config.checks import check_integer

    if options.processes is not None:
        check_integer("processes", options.processes, minimum=1)
    if options.in_background and hasattr(os, "nice"):
        os.nice(BACKGROUND_PRIORITY)
    backend = backends.current()
    if backend.name == "numba" and options.beside_a_run:
        compile_last_first()
    elif backend.name == "numba":
        compile_kernels(options.processes)
    print(f"the kernels of {backend.name!r} are ready")
    return 0


def compile_kernels(processes: int | None = None) -> None:
    """Compile every kernel variant that training and sampling launch, and show progress.

    Damaged ones are deleted first. Afterwards writes the stamp file that
    `backends.kernels_compiled` checks. Raises NotWritable, before compiling, if the folder of
    compiled kernels is not writable.
    """
    from microgpt import backends
    from microgpt._io.atomic_write import atomic_write
    from microgpt.backends.numba_cpu.jit.variants import (
        KernelVariant,
        by_module,
        compile_runners,
        compile_variant,
    )
    from microgpt.benchmark.machine_info import num_cores
    from microgpt.cli.kernel_variants import launched_variants
    from microgpt.cli.progress import Progress
    from microgpt.errors import MicrogptError

    check_cache_folder()
    for file in backends.damaged_kernels():
        file.unlink(missing_ok=True)
    with Progress(None, description="counting kernels"):
        variants: list[KernelVariant] = by_module(launched_variants())
    number = max(1, min(processes or num_cores(), len(variants), MAX_PROCESSES))
    with (
        Progress(len(variants) + 1, "kernel", description="compiling", interval=1, announce=True) as
        progress,
        ProcessPoolExecutor(number, get_context("spawn"), _begin_process) as pool,
    ):  # fmt: skip
        try:
            with _interrupts_ignored():  # by the processes too, which begin here
                futures = {pool.submit(compile_runners): "replays"}
                futures |= {pool.submit(compile_variant, one): one.name for one in variants}
            for future in as_completed(futures):
                future.result()
                progress.update(1, futures[future])
        except BrokenProcessPool:
            raise MicrogptError(
                "a process that compiled kernels was ended, perhaps because memory ran out; "
                "`microgpt warmup --processes 1` goes on with one"
            ) from None
        except KeyboardInterrupt:
            for process in active_children():  # else Ctrl-C would wait for the kernels begun
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    stamp, content = backends.compiled_marker()
    with atomic_write(stamp) as stream:
        stream.write(content)


def _begin_process() -> None:
    """Leave Ctrl-C to the process that began this one, and end with it: it may be killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        parent = parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def check_cache_folder() -> None:
    """Raise NotWritable if compiled kernels cannot be kept."""
    from microgpt import backends
    from microgpt.checkpoints import ensure_writable
    from microgpt.errors import NotWritable

    folder = backends.compiled_marker()[0].parent
    try:
        ensure_writable(folder)
    except NotWritable:
        raise NotWritable(
            f"compiled kernels cannot be kept: {folder} cannot be written, so they are "
            "compiled anew in each process; set MICROGPT_CACHE to a folder you can write to"
        ) from None


def compile_last_first() -> None:
    """Compile what a small model's training launches, from the end.

    The run beside it compiles its kernels as it launches them, from the beginning. Each takes from
    the cache what the other has put there, until they meet.
    """
    from microgpt.backends.numba_cpu.jit.variants import compile_runners, compile_variant
    from microgpt.cli.kernel_variants import launched_variants

    compile_runners()
    for variant in reversed(launched_variants(small_only=True)):
        compile_variant(variant)


@contextmanager
def compiling_in_background(*options: str) -> Iterator[None]:
    """Run `microgpt warmup` at low priority, as long as a block runs; the shell sees nothing."""
    command = [sys.executable, "-m", "microgpt", "warmup", "--backend", "numba", "--in-background"]
    with _interrupts_ignored():
        compiler = subprocess.Popen(
            [*command, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield
    finally:
        compiler.terminate()
        compiler.wait()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C, and let processes that begin meanwhile ignore it for good."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
