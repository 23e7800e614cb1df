"""Sizes of caches: what Linux writes, and what is taken where nothing is written."""

import pytest

from microgpt.backends.numba_cpu.matmul import packing
from microgpt.backends.numba_cpu.simd.caches import USUAL, CacheSizes, cache_sizes


def write_cache(folder, number, level, contents, size):
    index = folder / f"index{number}"
    index.mkdir()
    for name, text in (("level", level), ("type", contents), ("size", size)):
        (index / name).write_text(f"{text}\n", encoding="ascii")


def test_sizes_are_those_of_data(tmp_path):
    write_cache(tmp_path, 0, 1, "Data", "48K")
    write_cache(tmp_path, 1, 1, "Instruction", "64K")
    write_cache(tmp_path, 2, 2, "Unified", "2M")
    write_cache(tmp_path, 3, 3, "Unified", "300M")
    assert cache_sizes(tmp_path) == CacheSizes(48 * 2**10, 2 * 2**20)


def test_nothing_written_is_the_usual(tmp_path):
    assert cache_sizes(tmp_path / "missing") == USUAL


@pytest.mark.parametrize("size", ["", "large", "32", "K", "4X"])
def test_another_form_is_the_usual(tmp_path, size):
    write_cache(tmp_path, 0, 1, "Data", size)
    assert cache_sizes(tmp_path) == USUAL


def test_panels_fit_the_caches():
    sizes = cache_sizes()
    assert 0 < 4 * packing.KC * packing.NR <= max(sizes.level1, 4 * packing.LANES * packing.NR)
    assert packing.KC % packing.LANES == 0
    assert packing.STRIP % packing.NR == 0
    # Threads of some systems have 512 KiB for their stack.
    assert 4 * (packing.A_PANELS_SIZE + packing.B_PANELS_SIZE) < 448 * 2**10
