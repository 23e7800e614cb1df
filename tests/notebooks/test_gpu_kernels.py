"""Notebook 14: its cells show what its text says; without a GPU no cell looks at a clock."""

import importlib.util
import re

import numpy as np
import pytest
from course.percent_source import SOURCES, read_source

import microgpt as mg
from microgpt.benchmark.product_ladder import count_ladder
from microgpt.interpreter import count_traffic

NAME = "14_gpu_kernels"
NOT_RUN = ("exercise:", "check:", "predict:", "answer:")


@pytest.fixture(scope="module")
def sources():
    return [
        (cell.source, cell.metadata.get("tags", []))
        for cell in read_source(SOURCES / f"{NAME}.py").cells
        if cell.cell_type == "code"
    ]


@pytest.fixture(scope="module")
def cells(sources, tmp_path_factory):
    """The names that the cells leave: those of experiments, from a file, as kernels need one."""
    path = tmp_path_factory.mktemp("cells") / "cells.py"
    experiments = [
        text
        for text, tags in sources
        if not any(tag.startswith(NOT_RUN) for tag in tags) and "mg.widgets." not in text
    ]
    path.write_text("\n\n".join(experiments), "utf-8")
    spec = importlib.util.spec_from_file_location("cells", path)
    module = importlib.util.module_from_spec(spec)
    module.reports = {}
    run_kernel = mg.interpreter.run

    def remember(kernel, *arguments, **options):
        report = run_kernel(kernel, *arguments, **options)
        if kernel.__module__ == module.__name__:  # not one of the museum's
            types = module.reports.setdefault(kernel.__name__, set())
            types |= {finding.type for finding in report.findings}
        return report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mg.interpreter, "run", remember)
        spec.loader.exec_module(module)
    return module


def test_the_cells_report_what_their_text_says_and_nothing_else(cells):
    assert cells.reports == {
        "who": set(),
        "double": {"bounds"},
        "count": {"race"},
        "largest": set(),
        "copy_by_rows": set(),
        "copy_by_columns": set(),
        "multiply": set(),
        "bring": set(),
        "transpose": set(),
        "sum_with_barrier_in_branch": {"barrier"},
    }


def test_the_view_of_the_race_has_the_crosses_that_the_text_counts(sources):
    theatres = [text for text, _ in sources if 'ThreadTheatre("' in text]
    assert theatres == ['mg.widgets.ThreadTheatre("sum without first barrier")']
    view = mg.widgets.ThreadTheatre("sum without first barrier")
    view.order_select.value = "forwards"
    crossed = []
    for access in (view.access_slider.value, view.access_slider.box.max):
        view.access_slider.box.value = access
        arrays = view.state.scene.arrays
        crossed.append(sum(cell.is_clash for one in arrays for cell in one.cells))
    assert crossed == [1, 32]


def run(kernel, grid, block, *arguments, **options):
    return mg.interpreter.run(kernel, grid, block, *arguments, **options)


def test_each_thread_writes_its_block_and_its_index(cells):
    out = np.zeros(16, int)
    assert run(cells.who, 2, 8, out).findings == ()
    assert out.tolist() == [*range(8), *range(10, 18)]


def test_thirteen_results_are_right_and_three_threads_are_outside(cells):
    x = np.arange(13, dtype=np.float32)
    out = np.zeros_like(x)
    (finding,) = run(cells.double, 2, 8, out, x).findings
    assert (out == 2 * x).all()
    assert (finding.type, finding.times) == ("bounds", 9)  # two reads and a write each


def test_no_two_orders_need_to_agree_on_a_count(cells):
    assert cells.counted == {"forwards": "64", "backwards": "64", "in step": "1"}


def test_the_largest_of_64_is_found_in_every_order(cells):
    x = np.random.default_rng(5).permutation(64).astype(np.float32)
    for order in mg.interpreter.ORDERS:
        out = np.zeros(1, np.float32)
        report = run(cells.largest, 1, 64, out, x, order=order)
        assert (report.findings, report.num_phases, out[0]) == ((), 8, 63)


def test_32_threads_work_in_phase_2_and_16_in_phase_3(cells):
    x = np.random.default_rng(5).permutation(64).astype(np.float32)
    report = run(cells.largest, 1, 64, np.zeros(1, np.float32), x, trace=True)
    for phase, num_threads in ((1, 32), (2, 16)):  # counted from 0; people count from 1
        threads = {access.thread for access in report.accesses if access.phase == phase}
        assert threads == set(range(num_threads))


def test_the_best_order_is_the_one_that_sees_most_mistakes(sources, monkeypatch):
    (text,) = (text for text, tags in sources if "answer:14.passes" in tags)
    said = {}
    monkeypatch.setattr(mg.learn, "reveal", lambda id, result, **values: said.update(values))
    races = mg.learn.museum("14")
    exec(text, {"mg": mg, "races": races})
    wrong = [
        sum(not right for right in order)
        for order in zip(*(r.results for r in races.rows), strict=True)
    ]
    assert said["best"] == len(races.rows) - max(wrong) == 4


def test_two_threads_bring_a_row_of_a_tile(cells):
    out = np.zeros((2, 2), np.float32)
    assert run(cells.bring, 1, (2, 2), out, cells.small).findings == ()
    assert out.tolist() == [[3, 3], [7, 7]]


def test_a_column_of_a_table_costs_a_sector_for_each_number(cells):
    costs = {kernel.__name__: cost for kernel, cost in cells.sectors.items()}
    assert costs == {"copy_by_rows": 4, "copy_by_columns": 32}


@pytest.mark.parametrize("shape", [(8, 16, 16), (8, 8, 8), (16, 24, 8)])
def test_the_formula_counts_the_loads_of_the_kernel(cells, shape):
    M, K, N = shape
    a, b, out = (np.ones(size, np.float32) for size in ((M, K), (K, N), (M, N)))
    report = run(cells.multiply, (N // 8, M // 8), (8, 8), out, a, b, trace=True)
    lines = count_traffic(report.accesses)
    assert sum(line.accesses for line in lines if line.operation == "read") == cells.loads(M, K, N)
    assert count_ladder(shape)[2].loads == cells.loads(M, K, N, T=8)


def test_the_matrix_is_the_first_of_gpt2_s_mlp(cells):
    config = mg.GPTConfig.preset("gpt2-124M")
    assert (config.n_embd, 4 * config.n_embd) == (cells.K, cells.N)
    once = cells.loads(cells.M, cells.K, cells.N, cells.N)
    assert once == cells.M * cells.K + cells.K * cells.N


def test_a_wider_tile_needs_one_pass(cells):
    passes = {}
    for width in (32, 33):
        out = np.zeros_like(cells.table)
        report = run(cells.make_transpose(width), 1, 32, out, cells.table, trace=True)
        assert report.findings == ()
        assert (out == cells.table.T).all()
        passes[width] = [
            line.cost // line.requests
            for line in count_traffic(report.accesses)
            if line.array == "tile"
        ]
    assert passes == {32: [1, 32], 33: [1, 1]}


def test_the_barrier_in_a_branch_is_reported_although_the_sum_is_right(cells):
    assert [finding.type for finding in cells.branch_report.findings] == ["barrier"]
    assert "32 of 64 threads wait at this barrier" in cells.branch_report.findings[0].text
    assert cells.out[0] == cells.x.sum()


def test_each_guess_comes_before_what_shows_its_answer(sources):
    tags = [tag for _, tags in sources for tag in tags]
    for id in ("14.plus", "14.passes", "14.columns", "14.branch"):
        asked, shown, answered = (
            tags.index(f"{what}:{id}") for what in ("predict", "shows", "answer")
        )
        assert asked < shown < answered


def test_no_cell_looks_at_a_clock(sources):
    for text, _ in sources:
        assert not re.search(r"\btime\b|timeit|perf_counter|%time", text)
