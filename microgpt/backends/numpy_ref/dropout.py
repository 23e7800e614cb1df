"""Dropout on rows (N, C). A mask is never stored: it is drawn again wherever it is needed."""

from microgpt.backends.numpy_ref._dropout_mask import factors


def dropout_next_state_(turn, draws):
    """turn = draws, which are seed and count; then count one more."""
    turn[...] = draws
    draws[1] += 1


def dropout_forward(y, x, turn, site, threshold, scale):
    """y = x times the factors of (turn, site): 0 for the share that is dropped, else `scale`."""
    y[...] = x * factors(x.shape, x.dtype, turn, site, threshold, scale)


def dropout_residual_forward(y, x, residual, turn, site, threshold, scale):
    """y = residual + x times the factors of (turn, site)."""
    y[...] = residual + x * factors(x.shape, x.dtype, turn, site, threshold, scale)
