"""Normalisation."""

from microgpt.errors import ShapeError


def rms_norm(x, eps=1e-5):
    """Scale each feature vector to a mean square of 1: y = x / sqrt(mean(x²) + eps).

    x (…, C) -> y (…, C)                                        Zhang & Sennrich 2019, without gain
    """
    shape = x.array.shape
    if not shape or shape[-1] == 0:
        raise ShapeError(f"rms_norm needs at least one number in each row; got shape {shape}")
    k, rows = x.kernels, x.rows()
    y, rstd = k.empty(rows.shape, rows.dtype), k.empty(len(rows), rows.dtype)
    k.launch("rms_norm_forward", y, rstd, rows, eps)

    def backward(dy):
        dx = k.empty(rows.shape, rows.dtype)
        k.launch("rms_norm_backward", dx, dy.reshape(rows.shape), rows, rstd)
        return (dx.reshape(shape),)

    return x.from_op(y.reshape(shape), (x,), backward, "rms_norm")
