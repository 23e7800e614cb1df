"""The operations: differentiable functions, each with its formula, shapes and gradient.

Each one is written once, in terms of kernels that every back end has under the same name.
"""

from types import SimpleNamespace

from microgpt.ops import decompositions  # noqa: F401 (registers them)
from microgpt.ops.activation import abs, exp, gelu, log, relu, sigmoid, tanh
from microgpt.ops.arithmetic import (
    add,
    divide,
    multiply,
    negative,
    power,
    rdivide,
    rpower,
    rsubtract,
    subtract,
)
from microgpt.ops.attention import (
    causal_attention,
    decode_attention,
    decode_self_attention,
    dropout_attention,
    self_attention,
)
from microgpt.ops.concat import cat, stack
from microgpt.ops.dropout import dropout, dropout_residual
from microgpt.ops.embedding import embedding, token_position_embedding
from microgpt.ops.indexing import index
from microgpt.ops.loss import cross_entropy, cross_entropy_per_token, linear_cross_entropy
from microgpt.ops.matmul import (
    linear,
    linear_gelu,
    linear_relu,
    linear_residual,
    matmul,
    matmul_transposed,
    outer,
    rmatmul,
)
from microgpt.ops.norm import layer_norm, rms_norm
from microgpt.ops.op_hooks import explains_arrays
from microgpt.ops.reduce import argmax, max, mean, min, std, sum, var
from microgpt.ops.selection import clip, one_hot, where
from microgpt.ops.shape import broadcast_to, merge_heads, reshape, split_heads, transpose
from microgpt.ops.softmax import causal_softmax, log_softmax, softmax

__all__ = [
    "abs",
    "add",
    "argmax",
    "broadcast_to",
    "cat",
    "causal_attention",
    "causal_softmax",
    "clip",
    "cross_entropy",
    "cross_entropy_per_token",
    "decode_attention",
    "decode_self_attention",
    "divide",
    "dropout",
    "dropout_attention",
    "dropout_residual",
    "embedding",
    "exp",
    "gelu",
    "index",
    "layer_norm",
    "linear",
    "linear_cross_entropy",
    "linear_gelu",
    "linear_relu",
    "linear_residual",
    "log",
    "log_softmax",
    "matmul",
    "matmul_transposed",
    "max",
    "mean",
    "merge_heads",
    "min",
    "multiply",
    "negative",
    "one_hot",
    "outer",
    "power",
    "rdivide",
    "relu",
    "reshape",
    "rmatmul",
    "rms_norm",
    "rpower",
    "rsubtract",
    "self_attention",
    "sigmoid",
    "softmax",
    "split_heads",
    "stack",
    "std",
    "subtract",
    "sum",
    "tanh",
    "token_position_embedding",
    "transpose",
    "var",
    "where",
]

# Methods of `Tensor` are these: their first argument is a tensor, so there is nothing to explain.
tensor_methods = SimpleNamespace(**{name: globals()[name] for name in __all__})
# Here, not where they are written: an operation that calls others is the one that is named.
for _name in __all__:
    globals()[_name] = explains_arrays(globals()[_name])
