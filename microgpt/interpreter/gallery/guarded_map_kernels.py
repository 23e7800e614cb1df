"""`guarded_map`: 2x + 1 for each cell of a table, in blocks that stick out."""

from microgpt.interpreter.gallery.kernel_task import (
    GalleryKernel,
    KernelTask,
    num_blocks,
    number_inputs,
)
from microgpt.interpreter.stand_ins import cuda, float32


def guarded_map(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def map_without_guard(out, x):
    column, row = cuda.grid(2)
    out[row, column] = float32(2) * x[row, column] + float32(1)


def map_with_rows_guarded(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[0]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def map_with_columns_guarded(out, x):
    column, row = cuda.grid(2)
    if column < out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def map_with_guard_one_too_far(out, x):
    column, row = cuda.grid(2)
    if row <= out.shape[0] and column <= out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def map_with_read_before_guard(out, x):
    column, row = cuda.grid(2)
    value = float32(2) * x[row, column] + float32(1)
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = value


def map_with_sizes_swapped(out, x):
    column, row = cuda.grid(2)
    if row < out.shape[1] and column < out.shape[0]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


def map_down_the_rows(out, x):
    row = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.x
    column = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.y
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = float32(2) * x[row, column] + float32(1)


TASK = KernelTask(
    name="guarded_map",
    title="Map with a guard",
    size_names=("rows", "columns"),
    sizes=(5, 7),
    block=(8, 8),
    grid=lambda sizes, block: (num_blocks(sizes[1], block[0]), num_blocks(sizes[0], block[1])),
    make_inputs=number_inputs(lambda sizes: sizes),
    expected=lambda inputs, block: 2 * inputs[0] + 1,
)

KERNELS = (
    GalleryKernel("guarded_map", "map with a guard", guarded_map, TASK, is_right=True),
    GalleryKernel("map_without_guard", "no guard", map_without_guard, TASK),
    GalleryKernel("map_with_rows_guarded", "only the rows guarded", map_with_rows_guarded, TASK),
    GalleryKernel(
        "map_with_columns_guarded", "only the columns guarded", map_with_columns_guarded, TASK
    ),
    GalleryKernel(
        "map_with_guard_one_too_far", "<= in the guard", map_with_guard_one_too_far, TASK
    ),
    GalleryKernel(
        "map_with_read_before_guard", "read before the guard", map_with_read_before_guard, TASK
    ),
    GalleryKernel("map_with_sizes_swapped", "sizes swapped", map_with_sizes_swapped, TASK),
    GalleryKernel(
        "map_down_the_rows", "threads down the rows", map_down_the_rows, TASK, is_right=True
    ),
)
