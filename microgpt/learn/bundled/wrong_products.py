"""Wrong kernels of 14.tiled_matmul that the gallery does not have."""

from microgpt.interpreter import cuda, float32


def no_guard_along_k(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    total = float32(0)
    for start in range(0, a.shape[1], 8):
        left[y, x] = a[row, start + x] if row < a.shape[0] else float32(0)
        right[y, x] = b[start + y, column] if column < b.shape[1] else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = total


def writes_outside(out, a, b):
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
    out[row, column] = total


def last_tile_only(out, a, b):
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
        total = float32(0)
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def first_tile_transposed(out, a, b):
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
            total += left[k, y] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def second_tile_transposed(out, a, b):
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
            total += left[y, k] * right[x, k]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def both_tiles_transposed(out, a, b):
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
            total += left[k, y] * right[x, k]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def full_tiles_only(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner // 8 * 8, 8):
        left[y, x] = a[row, start + x] if row < rows and start + x < inner else float32(0)
        right[y, x] = b[start + y, column] if start + y < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def x_for_the_row(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    row, column = cuda.grid(2)
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


def naive_without_guard(out, a, b):
    column, row = cuda.grid(2)
    total = float32(0)
    for k in range(a.shape[1]):
        total += a[row, k] * b[k, column]
    out[row, column] = total


def grid_axes_swapped(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    row, column = cuda.grid(2)
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


def first_read_along_y(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        left[y, x] = a[row, start + y] if row < rows and start + y < inner else float32(0)
        right[y, x] = b[start + y, column] if start + y < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def second_read_along_x(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        left[y, x] = a[row, start + x] if row < rows and start + x < inner else float32(0)
        right[y, x] = b[start + x, column] if start + x < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def both_read_along_one_axis(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for start in range(0, inner, 8):
        left[y, x] = a[row, start + y] if row < rows and start + y < inner else float32(0)
        right[y, x] = b[start + x, column] if start + x < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total


def first_tiles_again(out, a, b):
    left = cuda.shared.array((8, 8), float32)
    right = cuda.shared.array((8, 8), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    column, row = cuda.grid(2)
    rows, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    total = float32(0)
    for _ in range(0, inner, 8):
        left[y, x] = a[row, x] if row < rows and x < inner else float32(0)
        right[y, x] = b[y, column] if y < inner and column < columns else float32(0)
        cuda.syncthreads()
        for k in range(8):
            total += left[y, k] * right[k, x]
        cuda.syncthreads()
    if row < rows and column < columns:
        out[row, column] = total
