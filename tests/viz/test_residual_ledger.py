"""Which rows a ledger has, and how its numbers are written."""

import numpy as np
import pytest

from microgpt.viz.residual_ledger import LedgerPart, ledger_rows, max_rows
from microgpt.viz.residual_ledger.labels import (
    format_count,
    format_share,
    format_storage,
    signed,
    times_as_probable,
)


def parts_of(layers, heads=4, seed=0):
    rng = np.random.default_rng(seed)
    found = [LedgerPart("token_embedding", 0.5), LedgerPart("position_embedding", -0.25)]
    for layer in range(layers):
        for name, size in (("attn.out", heads), ("mlp.out", 64)):
            split = rng.normal(size=size)
            found.append(LedgerPart(f"h.{layer}.{name}", float(split.sum()), split))
    return found


def parts_shown(rows):
    return [row.part.name for row in rows if row.part is not None and not row.is_piece]


@pytest.mark.parametrize("layers", [1, 3, 12, 48])
@pytest.mark.parametrize("opened", ["", "h.0.attn.out", "h.0.mlp.out"])
@pytest.mark.parametrize("by_size", [False, True])
def test_rows_add_up_however_they_are_folded(layers, opened, by_size):
    parts = parts_of(layers)
    rows = ledger_rows(parts, opened, by_size)
    assert len(rows) <= min(12, max_rows(parts))
    total = sum(part.share for part in parts)
    assert sum(row.share for row in rows if not row.is_piece) == pytest.approx(total)
    pieces = [row for row in rows if row.is_piece]
    assert bool(pieces) == bool(opened)
    if opened:
        part = next(part for part in parts if part.name == opened)
        assert sum(row.share for row in pieces) == pytest.approx(part.share)
        indices = [i for row in pieces for _, some in row.pieces for i in some]
        assert sorted(indices) == list(range(len(part.split)))
    if by_size:
        assert all(row.total is None for row in rows)
    else:
        assert rows[-1].is_piece or rows[-1].total == pytest.approx(total)


def test_the_largest_parts_keep_their_rows_in_order_of_computation():
    parts = parts_of(12)
    shown = parts_shown(ledger_rows(parts))
    assert len(shown) == 11
    largest = sorted(parts, key=lambda part: -abs(part.share))[:11]
    assert shown == [part.name for part in parts if part in largest]
    folded = ledger_rows(parts)[-1]
    assert folded.count == len(parts) - 11
    assert {name for name, _ in folded.pieces} | set(shown) == {part.name for part in parts}


def test_an_opened_part_is_never_folded():
    parts = parts_of(12)
    smallest = min(parts[2:], key=lambda part: abs(part.share))
    assert smallest.name in parts_shown(ledger_rows(parts, smallest.name))


def test_many_heads_are_the_five_largest_and_the_rest():
    parts = parts_of(1, heads=12)
    pieces = [row for row in ledger_rows(parts, "h.0.attn.out") if row.is_piece]
    assert [row.count for row in pieces] == [1, 1, 1, 1, 1, 7]
    sizes = [abs(row.share) for row in pieces[:5]]
    assert sizes == sorted(sizes, reverse=True)
    few = [row for row in ledger_rows(parts_of(1, heads=6), "h.0.attn.out") if row.is_piece]
    assert [row.index for row in few] == list(range(6))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (times_as_probable(4.96), "5 times as"),
        (times_as_probable(1.48), "1.5 times as"),
        (times_as_probable(0.2), "5 times as"),
        (times_as_probable(1234.5), "1,234 times as"),
        (times_as_probable(1.01), "equally"),
        (signed(-0.004), "0.00"),
        (signed(-1.5), "−1.50"),
        (signed(1.5), "+1.50"),
        (format_storage(16_768), "16.8 kB"),
        (format_storage(498e6), "0.50 GB"),
        (format_storage(1.991e9), "1.99 GB"),
        (format_storage(50), "50 bytes"),
        (format_count(284_812_800), "285 million"),
        (format_count(3_117_000_000), "3.12 billion"),
        (format_count(8_032), "8,032"),
        (format_share(0.455), "45.5 %"),
        (format_share(0.0003), "0.03 %"),
    ],
)
def test_numbers(found, expected):
    assert found == expected
