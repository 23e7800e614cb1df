"""`Product`: one product in one storage, which selects its kernel by the shape of the result."""

from microgpt.backends.numba_cuda._launch import BLOCK, cover
from microgpt.backends.numba_cuda.matmul.naive import make_naive
from microgpt.backends.numba_cuda.matmul.tiles import TILE, make_tiles, tile_grid

# Whether a and b are stored transposed.
NN, NT, TN = (False, False), (False, True), (True, False)


class Product:
    """c = a · b, for each matrix of three stacks; `store` says what becomes of each sum."""

    def __init__(self, storage, store):
        self.a_transposed = storage[0]
        self.naive = make_naive(*storage, store)
        self.tiles = make_tiles(*storage, store)

    def __call__(self, c, a, b, bias, other=None):
        """Launch; `other` is the store's second array, c itself if it has none."""
        other = c if other is None else other
        K = a.shape[1] if self.a_transposed else a.shape[2]
        # A tile needs its width and its depth filled. How many rows there are must not matter:
        # they are a batch's, and a row's result must not depend on who else is in the batch.
        if c.shape[2] < TILE or K < TILE:
            self.naive[cover(c.size), BLOCK](c, other, bias, a, b)
        else:
            self.tiles[tile_grid(c), (TILE, TILE)](c, other, bias, a, b)
