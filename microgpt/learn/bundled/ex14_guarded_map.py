"""14.guarded_map: a kernel in two dimensions whose blocks stick out of the table."""

import numpy as np

from microgpt.interpreter import cuda, float32
from microgpt.interpreter.gallery import KERNELS, TASKS
from microgpt.learn.bundled.kernel_rules import (
    gives_what,
    takes_x_for_the_row,
    unseeded,
    when,
)
from microgpt.learn.exercise import CommonMistake, Example, Property
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.kernel_goals import (
    leaves_inputs_unchanged,
    no_race,
    shares_the_work,
    stays_inside,
    writes_each_element_once,
)
from microgpt.learn.kernel_remarks import remarks
from microgpt.learn.messages import message_section

TASK = TASKS["guarded_map"]
guarded_map = KERNELS["guarded_map"].kernel


def _returns_early(out, x):
    column, row = cuda.grid(2)
    if row >= x.shape[0] or column >= x.shape[1]:
        return
    out[row, column] = float32(2) * x[row, column] + float32(1)


def _two_branches(out, x):
    row = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
    column = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    rows, columns = x.shape
    if row < rows:  # noqa: SIM102 - as learners write it
        if column < columns:
            out[row, column] = float32(2) * x[row, column] + float32(1)


def _x_for_the_row(out, x):
    row, column = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def _or_for_and(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] or column < out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def _first_block_only(out, x):
    row, column = cuda.threadIdx.y, cuda.threadIdx.x
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def _one_row_short(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] - 1 and column < out.shape[1] - 1:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def _sum_first(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = float32(2) * (x[row, column] + float32(1))


def _axes_swapped(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[column, row] = float32(2) * x[column, row] + float32(1)


def _every_row(out, x):
    column, _ = cuda.grid(2)
    if column < out.shape[1]:
        for row in range(out.shape[0]):
            out[row, column] = float32(2) * x[row, column] + float32(1)


def _excess(run):
    """Return how far beyond the rows and the columns each access out of bounds lies, from 0 on."""
    rows, columns = run.expected.shape
    return [(row - rows, column - columns) for row, column in (a.element for a in run.outside)]


def _is_inside_otherwise(run):
    """Whether the result is right, apart from the accesses out of bounds."""
    return bool(run.outside) and not run.wrong_orders(run.expected, 1e-5)


def _reads_first(run):
    return _is_inside_otherwise(run) and all(a.array != run.output_name for a in run.outside)


def _misses_both(run):
    return _is_inside_otherwise(run) and any(row >= 0 and col >= 0 for row, col in _excess(run))


def _is_one_too_far(run):
    excess = _excess(run)
    is_along_both = {0} <= {row for row, _ in excess} & {column for _, column in excess}
    return _is_inside_otherwise(run) and is_along_both and all(max(one) == 0 for one in excess)


def _guards_rows_only(run):
    return _is_inside_otherwise(run) and all(row < 0 for row, _ in _excess(run))


def _guards_columns_only(run):
    return _is_inside_otherwise(run) and all(column < 0 for _, column in _excess(run))


def _guards_both_at_once(run):
    """Whether exactly the threads outside along both axes keep still."""
    return _is_inside_otherwise(run) and all(min(excess) < 0 for excess in _excess(run))


def _swaps_sizes(run):
    """Whether threads outside are let through as if rows and columns were exchanged."""
    rows, columns = run.expected.shape
    return (
        not _is_inside_otherwise(run)
        and bool(run.outside)
        and all(
            access.element == _position(run, access)[::-1]
            and access.element[0] < columns
            and access.element[1] < rows
            for access in run.outside
        )
    )


def _swaps_axes(run):
    """Whether a thread takes the cell whose row is its index along x."""
    return (
        not _is_inside_otherwise(run)
        and bool(run.outside)
        and all(access.element == _position(run, access) for access in run.outside)
    )


def _position(run, access):
    """Return a thread's indices along x and y in its block."""
    return access.thread % run.block[0], access.thread // run.block[0]


def _stays_in_one_block(run):
    return run.num_blocks > 1 and any(
        len({thread for _, thread in writers}) == 1 and len(writers) == run.num_blocks
        for writers in run.writers.values()
    )


def _leaves_out_the_last(run):
    rows, columns = run.expected.shape
    inner = {(row, column) for row in range(rows - 1) for column in range(columns - 1)}
    return not run.findings and set(run.writers) == inner


def _takes_every_row(run):
    """Whether each thread that writes writes every row of one column."""
    cells = {}
    for element, writers in run.writers.items():
        for writer in writers:
            cells.setdefault(writer, set()).add(element)
    rows = len(run.expected)
    return (
        rows > 1
        and bool(cells)
        and all(
            len(touched) == rows and len({column for _, column in touched}) == 1
            for touched in cells.values()
        )
    )


def _tables(*launches):
    """Return the inputs of a property: for each ((rows, columns), blocks along both axes)."""

    def inputs(rng):
        for sizes, grid in launches:
            yield grid, (8, 8), *TASK.make_inputs(sizes, rng)

    return inputs


_texts = message_section("14.guarded_map")
_descriptions, _causes = _texts["properties"], _texts["mistakes"]
_x = np.arange(35, dtype=np.float32).reshape(5, 7)
_beside, _below = ((5, 12), (2, 1)), ((12, 5), (1, 2))  # blocks along x, and along y
_small, _four_blocks = ((3, 2), (1, 1)), ((9, 3), (2, 2))
_watched = unseeded(_tables(_small))
_rule_of = {
    "the block forgotten": ("first_block_only", _first_block_only, when(_stays_in_one_block)),
    "takes every row": ("every_row", _every_row, when(_takes_every_row)),
    "sizes swapped": ("sizes_swapped", KERNELS["map_with_sizes_swapped"].kernel,
                      when(_swaps_sizes)),
    "axes swapped": ("axes_swapped", _axes_swapped, when(_swaps_axes)),
    "reads before it asks": ("read_first", KERNELS["map_with_read_before_guard"].kernel,
                             when(_reads_first)),
    "`<=` in the guard": ("one_too_far", KERNELS["map_with_guard_one_too_far"].kernel,
                          when(_is_one_too_far)),
    "only the rows guarded": ("rows_only", KERNELS["map_with_rows_guarded"].kernel,
                              when(_guards_rows_only)),
    "only the columns guarded": ("columns_only", KERNELS["map_with_columns_guarded"].kernel,
                                 when(_guards_columns_only)),
    "`or` for `and`": ("or_for_and", _or_for_and, when(_guards_both_at_once)),
    "no guard": ("no_guard", KERNELS["map_without_guard"].kernel, when(_misses_both)),
    "x taken for the row": ("x_for_the_row", _x_for_the_row, when(takes_x_for_the_row)),
    "the last row and column left out": ("one_short", _one_row_short, when(_leaves_out_the_last)),
    "1 added before doubling": ("sum_first", _sum_first, gives_what(_sum_first)),
}  # fmt: skip
_remark_inputs = TASK.make_inputs((8, 8), np.random.default_rng(0))

GUARDED_MAP = KernelExercise(
    id="14.guarded_map",
    signature="guarded_map(out, x)",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(((1, 1), (8, 8), _x), 2 * _x + 1),
    difficulty=2,
    importance=4,
    minutes=4,
    prerequisites=("14.add",),
    hints=tuple(_texts["hints"]),
    solution=guarded_map,
    alternative_solutions=(
        _returns_early,
        _two_branches,
        KERNELS["map_down_the_rows"].kernel,
    ),
    task=TASK,
    properties=(
        Property(_descriptions["inside"], _tables(((5, 7), (1, 1)), _small), stays_inside),
        Property(_descriptions["written_once"], _watched, writes_each_element_once),
        Property(_descriptions["shared_work"], _watched, shares_the_work),
        Property(_descriptions["unchanged"], _watched, leaves_inputs_unchanged),
        Property(
            _descriptions["sizes"],
            _tables(
                ((1, 1), (1, 1)), ((7, 5), (1, 1)), ((8, 8), (1, 1)), _beside, _below, _four_blocks
            ),
        ),
        Property(_descriptions["four_blocks"], _tables(_four_blocks), stays_inside),
        Property(_descriptions["no_race"], _tables(_four_blocks), no_race),
    ),
    common_mistakes=tuple(
        CommonMistake(name, kernel, _causes[key], matches=rule)
        for name, (key, kernel, rule) in _rule_of.items()
    ),
    success_message=remarks(guarded_map, (1, 1), (8, 8), _remark_inputs, 2 * _remark_inputs[0] + 1),
)
