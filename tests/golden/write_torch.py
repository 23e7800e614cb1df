"""Writes torch.npz: each case's value and gradients, computed by PyTorch in float64.

python tests/golden/write_torch.py        (needs torch; the tests do not)
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "helpers"), str(HERE.parent), str(HERE.parent.parent)]

from cases import CASES, flags, tokens  # noqa: E402


def ids(n, vocab_size, lowest=0):
    return torch.from_numpy(tokens(n, vocab_size, lowest).astype(np.int64))


def mask(*shape):
    return torch.from_numpy(flags(*shape))


def rms(x):
    return F.rms_norm(x, x.shape[-1:], eps=1e-5)


def attention(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def causal(x):
    T = x.shape[-1]
    return (x * 0.7).masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf).softmax(-1)


def nll(x, n, vocab_size, reduction="mean"):
    return F.cross_entropy(x, ids(n, vocab_size, -1), ignore_index=-1, reduction=reduction)


def gelu(x):
    return F.gelu(x, approximate="tanh")


def heads(x, n_head):
    B, T, C = x.shape
    q, k, v = x.reshape(B, T, 3, n_head, C // 3 // n_head).permute(2, 0, 3, 1, 4)
    return attention(q, k, v).transpose(1, 2).reshape(B, T, C // 3)


TORCH_OPS = {
    "add": lambda x, y: x + y,
    "add_bias": lambda x, y: x + y,
    "add_outer": lambda x, y: x + y,
    "add_number": lambda x: x + 2.5,
    "subtract": lambda x, y: x - y,
    "rsubtract": lambda x: 1 - x,
    "multiply": lambda x, y: x * y,
    "multiply_column": lambda x, y: x * y,
    "square": lambda x: x * x + x,
    "negative": lambda x: -x,
    "divide": lambda x, y: x / y,
    "rdivide": lambda x: 2 / x,
    "power": lambda x: x**2.5,
    "square_root": torch.sqrt,
    "power_cube": lambda x: x**3 + x**2,
    "rpower": lambda x: 2**x + 0**x * 3,
    "abs": torch.abs,
    "clip": lambda x: x.clip(-0.5, 1),
    "clip_below": lambda x: x.clip(max=0.75),
    "where": lambda x, y: torch.where(mask(len(x)), x, y),
    "where_number": lambda x: torch.where(mask(x.shape[1], 3), x, 2.5),
    "exp": torch.exp,
    "log": torch.log,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "gelu": gelu,
    "sum": lambda x: x.sum(),
    "sum_axis": lambda x: x.sum(1),
    "sum_last": lambda x: x.sum(-1, keepdim=True),
    "mean": lambda x: x.mean(0),
    "mean_axes": lambda x: x.mean((0, -1)),
    "sum_axes": lambda x: x.sum((1, 2), keepdim=True),
    "var": lambda x: x.var(),
    "var_axis": lambda x: x.var(0, keepdim=True),
    "std": lambda x: x.std((0, 2), correction=0),
    "std_all": lambda x: x.std(),
    "min": lambda x: x.min(1).values,
    "max": lambda x: x.max(1).values,
    "reshape": lambda x: x.reshape(3, -1) * 2,
    "transpose": lambda x: x.permute(2, 0, 1),
    "index": lambda x: x[1, :, ::2] + x[0, :, ::2],
    "index_rows": lambda x: x[ids(33, len(x)).reshape(3, 11)],
    "index_numbers": lambda x: x[ids(7, len(x))],
    "cat": lambda x, y: torch.cat([x, y, x], 1),
    "stack": lambda x, y: torch.stack([x, y], -1),
    "broadcast_to": lambda x: x.broadcast_to(2, *x.shape),
    "heads": lambda x: x[:, :, 4:8],
    "linear": F.linear,
    "linear_wide": F.linear,
    "linear_residual": lambda x, w, b, r: r + F.linear(x, w, b),
    "linear_residual_bare": lambda x, w, r: r + F.linear(x, w),
    "linear_gelu": lambda x, w, b: gelu(F.linear(x, w, b)),
    "linear_gelu_bare": lambda x, w: gelu(F.linear(x, w)),
    "linear_relu": lambda x, w, b: F.linear(x, w, b).relu(),
    "linear_relu_bare": lambda x, w: F.linear(x, w).relu(),
    "matmul": torch.matmul,
    "matmul_vectors": torch.matmul,
    "matmul_row": torch.matmul,
    "matmul_column": torch.matmul,
    "outer": torch.outer,
    "matmul_stack": torch.matmul,
    "matmul_one": torch.matmul,
    "matmul_transposed": lambda a, b: a @ b.mT,
    "softmax": lambda x: x.softmax(-1),
    "softmax_rows": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(-1),
    "causal_softmax": causal,
    "rms_norm": rms,
    "rms_norm_rows": rms,
    "rms_norm_added_to": lambda x: x + rms(x * 2) * 3,
    "layer_norm": lambda x, w, b: F.layer_norm(x, w.shape, w, b),
    "layer_norm_bare": lambda x, w: F.layer_norm(x, w.shape, w),
    "layer_norm_added_to": lambda x, w: x * F.layer_norm(x * 1.5, w.shape, w) + x,
    "token_position_embedding": lambda w, p: (
        F.embedding(ids(33, len(w)).reshape(3, 11), w) + p[:11]
    ),
    "token_position_embedding_wide": lambda w, p: F.embedding(ids(5, 4).reshape(1, 5), w) + p,
    "embedding": lambda w: F.embedding(ids(33, len(w)), w),
    "embedding_many": lambda w: F.embedding(ids(w.shape[1], 7).reshape(1, -1), w),
    "causal_attention": attention,
    "self_attention": lambda x: heads(x, 2),
    "self_attention_wide": lambda x: heads(x, 3),
    "cross_entropy": lambda x: nll(x, len(x), x.shape[1]),
    "cross_entropy_rows": lambda x: nll(x, len(x), 6),
    "cross_entropy_per_token": lambda x: nll(x, len(x), 6, "none"),
    "linear_cross_entropy": lambda h, w: nll(h @ w.T, len(h), len(w)),
}


def main() -> None:
    arrays = {}
    for case in CASES:
        if case.golden:
            leaves = [torch.tensor(a, requires_grad=True) for a in case.inputs(5)]
            y = TORCH_OPS[case.name](*leaves)
            y.backward(torch.cos(torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape))
            arrays[f"{case.name}/y"] = y.detach().numpy()
            for place, leaf in enumerate(leaves):
                arrays[f"{case.name}/{place}"] = leaf.grad.numpy()
    np.savez_compressed(HERE / "torch.npz", **arrays)
    print(f"{len(arrays)} arrays from torch {torch.__version__}")


if __name__ == "__main__":
    main()
