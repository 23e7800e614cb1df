"""The views of a product on a GPU: counts without one, ratios with one, nothing timed otherwise."""

import pytest

import microgpt as mg
from microgpt.benchmark.gpu_products import CPU, LIBRARY, ON_GPU, WITH_COPIES
from microgpt.widgets import gpu_products
from microgpt.widgets.gpu_products import (
    copy_state,
    crossover_state,
    in_words,
    time_state,
)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(gpu_products, "connected_gpu", lambda: None)


@pytest.fixture
def a_gpu(monkeypatch):
    """A machine with a GPU that is never asked for anything."""
    monkeypatch.setattr(gpu_products, "connected_gpu", lambda: "a GPU")


def test_the_ladder_shows_the_counts():
    view = mg.widgets.product_ladder()
    assert [row.value for row in view.state.rows] == [608, 336, 80, 64, 64]
    assert view.caption == (
        "Sectors of global memory requested for a product of 8 × 16 by 16 × 16, to read and to "
        "write: naive by columns 608, naive by rows 336, tiles 80 and register tiles 64. At least "
        "64 are needed to read each number once and to write each result. On average, a number is "
        "requested 10.7, 10.7, 1.3 and 1.0 times, in the same order."
    )
    assert view.state.figure == "9.5 ×"
    assert [row.text_note for row in view.state.rows][1:4] == [
        "", "4,096 shared reads", "2,048 shared reads",
    ]  # fmt: skip
    assert view.state.table[2] == ("tiles", "512", "1.3 ×", "80", "4,096", "144")
    assert mg.widgets.errors() == []


def test_without_a_gpu_nothing_shows_a_time(no_gpu):
    ladder, crossover = mg.widgets.gpu_ladder(), mg.widgets.gpu_crossover()
    for view in (ladder, crossover):
        assert view.caption.endswith("There is no GPU here, so nothing is timed.")
        texts = view.draw_still(view.state).texts()
        assert not any(" ms" in text or "second" in text for text in [*texts, view.caption])
    assert ladder.state.table == mg.widgets.product_ladder().state.table
    counted = mg.widgets.product_ladder().state
    assert ladder.state.rows == counted.rows
    question, figure, *rest = ladder.draw_still(ladder.state).texts()
    assert question == "How many sectors does each kernel request?"
    assert figure == "No GPU here, so sectors in place of times"
    assert "608 sectors" in rest
    assert "608 sectors" in ladder.picture.value
    assert crossover.state.question == "How much work does each copied byte bring?"


def test_with_a_gpu_each_rung_is_a_ratio_to_the_packages_product(a_gpu, monkeypatch):
    seconds = {"tiles": (2.0, 30.0, 2.0), LIBRARY: (1.0, 10.0, 0.5)}
    monkeypatch.setattr(gpu_products, "time_ladder", lambda gpu: seconds)
    view = mg.widgets.gpu_ladder()
    tiles, library = view.state.rows
    assert (tiles.value, tiles.low, tiles.high) == (3.0, 2.0, 4.0)
    assert (library.value, library.text) == (1.0, "1.00 ×")
    assert "tiles takes 3 times as long as the package's own product" in view.caption
    assert "medians of 3 rounds" in view.caption
    assert view.state == time_state(seconds)


def times(cpu, copied, resident):
    return {CPU: cpu, WITH_COPIES: copied, ON_GPU: resident}


def test_the_crossover_is_where_every_round_is_won(a_gpu, monkeypatch):
    seconds = {
        64: times((1.0, 1.0), (4.0, 2.0), (2.0, 2.0)),
        128: times((2.0, 2.0), (1.0, 4.0), (1.0, 1.0)),
        256: times((8.0, 8.0), (4.0, 2.0), (1.0, 1.0)),
    }
    monkeypatch.setattr(gpu_products, "CROSSOVER_SIZES", tuple(seconds))
    monkeypatch.setattr(gpu_products, "time_crossover", lambda gpu, size: seconds[size])
    view = mg.widgets.gpu_crossover()
    assert view.caption.startswith("From 256 × 256 on, the GPU is faster in every round, copies")
    assert [row.value for row in view.state.rows] == [0.375, 1.25, 3.0]
    assert [row.note for row in view.state.rows][2] == "already there: 8.00 ×"
    assert view.state.figure == "256 × 256"


def test_a_gpu_that_does_not_win_is_not_said_to_win():
    lost = {64: times((1.0,), (2.0,), (2.0,)), 128: times((1.0,), (2.0,), (0.5,))}
    state = crossover_state(lost)
    assert state.caption.startswith("No size from which on the GPU was faster in every round")
    assert state.figure == "no size"
    won_once = crossover_state({64: times((2.0,), (1.0,), (1.0,)), **{128: lost[128]}})
    assert won_once.caption.startswith("No size from which on")


def test_operations_and_bytes_are_counted():
    first, second = copy_state((6, 12)).rows
    assert (first.value, first.note, first.text_note) == (1.0, "432 bytes copied", "432 operations")
    assert second.value == 2.0


@pytest.mark.parametrize(
    ("count", "text"),
    [(432, "432"), (49_152, "49.2 thousand"), (4_194_304, "4.19 million"), (1.8e10, "18 billion")],
)
def test_large_counts_are_told_in_words(count, text):
    assert in_words(count) == text
