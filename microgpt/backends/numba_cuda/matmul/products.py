"""`Product`: one product in one storage, on the rung of the ladder that suits it."""

from microgpt.backends.memory import data_ptr
from microgpt.backends.numba_cuda._launch import BLOCK, compute_capability, cover, scratch
from microgpt.backends.numba_cuda.matmul import choice, registers, tensor_cores, vendor
from microgpt.backends.numba_cuda.matmul.naive import make_naive
from microgpt.backends.numba_cuda.matmul.registers import make_registers
from microgpt.backends.numba_cuda.matmul.tensor_cores import make_tensor_cores
from microgpt.backends.numba_cuda.matmul.tiles import TILE, make_tiles, tile_grid
from microgpt.backends.numba_cuda.matmul.unrolled import make_unrolled

# Whether a and b are stored transposed.
NN, NT, TN = (False, False), (False, True), (True, False)
VECTOR, VECTOR_BYTES = 4, 16  # numbers that move at once, and the multiples where they begin


class Product:
    """c = a · b, for each matrix of three stacks; `store` says what becomes of each sum."""

    def __init__(self, storage, store):
        self.a_transposed, self.b_transposed = storage
        self.naive = make_naive(*storage, store)
        self.tiles = make_tiles(*storage, store)
        self.registers, self.unrolled = (
            {aligned: make(*storage, store, aligned) for aligned in (True, False)}
            for make in (make_registers, make_unrolled)
        )
        self.tensor_cores = {
            choice.TENSOR_CORES: make_tensor_cores(*storage, store, False),
            choice.SPLIT: make_tensor_cores(*storage, store, True),
        }
        self.epilogue = vendor.make_epilogue(store)

    def __call__(self, c, a, b, bias, other=None):
        """Launch the rung that `choose` names; `other` is the store's second array, if it has one.

        Without `other` it is c itself.
        """
        other = c if other is None else other
        K = a.shape[1] if self.a_transposed else a.shape[2]
        is_aligned = all(map(_is_aligned, (c, other, a, b)))
        shape = choice.ProductShape(*c.shape[:2], K, c.shape[2], c.dtype.name, is_aligned)
        rung = choice.choose(shape, compute_capability(c))
        self.launcher(rung, c, is_aligned)(c, other, bias, a, b)

    def launcher(self, rung, c, is_aligned):
        """Return what launches a rung for a result like c."""
        if rung == choice.NAIVE:
            return self.naive[cover(c.size), BLOCK]
        if rung == choice.TILES:
            return self.tiles[tile_grid(c), (TILE, TILE)]
        if rung in self.tensor_cores:
            return self.tensor_cores[rung][_large_grid(c), tensor_cores.THREADS]
        kernels = self.registers if rung == choice.REGISTERS else self.unrolled
        return kernels[is_aligned][_large_grid(c), registers.THREADS]

    def by_vendor(self, c, a, b, bias, other=None):
        """The same as a call, by cuBLAS and a second launch; arrays must be on a GPU."""
        sums = scratch(c.shape, c)
        vendor.multiply(sums, a, b, self.a_transposed, self.b_transposed)
        self.epilogue[cover(c.size), BLOCK](c, c if other is None else other, bias, sums)


def _large_grid(c):
    """The blocks that cover a result with tiles of 128 × 128, one matrix after another along z."""
    S, M, N = c.shape
    return -(-N // registers.TILE), -(-M // registers.TILE), S


def _is_aligned(array):
    return array.shape[2] % VECTOR == 0 and data_ptr(array) % VECTOR_BYTES == 0
