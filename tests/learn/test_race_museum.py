"""The museum of races: which results are right, and that every race is found."""

import re

import numpy as np
import pytest

from microgpt import interpreter, learn
from microgpt.interpreter.gallery import KERNELS
from microgpt.learn.race_museum import RACING, RIGHT, run_kernel

# In the order of interpreter.ORDERS: forwards, backwards, in step.
RESULTS = {
    "sum_in_one_element": (True, True, False),
    "sum_in_output": (True, True, False),
    "sum_without_first_barrier": (False, True, True),
    "sum_without_barrier_in_loop": (False, True, True),
    "sum_by_every_thread": (True, False, True),
    "matmul_without_first_barrier": (False, False, True),
    "matmul_without_second_barrier": (False, False, True),
    "softmax_without_middle_barrier": (False, True, True),
    "softmax_in_shared_elements": (True, True, False),
}


def test_each_kernel_is_right_in_the_orders_in_which_it_is_known_to_be():
    assert list(RESULTS) == list(RACING)
    assert {name: run_kernel(KERNELS[name]).results for name in RACING} == RESULTS


def test_every_race_is_found_in_every_order():
    table = learn.museum("14")
    assert table.orders == interpreter.ORDERS
    assert [row.races_found for row in table.rows] == [3] * 9
    assert (table.num_right, table.num_results) == (16, 27)


def test_each_row_says_in_words_what_the_mistake_is():
    rows = learn.museum("14").rows
    assert [row.mistake for row in rows] == list(RACING.values())
    for row in rows:  # readers have seen none of this code
        assert not re.search(r"[\[\]<=+`_.]", row.mistake)
        assert len(row.mistake.split()) >= 6


def test_without_the_mistake_everything_is_right_and_nothing_is_found():
    for name in RIGHT:
        row = run_kernel(KERNELS[name])
        assert row.results == (True, True, True)
        assert row.findings == ((), (), ())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", RACING)
def test_a_random_order_finds_the_race_as_well(name, seed):
    task = KERNELS[name].task
    out, *inputs = task.arguments(seed=seed)
    grid = task.grid(task.sizes, task.block)
    report = interpreter.run(KERNELS[name].kernel, grid, task.block, out, *inputs, order=seed)
    assert "race" in {finding.type for finding in report.findings}
    assert out.dtype == np.float32
