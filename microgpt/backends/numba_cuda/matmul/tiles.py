"""A block of threads a tile of 16 × 16 elements, through shared memory.

The block walks along k. At each step every thread brings one number of a and one of b to shared
memory, and then multiplies the 16 pairs of its row and its column. So a number that is read from
global memory serves 16 elements, where `naive` reads it anew for each.

- The 16 threads of a row read numbers that lie side by side, however an operand is stored: one that
  is stored transposed is transposed as it is written to shared memory, down a column.
- A column of rows of 16 numbers lies in one or two of the 32 banks, which serve one number each at
  a time. With 18 numbers a row, the 32 threads of a warp write to 32 banks; 17 would leave two
  threads in one bank.
- The first barrier lets nobody multiply what is not there yet, the second lets nobody overwrite
  what another still multiplies. Threads outside the result bring zeros and wait with the others.
"""

from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import MAX_BLOCKS, threads

TILE, PADDED = 16, 18


def tile_grid(c):
    """The blocks of a launch: those of a result along x, so that none is too large, stacks along z.

    CUDA allows 2³¹ − 1 blocks along x, and 65,535 along z.
    """
    S, M, N = c.shape
    return -(-M // TILE) * -(-N // TILE), 1, min(S, MAX_BLOCKS)


def make_tiles(a_transposed, b_transposed, store):
    """Return the kernel for two storages and for what is to become of each sum."""
    left_width = PADDED if a_transposed else TILE
    right_width = PADDED if b_transposed else TILE

    @threads
    def tiles(c, other, bias, a, b):
        f = a.dtype.type
        left = cuda.shared.array((TILE, left_width), a.dtype)  # rows of c, k
        right = cuda.shared.array((TILE, right_width), a.dtype)  # k, columns of c
        M, N = c.shape[1], c.shape[2]
        K = a.shape[1] if a_transposed else a.shape[2]
        x, y = cuda.threadIdx.x, cuda.threadIdx.y
        tiles_per_row = (N + TILE - 1) // TILE
        top = cuda.blockIdx.x // tiles_per_row * TILE
        side = cuda.blockIdx.x % tiles_per_row * TILE
        i, j = top + y, side + x
        for s in range(cuda.blockIdx.z, c.shape[0], cuda.gridDim.z):
            total = f(0)
            for start in range(0, K, TILE):
                if a_transposed:
                    inside = start + y < K and top + x < M
                    left[x, y] = a[s, start + y, top + x] if inside else f(0)
                else:
                    inside = i < M and start + x < K
                    left[y, x] = a[s, i, start + x] if inside else f(0)
                if b_transposed:
                    inside = side + y < N and start + x < K
                    right[x, y] = b[s, side + y, start + x] if inside else f(0)
                else:
                    inside = start + y < K and j < N
                    right[y, x] = b[s, start + y, j] if inside else f(0)
                cuda.syncthreads()
                for k in range(TILE):
                    total += left[y, k] * right[k, x]
                cuda.syncthreads()
            if i < M and j < N:
                store(c, other, bias, s, i, j, total)

    return tiles
