"""`tiled_matmul`: a matrix product whose blocks bring tiles of 8 × 8 into shared memory."""

import numpy as np

from microgpt.interpreter.gallery.kernel_task import (
    GalleryKernel,
    KernelTask,
    num_blocks,
    number_inputs,
)
from microgpt.interpreter.stand_ins import cuda, float32

TILE = 8  # threads of a block, and elements of a tile, along each axis


def tiled_matmul(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        left[y, x] = a[row, start + x] if row < rows and start + x < inner else float32(0)
        right[y, x] = b[start + y, column] if start + y < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def matmul_without_first_barrier(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        left[y, x] = a[row, start + x] if row < rows and start + x < inner else float32(0)
        right[y, x] = b[start + y, column] if start + y < inner and column < columns else float32(0)
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def matmul_without_second_barrier(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        left[y, x] = a[row, start + x] if row < rows and start + x < inner else float32(0)
        right[y, x] = b[start + y, column] if start + y < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
    if row < rows and column < columns:
        out[row, column] = total


def matmul_with_guard_around_loop(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    if row < rows and column < columns:
        total = float32(0)
        for start in range(0, inner, 8):
            left[y, x] = a[row, start + x] if start + x < inner else float32(0)
            right[y, x] = b[start + y, column] if start + y < inner else float32(0)
            cuda.syncthreads()
            for k in range(8):
                total += left[y, k] * right[k, x]
            cuda.syncthreads()
        out[row, column] = total


def matmul_without_guard(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        left[y, x] = a[row, start + x]
        right[y, x] = b[start + y, column]
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    out[row, column] = total


def matmul_without_zeros(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        if row < rows and start + x < inner:
            left[y, x] = a[row, start + x]
        if start + y < inner and column < columns:
            right[y, x] = b[start + y, column]
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def matmul_of_one_tile(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    left[y, x] = a[row, x] if row < rows and x < inner else float32(0)
    right[y, x] = b[y, column] if y < inner and column < columns else float32(0)
    cuda.syncthreads()
    total = float32(0)
    for k in range(8):
        total += left[y, k] * right[k, x]
    if row < rows and column < columns:
        out[row, column] = total


def naive_matmul(out, a, b):
    column, row = cuda.grid(2)
    if row < out.shape[0] and column < out.shape[1]:
        total = float32(0)
        for k in range(a.shape[1]):
            total += a[row, k] * b[k, column]
        out[row, column] = total


def naive_matmul_down_the_rows(out, a, b):
    row = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.x
    column = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.y
    if row < out.shape[0] and column < out.shape[1]:
        total = float32(0)
        for k in range(a.shape[1]):
            total += a[row, k] * b[k, column]
        out[row, column] = total


def matmul_down_the_rows(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    row = cuda.blockIdx.y * 8 + x
    column = cuda.blockIdx.x * 8 + y
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        left[x, y] = a[row, start + y] if row < rows and start + y < inner else float32(0)
        right[x, y] = b[start + x, column] if start + x < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[x, k] * right[k, y]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


TASK = KernelTask(
    name="tiled_matmul",
    title="Tiled matrix product",
    size_names=("M", "K", "N"),
    sizes=(8, 16, 16),
    block=(TILE, TILE),
    grid=lambda sizes, block: (num_blocks(sizes[2], block[0]), num_blocks(sizes[0], block[1])),
    make_inputs=number_inputs(lambda sizes: sizes[:2], lambda sizes: sizes[1:]),
    expected=lambda inputs, block: np.matmul(*inputs),
)

KERNELS = (
    GalleryKernel("tiled_matmul", "tiled matrix product", tiled_matmul, TASK, is_right=True),
    GalleryKernel(
        "matmul_without_first_barrier", "no barrier after bringing",
        matmul_without_first_barrier, TASK,
    ),
    GalleryKernel(
        "matmul_without_second_barrier", "no barrier after using",
        matmul_without_second_barrier, TASK,
    ),
    GalleryKernel(
        "matmul_with_guard_around_loop", "guard around the loop",
        matmul_with_guard_around_loop, TASK,
    ),
    GalleryKernel("matmul_without_guard", "no guard", matmul_without_guard, TASK),
    GalleryKernel("matmul_without_zeros", "edge not set to 0", matmul_without_zeros, TASK),
    GalleryKernel("matmul_of_one_tile", "one tile only", matmul_of_one_tile, TASK),
    GalleryKernel("naive_matmul", "naive", naive_matmul, TASK),
    GalleryKernel(
        "naive_matmul_down_the_rows", "naive, threads down the rows",
        naive_matmul_down_the_rows, TASK,
    ),
    GalleryKernel(
        "matmul_down_the_rows", "threads down the rows", matmul_down_the_rows, TASK,
        is_right=True,
    ),
)  # fmt: skip
