"""One entry per operation: how to call it, on which shapes, and what it must give.

`reference` is an independent formula in NumPy; `golden` says that PyTorch's values and gradients
of this case stand in `golden/torch.npz`. Everything in `test_ops.py` runs over these entries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from naive import (
    RNG_STATE,
    attention,
    causal_softmax,
    cross_entropy,
    cross_entropy_per_token,
    dropout_mask,
    gelu,
    layer_norm,
    rms_norm,
    self_attention,
    softmax,
)

from microgpt import ops

SIZES = (0, 1, 31, 32, 33, 4099)
SMALL = (0, 1, 31, 32, 33)


@dataclass(frozen=True)
class Case:
    name: str
    call: Callable
    shapes: Callable[[int], list[tuple[int, ...]]]
    reference: Callable
    sizes: tuple[int, ...] = SIZES
    positive: bool = False
    kernels: tuple[str, ...] = ()
    golden: bool = True

    def inputs(self, n: int, seed: int = 0) -> list[np.ndarray]:
        rng = np.random.default_rng([seed, n])
        arrays = [rng.normal(size=shape) for shape in self.shapes(n)]
        # Away from 0, where relu has its corner and a quotient its pole.
        arrays = [np.where(np.abs(a) < 0.1, a + np.where(a < 0, -0.3, 0.3), a) for a in arrays]
        return [np.abs(a) + 0.2 for a in arrays] if self.positive else arrays


@cache  # the same array each time: a captured function must not make its own
def tokens(n: int, vocab_size: int, lowest: int = 0) -> np.ndarray:
    """Fixed token ids with repeats; with `lowest` −1 some are ignored, never all."""
    ids = np.random.default_rng(n).integers(lowest, vocab_size, n).astype(np.int32)
    if n:
        ids[0] = vocab_size - 1
    return ids


@cache
def flags(*shape: int) -> np.ndarray:
    """Fixed booleans, about half of them true."""
    return np.random.default_rng(sum(shape)).random(shape[::-1]) < 0.5


def one(n):
    return [(n,)]


def two(n):
    return [(n,), (n,)]


CASES = [
    Case("add", lambda x, y: x + y, two, lambda x, y: x + y, kernels=("add",)),
    Case("add_bias", lambda x, y: x + y, lambda n: [(3, n), (n,)], lambda x, y: x + y,
         kernels=("sum",)),
    Case("add_outer", lambda x, y: x + y, lambda n: [(2, n, 1), (3,)], lambda x, y: x + y),
    Case("add_number", lambda x: 2 + x + 0.5, one, lambda x: x + 2.5, kernels=("shift",)),
    Case("subtract", lambda x, y: x - y, two, lambda x, y: x - y, kernels=("subtract",)),
    Case("rsubtract", lambda x: 1 - x, one, lambda x: 1 - x),
    Case("multiply", lambda x, y: x * y, two, lambda x, y: x * y, kernels=("multiply",)),
    Case("multiply_column", lambda x, y: x * y, lambda n: [(n, 3), (n, 1)], lambda x, y: x * y),
    Case("square", lambda x: x * x + x, one, lambda x: x * x + x, kernels=("accumulate",)),
    Case("negative", lambda x: -x, one, lambda x: -x, kernels=("scale",)),
    Case("divide", lambda x, y: x / y, two, lambda x, y: x / y, kernels=("divide",)),
    Case("rdivide", lambda x: 2 / x, one, lambda x: 2 / x),
    Case("power", lambda x: x**2.5, one, lambda x: x**2.5, positive=True, kernels=("power",)),
    Case("square_root", lambda x: x**0.5, one, np.sqrt, positive=True),
    Case("power_zero", lambda x: x**0 + x, one, lambda x: 1 + x, golden=False),
    Case("power_cube", lambda x: x**3 + x**np.float32(2), one, lambda x: x**3 + x**2),
    Case("rpower", lambda x: 2**x + 0**x * 3, one, lambda x: 2**x, positive=True,
         kernels=("rpower",)),
    Case("abs", abs, one, np.abs),
    Case("clip", lambda x: x.clip(-0.5, 1), one, lambda x: np.clip(x, -0.5, 1),
         kernels=("clip",)),
    Case("clip_below", lambda x: x.clip(max=0.75), one, lambda x: np.minimum(x, 0.75)),
    Case("where", lambda x, y: ops.where(flags(len(x.array)), x, y), two,
         lambda x, y: np.where(flags(len(x)), x, y), kernels=("where",)),
    Case("where_number", lambda x: ops.where(flags(x.shape[1], 3), x, 2.5), lambda n: [(3, n)],
         lambda x: np.where(flags(x.shape[1], 3), x, 2.5)),
    Case("exp", ops.exp, one, np.exp, kernels=("exp",)),
    Case("log", ops.log, one, np.log, positive=True, kernels=("log",)),
    Case("tanh", ops.tanh, one, np.tanh, kernels=("tanh",)),
    Case("sigmoid", ops.sigmoid, one, lambda x: 1 / (1 + np.exp(-x)), kernels=("sigmoid",)),
    Case("relu", ops.relu, one, lambda x: np.maximum(x, 0), kernels=("relu",)),
    Case("gelu", ops.gelu, one, gelu, kernels=("gelu",)),
    Case("sum", lambda x: x.sum(), one, np.sum, kernels=("sum",)),
    Case("sum_axis", lambda x: x.sum(axis=1), lambda n: [(2, n, 3)], lambda x: x.sum(axis=1)),
    Case("sum_last", lambda x: x.sum(axis=-1, keepdims=True), lambda n: [(3, n)],
         lambda x: x.sum(axis=-1, keepdims=True)),
    Case("mean", lambda x: x.mean(axis=0), lambda n: [(4, n)], lambda x: x.mean(axis=0)),
    Case("mean_axes", lambda x: x.mean(axis=(0, -1)), lambda n: [(2, n, 3)],
         lambda x: x.mean(axis=(0, -1))),
    Case("sum_axes", lambda x: x.sum(axis=(1, 2), keepdims=True), lambda n: [(2, n, 3)],
         lambda x: x.sum(axis=(1, 2), keepdims=True)),
    Case("var", lambda x: x.var(), lambda n: [(n + 2,)], lambda x: x.var(ddof=1)),
    Case("var_axis", lambda x: x.var(axis=0, keepdims=True), lambda n: [(5, n)],
         lambda x: x.var(axis=0, ddof=1, keepdims=True)),
    Case("std", lambda x: x.std(axis=(0, 2), correction=0), lambda n: [(2, n, 3)],
         lambda x: x.std(axis=(0, 2)), kernels=("std",)),
    Case("std_all", lambda x: x.std(), lambda n: [(n + 2,)], lambda x: x.std(ddof=1)),
    Case("min", lambda x: x.min(axis=1), lambda n: [(n, 5, 2)], lambda x: x.min(axis=1)),
    Case("max", lambda x: x.max(axis=1), lambda n: [(n, 5, 2)], lambda x: x.max(axis=1),
         kernels=("max",)),
    Case("reshape", lambda x: x.reshape(3, -1) * 2, lambda n: [(n + 1, 6)],
         lambda x: x.reshape(3, -1) * 2),
    Case("transpose", lambda x: x.transpose(2, 0, 1), lambda n: [(2, n, 3)],
         lambda x: x.transpose(2, 0, 1), kernels=("strided_copy",)),
    Case("index", lambda x: x[1, :, ::2] + x[0, :, ::2], lambda n: [(2, n, 5)],
         lambda x: x[1, :, ::2] + x[0, :, ::2], kernels=("strided_copy",)),
    Case("index_reverse", lambda x: x[::-1, None, -1], lambda n: [(n, 4)],
         lambda x: x[::-1, None, -1], golden=False),
    Case("index_rows", lambda x: x[tokens(33, x.shape[0]).reshape(3, 11)], lambda n: [(n + 1, 2)],
         lambda x: x[tokens(33, x.shape[0]).reshape(3, 11)], kernels=("embedding",)),
    Case("index_numbers", lambda x: x[tokens(7, x.shape[0])], lambda n: [(n + 1,)],
         lambda x: x[tokens(7, x.shape[0])]),
    Case("cat", lambda x, y: ops.cat([x, y, x], axis=1), lambda n: [(2, n, 3), (2, 2, 3)],
         lambda x, y: np.concatenate([x, y, x], axis=1), kernels=("strided_copy",)),
    Case("stack", lambda x, y: ops.stack([x, y], axis=-1), two,
         lambda x, y: np.stack([x, y], axis=-1)),
    Case("broadcast_to", lambda x: x.broadcast_to(2, 3, x.shape[1]), lambda n: [(3, n)],
         lambda x: np.broadcast_to(x, (2, *x.shape))),
    Case("heads", lambda x: ops.merge_heads(ops.split_heads(x, 2, 1, 3)), lambda n: [(2, n, 12)],
         lambda x: x[:, :, 4:8]),
    Case("linear", ops.linear, lambda n: [(n, 5), (7, 5)], lambda x, w: x @ w.T,
         kernels=("linear",)),
    Case("linear_wide", ops.linear, lambda n: [(2, 3, n), (4, n), (4,)],
         lambda x, w, b: x @ w.T + b),
    Case("linear_residual", ops.linear_residual, lambda n: [(n, 5), (7, 5), (7,), (n, 7)],
         lambda x, w, b, r: r + x @ w.T + b, kernels=("linear_residual",)),
    Case("linear_residual_bare", lambda x, w, r: ops.linear_residual(x, w, None, r),
         lambda n: [(2, n, 3), (33, 3), (2, n, 33)], lambda x, w, r: r + x @ w.T),
    Case("linear_gelu", ops.linear_gelu, lambda n: [(3, n), (33, n), (33,)],
         lambda x, w, b: gelu(x @ w.T + b), kernels=("linear_gelu",)),
    Case("linear_gelu_bare", ops.linear_gelu, lambda n: [(n, 6), (5, 6)],
         lambda x, w: gelu(x @ w.T)),
    Case("linear_relu", ops.linear_relu, lambda n: [(n, 6), (5, 6), (5,)],
         lambda x, w, b: np.maximum(x @ w.T + b, 0), kernels=("linear_relu",)),
    Case("linear_relu_bare", ops.linear_relu, lambda n: [(2, 3, 4), (n, 4)],
         lambda x, w: np.maximum(x @ w.T, 0)),
    Case("matmul", ops.matmul, lambda n: [(n, 3), (3, 4)], lambda a, b: a @ b,
         kernels=("matmul",)),
    Case("matmul_vectors", lambda a, b: a @ b, lambda n: [(n,), (n,)], lambda a, b: a @ b),
    Case("matmul_row", lambda a, b: a @ b, lambda n: [(n,), (2, n, 3)], lambda a, b: a @ b),
    Case("matmul_column", lambda a, b: a @ b, lambda n: [(2, n, 3), (3,)], lambda a, b: a @ b),
    Case("outer", ops.outer, lambda n: [(n,), (3,)], np.outer),
    Case("matmul_stack", ops.matmul, lambda n: [(2, 3, n), (2, n, 5)], lambda a, b: a @ b),
    Case("matmul_one", ops.matmul, lambda n: [(2, 3, n), (n, 5)], lambda a, b: a @ b),
    Case("matmul_transposed", ops.matmul_transposed, lambda n: [(2, n, 4), (2, 3, 4)],
         lambda a, b: a @ b.swapaxes(1, 2), kernels=("matmul_transposed",)),
    Case("softmax", ops.softmax, lambda n: [(3, n + 1)], softmax, kernels=("softmax",)),
    Case("softmax_rows", ops.softmax, lambda n: [(n, 4)], softmax),
    Case("log_softmax", ops.log_softmax, lambda n: [(3, n + 1)], lambda x: np.log(softmax(x)),
         kernels=("log_softmax",)),
    Case("causal_softmax", lambda x: ops.causal_softmax(x, 0.7), lambda n: [(2, n, n)],
         lambda x: causal_softmax(x, 0.7), sizes=SMALL, kernels=("causal_softmax",)),
    Case("rms_norm", ops.rms_norm, lambda n: [(3, n + 1)], rms_norm, kernels=("rms_norm",)),
    Case("rms_norm_rows", ops.rms_norm, lambda n: [(n, 6)], rms_norm),
    Case("rms_norm_added_to", lambda x: x + ops.rms_norm(x * 2) * 3, lambda n: [(n, 5)],
         lambda x: x + rms_norm(x * 2) * 3),
    Case("layer_norm", ops.layer_norm, lambda n: [(3, n + 1), (n + 1,), (n + 1,)], layer_norm,
         kernels=("layer_norm",)),
    Case("layer_norm_bare", ops.layer_norm, lambda n: [(n, 6), (6,)], layer_norm),
    Case("layer_norm_added_to", lambda x, w: x * ops.layer_norm(x * 1.5, w) + x,
         lambda n: [(n, 7), (7,)], lambda x, w: x * layer_norm(x * 1.5, w) + x),
    Case("token_position_embedding",
         lambda w, p: ops.token_position_embedding(tokens(33, w.shape[0]).reshape(3, 11), w, p),
         lambda n: [(n + 1, 5), (12, 5)],
         lambda w, p: w[tokens(33, w.shape[0])].reshape(3, 11, 5) + p[:11],
         kernels=("token_position_embedding",)),
    Case("token_position_embedding_wide",
         lambda w, p: ops.token_position_embedding(tokens(5, 4).reshape(1, 5), w, p),
         lambda n: [(4, n), (5, n)], lambda w, p: (w[tokens(5, 4)] + p)[None]),
    Case("embedding", lambda w: ops.embedding(tokens(33, w.shape[0]), w), lambda n: [(n + 1, 5)],
         lambda w: w[tokens(33, w.shape[0])], kernels=("embedding",)),
    Case("embedding_many", lambda w: ops.embedding(tokens(w.shape[1], 7).reshape(1, -1), w),
         lambda n: [(7, n)], lambda w: w[tokens(w.shape[1], 7).reshape(1, -1)]),
    Case("causal_attention", ops.causal_attention, lambda n: [(2, n, 3)] * 3, attention,
         sizes=SMALL),
    Case("self_attention", lambda x: ops.self_attention(x, 2), lambda n: [(2, n, 18)],
         lambda x: self_attention(x, 2), sizes=SMALL, kernels=("self_attention",)),
    Case("self_attention_wide", lambda x: ops.self_attention(x, 3), lambda n: [(1, 9, 9 * n + 9)],
         lambda x: self_attention(x, 3), sizes=SMALL),
    Case("dropout", lambda x: ops.dropout(x, 0.4, RNG_STATE, 3), lambda n: [(5, n)],
         lambda x: x * dropout_mask(x.shape, 0.4, 3), golden=False, kernels=("dropout",)),
    Case("dropout_flat", lambda x: ops.dropout(x, 0.75, RNG_STATE, 1), one,
         lambda x: x * dropout_mask(x.shape, 0.75, 1), golden=False),
    Case("dropout_residual", lambda x, r: ops.dropout_residual(x, r, 0.3, RNG_STATE, 7),
         lambda n: [(2, n, 6), (2, n, 6)], lambda x, r: r + x * dropout_mask(x.shape, 0.3, 7),
         sizes=SMALL, golden=False, kernels=("dropout_residual",)),
    Case("dropout_residual_wide", lambda x, r: ops.dropout_residual(x, r, 0.6, RNG_STATE),
         lambda n: [(3, n), (3, n)], lambda x, r: r + x * dropout_mask(x.shape, 0.6, 0),
         golden=False),
    Case("dropout_attention", lambda x: ops.dropout_attention(x, 2, 0.4, RNG_STATE, 2),
         lambda n: [(2, n, 18)], lambda x: self_attention(x, 2, (0.4, 2)), sizes=SMALL,
         golden=False, kernels=("dropout_attention",)),
    Case("dropout_attention_wide", lambda x: ops.dropout_attention(x, 3, 0.2, RNG_STATE, 9),
         lambda n: [(1, 9, 9 * n + 9)], lambda x: self_attention(x, 3, (0.2, 9)), sizes=SMALL,
         golden=False),
    Case("cross_entropy", lambda x: ops.cross_entropy(x, tokens(x.shape[0], x.shape[1], -1)),
         lambda n: [(5, n + 1)],
         lambda x: cross_entropy(x, tokens(x.shape[0], x.shape[1], -1)),
         kernels=("cross_entropy", "masked_mean")),
    Case("cross_entropy_rows", lambda x: ops.cross_entropy(x, tokens(x.shape[0], 6, -1)),
         lambda n: [(n + 1, 6)], lambda x: cross_entropy(x, tokens(x.shape[0], 6, -1))),
    Case("cross_entropy_per_token",
         lambda x: ops.cross_entropy_per_token(x, tokens(x.shape[0], 6, -1)),
         lambda n: [(n + 1, 6)], lambda x: cross_entropy_per_token(x, tokens(x.shape[0], 6, -1))),
    Case("linear_cross_entropy",
         lambda h, w: ops.linear_cross_entropy(h, w, tokens(h.shape[0], w.shape[0], -1)),
         lambda n: [(4, 6), (n + 1, 6)],
         lambda h, w: cross_entropy(h @ w.T, tokens(h.shape[0], w.shape[0], -1))),
]  # fmt: skip

BY_NAME = {case.name: case for case in CASES}
