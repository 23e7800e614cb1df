"""How mistakes of 14.tiled_matmul are recognised by the numbers that each thread brings."""

from collections import Counter

from microgpt.interpreter.report import BARRIER, RACE, UNWRITTEN

TILE = 8  # numbers along each axis of a tile, and threads of a block


def swaps_the_axes_of_the_grid(run, *launch):
    """Whether the row of a and of out goes along x, and the column of b and of out along y."""
    return _follows(run, 1, "read", "xx", "yy") and _follows(run, 0, "write", "xy")


def reads_first_along_y(run, *launch):
    """Whether the column of a goes along y, as its row does."""
    return _follows(run, 1, "read", "yy", "yx")


def reads_second_along_x(run, *launch):
    """Whether the row of b goes along x, as its column does."""
    return _follows(run, 1, "read", "yx", "xx")


def reads_both_along_one_axis(run, *launch):
    """Whether the column of a goes along y, and the row of b along x."""
    return _follows(run, 1, "read", "yy", "xx")


def brings_the_first_tile_again(run, grid, block, a, b):
    """Whether threads read the same number of a, or of b, again and again, and none further on."""
    return _has_barriers(run) and (
        _stays_in_first_tile(run, 1, axis=1) or _stays_in_first_tile(run, 2, axis=0)
    )


def _follows(run, array_number, operation, *patterns):
    """Whether the rows and columns of arrays, from a number on, go along the axes of `patterns`.

    "yx" is a row that goes along y and a column that goes along x, in each tile.
    """
    return _has_barriers(run) and all(
        _goes_along(run, number, operation, pattern)
        for number, pattern in enumerate(patterns, array_number)
    )


def _goes_along(run, array_number, operation, pattern):
    is_seen = False
    for access in _accesses(run, array_number, operation):
        y, x = divmod(access.thread, TILE)
        is_seen |= x != y
        if [index % TILE for index in access.element] != [{"x": x, "y": y}[one] for one in pattern]:
            return False
    return is_seen


def _stays_in_first_tile(run, array_number, axis):
    reads = Counter(
        (access.block, access.thread, access.element)
        for access in _accesses(run, array_number, "read")
    )
    is_first = all(element[axis] < TILE for _, _, element in reads)
    return bool(run.shared_bytes) and is_first and max(reads.values(), default=0) > 1


def _has_barriers(run):
    """Whether each number is there when it is used, so that only which one it is may be wrong."""
    return run.finding(BARRIER, RACE, UNWRITTEN) is None


def _accesses(run, array_number, operation):
    """Return the reads or writes of a parameter, those out of bounds with them."""
    return [
        access
        for access in (*run.accesses, *run.outside)
        if (access.array, access.operation) == (run.names[array_number], operation)
    ]
