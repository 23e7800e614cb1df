"""A product, out (M, N) = a (M, K) · b (K, N), whose threads keep 2 × 2 results in registers.

The naive and the tiled kernel are in `interpreter.gallery`. Threads outside the result, and numbers
outside a and b, are left out, so all sizes are allowed.
"""

from microgpt.interpreter import cuda, float32

TILE = 8  # rows of a tile, and columns of that of a
WIDE, STEP = 16, 4  # columns of a tile of b; rows between the two results of a thread


def tiled_in_registers(out, a, b):
    """A block of 8 × 4 threads has a tile of 8 × 16 results: each thread keeps 2 × 2 of them."""
    left = cuda.shared.array((TILE, TILE), float32)
    right = cuda.shared.array((TILE, WIDE), float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    top, side = cuda.blockIdx.y * TILE, cuda.blockIdx.x * WIDE
    sum00 = sum01 = sum10 = sum11 = float32(0)
    for start in range(0, a.shape[1], TILE):
        for n in range(x + TILE * y, TILE * TILE, TILE * STEP):
            i, k = n // TILE, n % TILE
            inside = top + i < a.shape[0] and start + k < a.shape[1]
            left[i, k] = a[top + i, start + k] if inside else float32(0)
        for n in range(x + TILE * y, TILE * WIDE, TILE * STEP):
            k, j = n // WIDE, n % WIDE
            inside = start + k < b.shape[0] and side + j < b.shape[1]
            right[k, j] = b[start + k, side + j] if inside else float32(0)
        cuda.syncthreads()
        for k in range(TILE):
            a0, a1 = left[y, k], left[y + STEP, k]
            b0, b1 = right[k, x], right[k, x + TILE]
            sum00 += a0 * b0
            sum01 += a0 * b1
            sum10 += a1 * b0
            sum11 += a1 * b1
        cuda.syncthreads()
    for n in range(4):
        i, j = top + y + STEP * (n // 2), side + x + TILE * (n % 2)
        if i < out.shape[0] and j < out.shape[1]:
            upper, lower = (sum01, sum11) if n % 2 else (sum00, sum10)
            out[i, j] = lower if n // 2 else upper
