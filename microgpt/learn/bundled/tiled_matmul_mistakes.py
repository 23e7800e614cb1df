"""The common mistakes of 14.tiled_matmul, and other right ways to write it."""

from microgpt.interpreter import cuda, float32
from microgpt.interpreter.gallery import KERNELS
from microgpt.interpreter.report import UNWRITTEN
from microgpt.learn.bundled.kernel_rules import (
    ended_threads,
    gives_what,
    has_race,
    outside_of,
    race_lines,
    takes_x_for_the_row,
    when,
)
from microgpt.learn.bundled.tile_rules import (
    brings_the_first_tile_again,
    reads_both_along_one_axis,
    reads_first_along_y,
    reads_second_along_x,
    swaps_the_axes_of_the_grid,
)
from microgpt.learn.bundled.wrong_products import (
    both_read_along_one_axis,
    both_tiles_transposed,
    first_read_along_y,
    first_tile_transposed,
    first_tiles_again,
    full_tiles_only,
    grid_axes_swapped,
    last_tile_only,
    naive_without_guard,
    no_guard_along_k,
    second_read_along_x,
    second_tile_transposed,
    writes_outside,
    x_for_the_row,
)
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def barrier_on_top(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    total = float32(0)
    start = 0
    while start < a.shape[1]:
        cuda.syncthreads()
        left[y, x] = float32(0)
        right[y, x] = float32(0)
        if row < a.shape[0] and start + x < a.shape[1]:
            left[y, x] = a[row, start + x]
        if start + y < b.shape[0] and column < b.shape[1]:
            right[y, x] = b[start + y, column]
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        start += 8
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


def short_last_tile(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner = a.shape
    columns = b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        if row < rows and start + x < inner:
            left[y, x] = a[row, start + x]
        if start + y < inner and column < columns:
            right[y, x] = b[start + y, column]
        cuda.syncthreads()
        if row < rows and column < columns:
            for k in range(min(8, inner - start)):
                total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def _misses_first_barrier(run):
    """Whether a tile is written and, further down, used, with no barrier between the two lines."""
    return any(
        not run.lines.has_barrier_between(*sorted((line, other))) for line, other in race_lines(run)
    )


def _writes_its_output_outside(run):
    """Whether the output is written out of bounds, and nothing else is touched there."""
    return bool(run.outside) and all(one.array == run.output_name for one in run.outside)


def _leaves_along_k(run, grid, block, a, b):
    """Whether a and b are read out of bounds along K only."""
    in_a = [access.element for access in outside_of(run, 1)]
    in_b = [access.element for access in outside_of(run, 2)]
    return bool(in_a or in_b) and (
        all(row < a.shape[0] for row, _ in in_a)
        and all(column < b.shape[1] for _, column in in_b)
        and len(in_a) + len(in_b) == len(run.outside)
    )


def _reads_unwritten(run):
    """Whether a tile is read where nobody has written, and nobody races for it."""
    return not has_race(run) and any(
        one.type == UNWRITTEN and one.space == "shared" for one in run.findings
    )


def _outside_threads_leave(run, grid, block, a, b):
    """Whether the threads that never come to a barrier are those without a number of out."""
    rows, columns = run.expected.shape
    ended = ended_threads(run)
    return bool(ended) and all(
        number // grid[0] * block[1] + thread // block[0] >= rows
        or number % grid[0] * block[0] + thread % block[0] >= columns
        for number, thread in ended
    )


def common_mistakes():
    """Return the mistakes; the first whose rule fits a failing run is named."""
    causes = message_section("14.tiled_matmul")["mistakes"]
    mistakes = {
        "guard around the loop": (
            "guard_around_loop", KERNELS["matmul_with_guard_around_loop"].kernel,
            _outside_threads_leave,
        ),
        "axes of the grid swapped": (
            "axes_of_grid", grid_axes_swapped, swaps_the_axes_of_the_grid
        ),
        "a read along y": ("first_along_y", first_read_along_y, reads_first_along_y),
        "b read along x": ("second_along_x", second_read_along_x, reads_second_along_x),
        "a read along y, b along x": (
            "both_along_one", both_read_along_one_axis, reads_both_along_one_axis
        ),
        "the first tile again": ("no_start", first_tiles_again, brings_the_first_tile_again),
        "naive, without a guard": (
            "naive_without_guard", naive_without_guard,
            lambda run, *_: bool(run.outside) and not run.shared_bytes,
        ),
        "writes outside": ("writes_outside", writes_outside, when(_writes_its_output_outside)),
        "no guard along K": ("no_guard_along_k", no_guard_along_k, _leaves_along_k),
        "no guard": (
            "no_guard", KERNELS["matmul_without_guard"].kernel,
            lambda run, *_: bool(outside_of(run, 1) or outside_of(run, 2)),
        ),
        "no barrier after bringing": (
            "no_first_barrier", KERNELS["matmul_without_first_barrier"].kernel,
            when(_misses_first_barrier),
        ),
        "no barrier after using": (
            "no_second_barrier", KERNELS["matmul_without_second_barrier"].kernel, when(has_race)
        ),
        "edge of the tile not set to 0": (
            "no_zeros", KERNELS["matmul_without_zeros"].kernel, when(_reads_unwritten)
        ),
        "one tile only": (
            "one_tile", KERNELS["matmul_of_one_tile"].kernel,
            gives_what(KERNELS["matmul_of_one_tile"].kernel),
        ),
        "the last tile only": ("last_tile", last_tile_only, gives_what(last_tile_only)),
        "x taken for the row": ("x_for_the_row", x_for_the_row, when(takes_x_for_the_row)),
        "the last tile left out": (
            "no_last_tile", full_tiles_only, gives_what(full_tiles_only)
        ),
        "first tile transposed": (
            "first_transposed", first_tile_transposed, gives_what(first_tile_transposed)
        ),
        "second tile transposed": (
            "second_transposed", second_tile_transposed, gives_what(second_tile_transposed)
        ),
        "both tiles transposed": (
            "both_transposed", both_tiles_transposed, gives_what(both_tiles_transposed)
        ),
        "naive": (
            "naive", KERNELS["naive_matmul"].kernel,
            lambda run, *_: not (
                run.shared_bytes or run.findings or run.wrong_orders(run.expected, 1e-5)
            ),
        ),
    }  # fmt: skip
    return tuple(
        CommonMistake(name, kernel, causes[key], matches=rule)
        for name, (key, kernel, rule) in mistakes.items()
    )
