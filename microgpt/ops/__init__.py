"""WHAT is computed: one differentiable function each, its formula, its shapes, its gradient.

Every rule is written once, over kernels that each back end has under the same name.
"""

from microgpt.ops.activation import exp, log, relu, sigmoid, tanh
from microgpt.ops.arithmetic import (
    add,
    divide,
    divide_from,
    multiply,
    negative,
    power,
    subtract,
    subtract_from,
)
from microgpt.ops.attention import causal_attention, decode_attention
from microgpt.ops.embedding import embedding
from microgpt.ops.loss import cross_entropy, linear_cross_entropy, token_losses
from microgpt.ops.matmul import linear, matmul, matmul_from, matmul_transposed
from microgpt.ops.norm import rms_norm
from microgpt.ops.reduce import max, mean, sum
from microgpt.ops.shape import broadcast_to, index, merge_heads, reshape, split_heads, transpose
from microgpt.ops.softmax import causal_softmax, log_softmax, softmax

__all__ = [
    "add",
    "broadcast_to",
    "causal_attention",
    "causal_softmax",
    "cross_entropy",
    "decode_attention",
    "divide",
    "divide_from",
    "embedding",
    "exp",
    "index",
    "linear",
    "linear_cross_entropy",
    "log",
    "log_softmax",
    "matmul",
    "matmul_from",
    "matmul_transposed",
    "max",
    "mean",
    "merge_heads",
    "multiply",
    "negative",
    "power",
    "relu",
    "reshape",
    "rms_norm",
    "sigmoid",
    "softmax",
    "split_heads",
    "subtract",
    "subtract_from",
    "sum",
    "tanh",
    "token_losses",
    "transpose",
]
