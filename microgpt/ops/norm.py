"""Normalisation."""

from microgpt.errors import ShapeError


def rms_norm(x, eps=1e-5):
    """Scale each feature vector to a mean square of 1: y = x / sqrt(mean(x²) + eps).

    x (…, C) -> y (…, C)                                        Zhang & Sennrich 2019, without gain
    """
    if x.ndim < 1 or x.shape[-1] == 0:
        raise ShapeError(f"rms_norm needs at least one number in each row; got shape {x.shape}")
    k, rows = x.kernels, x.rows()
    y, rstd = k.empty(rows.shape, x.dtype), k.empty(len(rows), x.dtype)
    k.launch("rms_norm_forward", y, rstd, rows, eps)

    def backward(dy):
        dx = k.empty(rows.shape, x.dtype)
        k.launch("rms_norm_backward", dx, dy.reshape(rows.shape), rows, rstd)
        return (dx.reshape(x.shape),)

    return x.from_op(y.reshape(x.shape), (x,), backward, "rms_norm")
