"""WHAT is computed: one differentiable function each, its formula, its shapes, its gradient.

Every rule is written once, over kernels that each back end has under the same name.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from microgpt.autograd.engine import state
from microgpt.ops.activation import exp, gelu, log, relu, sigmoid, tanh
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
from microgpt.ops.attention import (
    causal_attention,
    decode_attention,
    decode_self_attention,
    dropout_attention,
    self_attention,
)
from microgpt.ops.decompositions import TWINS, with_twin
from microgpt.ops.dropout import dropout, dropout_residual
from microgpt.ops.embedding import embed, embedding
from microgpt.ops.loss import cross_entropy, linear_cross_entropy, token_losses
from microgpt.ops.matmul import (
    linear,
    linear_gelu,
    linear_relu,
    linear_residual,
    matmul,
    matmul_from,
    matmul_transposed,
)
from microgpt.ops.norm import layer_norm, rms_norm
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
    "decode_self_attention",
    "divide",
    "divide_from",
    "dropout",
    "dropout_attention",
    "dropout_residual",
    "embed",
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
    "self_attention",
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

# What a learner may write anew: the public names are open to a hook, operations that call each
# other inside a module are not. Sums and shapes stay as they are: a hook costs 0.1 µs a call.
HOOKABLE = (
    *("causal_attention", "causal_softmax", "cross_entropy", "decode_attention", "embedding"),
    *("gelu", "layer_norm", "linear", "log_softmax", "matmul", "matmul_transposed", "relu"),
    *("rms_norm", "sigmoid", "softmax", "tanh", "token_losses"),
)


def _hookable(op: Callable) -> Callable:
    @wraps(op)
    def offered(*arguments: Any, **options: Any) -> Any:
        hook = state.op_hook
        if hook is None:
            return op(*arguments, **options)
        return hook(op.__name__, op, arguments, options)

    return offered


globals().update({name: with_twin(globals()[name], twin) for name, twin in TWINS.items()})
globals().update({name: _hookable(globals()[name]) for name in HOOKABLE})
