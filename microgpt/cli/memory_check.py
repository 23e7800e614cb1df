"""Refuse, before anything is allocated, what cannot fit into the memory there is."""

import contextlib
import os
from dataclasses import replace
from math import prod
from pathlib import Path

from microgpt.config import GPTConfig, TrainConfig
from microgpt.errors import SettingError

COPIES = 4  # a weight, its gradient and the two averages that Adam keeps of it
NUMBER = 4  # bytes of a float32
LAYER = 20_000  # bytes of the objects of a layer, however narrow it is
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def refuse_too_large(shape: GPTConfig, config: TrainConfig, least_row: int) -> None:
    """SettingError if training such a model takes more memory than there is.

    What is counted is the least that it takes, so that nothing is refused that would fit: a row of
    a batch has `least_row` tokens or more, as far as they go into the block.
    """
    room = available()
    if room is None:
        return
    count = parameter_count(shape)
    weights = COPIES * NUMBER * count + LAYER * shape.n_layer
    if weights > room:
        raise SettingError(
            f"a model of {count:,} parameters takes {size(weights)} or more to train, and "
            f"{size(room)} of memory are available; choose a smaller --n-embd, --n-layer, "
            "--block-size or --preset"
        )
    rows, width = config.batch_size, min(least_row, shape.block_size)
    batch = NUMBER * rows * width * (shape.vocab_size + shape.n_embd * shape.n_layer)
    if weights + batch > room:
        raise SettingError(
            f"a batch of {rows:,} takes {size(batch)} or more beside the model, and {size(room)} "
            "of memory are available; choose a smaller --batch-size (and a larger --accumulate) "
            "or --block-size"
        )


def parameter_count(shape: GPTConfig) -> int:
    """How many numbers a model has, without a list of all its layers."""
    one, two = (
        sum(map(prod, replace(shape, n_layer=layers).parameter_shapes().values()))
        for layers in (1, 2)
    )
    return one + (shape.n_layer - 1) * (two - one)


def available() -> int | None:
    """The bytes that a process can still get, swap and what a container allows included.

    None where the system does not say it.
    """
    known = [room for room in (_free(), _allowed()) if room is not None]
    return min(known, default=None)


def _free() -> int | None:
    with contextlib.suppress(OSError, ValueError, LookupError):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        kilobytes = {name: int(rest.split()[0]) for name, rest in (x.split(":") for x in lines)}
        return (kilobytes["MemAvailable"] + kilobytes["SwapFree"]) * 1024
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _allowed() -> int | None:
    """The limit of a container."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text("ascii"))
    return None


def size(count: int) -> str:
    """Bytes as a person reads them: 21.7 GiB."""
    number, unit = float(count), 0
    while number >= 1000 and unit < len(UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:,.3g} {UNITS[unit]}" if number < 1000 else f"{number:,.0f} {UNITS[unit]}"
