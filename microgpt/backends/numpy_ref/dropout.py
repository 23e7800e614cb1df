"""Dropout of rows (N, C). No mask is stored: it is drawn again wherever it is needed."""

from microgpt.backends.numpy_ref._dropout_mask import dropout_mask


def dropout_next_state_(snapshot, rng_state):
    """snapshot = rng_state, a seed and a counter (2,); then the counter += 1."""
    snapshot[...] = rng_state
    rng_state[1] += 1


def dropout_forward(y, x, rng_state, layer_id, threshold, scale):
    """y = x · m, with m = 0 for the share that is dropped, else scale = 1 / (1 − p)."""
    y[...] = x * dropout_mask(x.shape, x.dtype, rng_state, layer_id, threshold, scale)


def dropout_residual_forward(y, x, residual, rng_state, layer_id, threshold, scale):
    """y = residual + x · m, with m as there."""
    y[...] = residual + x * dropout_mask(x.shape, x.dtype, rng_state, layer_id, threshold, scale)
