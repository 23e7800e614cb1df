"""Loops of graphs that one can draw."""

from microgpt.backends.assembly.functions import Block, Function
from microgpt.backends.assembly.loops import find_loops


def loops_of(*successors):
    blocks = [Block(str(number), [], set(following)) for number, following in enumerate(successors)]
    return {
        loop.header: (set(loop.blocks), loop.depth, loop.innermost)
        for loop in find_loops(Function("graph", blocks))
    }


def test_none():
    assert loops_of([1, 2], [3], [3], []) == {}


def test_a_block_that_jumps_to_itself():
    assert loops_of([1], [1, 2], []) == {1: ({1}, 1, True)}


def test_nested():
    assert loops_of([1], [2, 5], [3, 4], [2], [1], []) == {
        1: ({1, 2, 3, 4}, 1, False),
        2: ({2, 3}, 2, True),
    }


def test_two_ways_back_are_one_loop():
    assert loops_of([1], [2, 3], [1], [1, 4], []) == {1: ({1, 2, 3}, 1, True)}


def test_one_after_the_other():
    assert loops_of([1], [1, 2], [2, 3], []) == {1: ({1}, 1, True), 2: ({2}, 1, True)}


def test_a_circle_with_two_entries_is_no_loop():
    assert loops_of([1, 2], [2], [1, 3], []) == {}


def test_what_is_never_reached_is_not_followed():
    assert loops_of([2], [1], []) == {}
