"""Normalisation."""

from microgpt.errors import ShapeError


def layer_norm(x, weight, bias=None, eps=1e-5):
    """Normalise each feature vector to mean 0 and variance 1, then scale and shift.

        y = (x − mean) / sqrt(var + eps) · weight + bias

    x (…, C), weight (C,), bias (C,) -> y (…, C)                    Ba, Kiros & Hinton 2016
    """
    shape, dtype = x.array.shape, x.array.dtype
    given = (weight,) if bias is None else (weight, bias)
    for parameter in given:
        x.require_same(parameter)
        if not shape or shape[-1] == 0 or parameter.array.shape != shape[-1:]:
            raise ShapeError(
                "layer_norm needs x (…, C) with C above 0, and weight and bias (C,); got x "
                f"{shape} and {parameter.array.shape}"
            )
    k, rows = x.kernels, x.rows()
    y, mean, rstd = k.empty(rows.shape, dtype), k.empty(len(rows), dtype), k.empty(len(rows), dtype)
    shift = k.empty_optional(1, dtype) if bias is None else bias.array
    k.launch("layer_norm_forward", y, mean, rstd, rows, weight.array, shift, eps)

    def backward(dy):
        # Taken before buffers are lent: weight or bias may be the very node that x is.
        dy, so_far = dy.reshape(rows.shape), x.collected(rows.shape)
        dx, dweight = k.empty(rows.shape, dtype), weight.gradient()
        dbias = k.empty_optional(1, dtype) if bias is None else bias.gradient()
        k.launch(
            "layer_norm_backward", dx, dweight, dbias, dy, rows, weight.array, mean, rstd, so_far
        )
        return (dx.reshape(shape), dweight, dbias)[: 1 + len(given)]

    return x.from_op(y.reshape(shape), (x, *given), backward, "layer_norm")


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
        so_far = x.collected(rows.shape)
        k.launch("rms_norm_backward", dx, dy.reshape(rows.shape), rows, rstd, so_far)
        return (dx.reshape(shape),)

    return x.from_op(y.reshape(shape), (x,), backward, "rms_norm")
