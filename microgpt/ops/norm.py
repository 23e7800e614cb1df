"""Layer and RMS normalisation, with their formulas.

Kernels are in `backends/*/norm.py`, modules in `nn/norm.py`.
"""

from microgpt.errors import ShapeError
from microgpt.ops.op_hooks import overridable


@overridable
def layer_norm(x, weight, bias=None, eps=1e-5):
    """Normalise each feature vector to mean 0 and variance 1, then scale and shift.

        y = (x − mean) / sqrt(var + eps) · weight + bias

    x (…, C), weight (C,), bias (C,) -> y (…, C)                    Ba, Kiros & Hinton 2016
    """
    shape, dtype = x.array.shape, x.array.dtype
    params = (weight,) if bias is None else (weight, bias)
    for parameter in params:
        x.check_compatible(parameter)
        if not shape or shape[-1] == 0 or parameter.array.shape != shape[-1:]:
            raise ShapeError(
                "layer_norm needs x (…, C) with C above 0, and weight and bias (C,); got x "
                f"{shape} and {parameter.array.shape}"
            )
    backend, rows = x.backend, x.as_2d()
    y, mean, rstd = (
        backend.empty(rows.shape, dtype),
        backend.empty(len(rows), dtype),
        backend.empty(len(rows), dtype),
    )
    shift = backend.empty_optional(1, dtype) if bias is None else bias.array
    backend.launch("layer_norm_forward", y, mean, rstd, rows, weight.array, shift, eps)

    def backward(dy):
        # The kernel overwrites dx, accumulates into dweight and dbias, and adds dx_in to dx: the
        # gradient that x has so far. take_grad comes before grad_buffer: if x is also the weight
        # or the bias, it would otherwise remove the buffer that the kernel accumulates into.
        dy, dx_in = dy.reshape(rows.shape), x.take_grad(rows.shape)
        dx, dweight = backend.empty(rows.shape, dtype), weight.grad_buffer()
        dbias = backend.empty_optional(1, dtype) if bias is None else bias.grad_buffer()
        backend.launch(
            "layer_norm_backward", dx, dweight, dbias, dy, rows, weight.array, mean, rstd, dx_in
        )
        return (dx.reshape(shape), dweight, dbias)[: 1 + len(params)]

    return x.from_op(y.reshape(shape), (x, *params), backward, "layer_norm")


@overridable
def rms_norm(x, eps=1e-5):
    """Scale each feature vector to a mean square of 1: y = x / sqrt(mean(x²) + eps).

    x (…, C) -> y (…, C)                                        Zhang & Sennrich 2019, without gain
    """
    shape = x.array.shape
    if not shape or shape[-1] == 0:
        raise ShapeError(f"rms_norm needs at least one number in each row; got shape {shape}")
    backend, rows = x.backend, x.as_2d()
    y, rstd = backend.empty(rows.shape, rows.dtype), backend.empty(len(rows), rows.dtype)
    backend.launch("rms_norm_forward", y, rstd, rows, eps)

    def backward(dy):
        dx = backend.empty(rows.shape, rows.dtype)
        dx_in = x.take_grad(rows.shape)
        backend.launch("rms_norm_backward", dx, dy.reshape(rows.shape), rows, rstd, dx_in)
        return (dx.reshape(shape),)

    return x.from_op(y.reshape(shape), (x,), backward, "rms_norm")
