"""The library's functions with the signatures of the parts: what runs while a part is open.

Each takes and returns NumPy arrays in float64, computes with the operations of `ops` on the NumPy
back end, and gets its gradients from their backward functions. `mlp` and `gpt` combine what they
are given, nodes of the workbook's own graph or Tensors, so every other part still runs in them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.tensor import Tensor
from microgpt.errors import SettingError
from microgpt.learn.op_adapters import adamw_step
from microgpt.sampling import next_token
from microgpt.tokenizers.bpe_merge import merge_all


def library(id: str) -> Callable[..., Any]:
    """Return the library's function for the part `id`; raise SettingError if there is none."""
    if id not in FUNCTIONS:
        raise SettingError("part", got=id, choices=FUNCTIONS)
    return FUNCTIONS[id]


def _tensor(x: Any) -> Tensor:
    return Tensor(np.asarray(x, np.float64), requires_grad=True, backend="numpy")


def _array(x: Tensor) -> np.ndarray:
    return np.array(x.array)


def backward(last: Any) -> dict[Any, Any]:
    """Return the gradient of `last` by every node, from the nodes' `inputs` and `local_grads`."""
    order, seen, stack = [], set(), [(last, False)]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack += [(node, True), *((parent, False) for parent in node.inputs)]
    grads = dict.fromkeys(order, 0.0) | {last: 1.0}
    for node in reversed(order):
        for parent, local_grad in zip(node.inputs, node.local_grads, strict=True):
            grads[parent] = grads[parent] + local_grad * grads[node]
    return grads


def matmul_backward(dy: Any, x: Any, w: Any) -> tuple[np.ndarray, np.ndarray]:
    x, w = _tensor(x), _tensor(w)
    (x @ w).backward(np.asarray(dy, np.float64))
    return np.array(x.grad), np.array(w.grad)


def softmax(x: Any) -> np.ndarray:
    return _array(ops.softmax(_tensor(x))).astype(np.result_type(x, np.float32))


def cross_entropy(logits: Any, targets: Any) -> float:
    return float(ops.cross_entropy(_tensor(logits), targets).item())


def cross_entropy_backward(logits: Any, targets: Any) -> np.ndarray:
    logits = _tensor(logits)
    ops.cross_entropy(logits, targets).backward()
    return np.array(logits.grad)


def encode(text: str, merges: Any) -> list[int]:
    """Return the token ids of a text: its bytes, merged in the order of `merges`."""
    return merge_all(text.encode(), {tuple(pair): 256 + k for k, pair in enumerate(merges)})


def embedding(ids: Any, weight: Any) -> np.ndarray:
    rows = _array(ops.embedding(np.asarray(ids), _tensor(weight)))
    return rows.astype(np.result_type(weight, np.float32))


def embedding_backward(dy: Any, ids: Any, n_rows: int) -> np.ndarray:
    weight = _tensor(np.zeros((n_rows, np.shape(dy)[-1])))
    ops.embedding(np.asarray(ids), weight).backward(np.asarray(dy, np.float64))
    return np.array(weight.grad, np.result_type(dy, np.float32))


def attention_head(x: Any, wq: Any, wk: Any, wv: Any) -> np.ndarray:
    x = _tensor(x)
    return _array(ops.causal_attention(*(ops.linear(x, _tensor(w)) for w in (wq, wk, wv))))


def rms_norm(x: Any, eps: float = 1e-5) -> np.ndarray:
    return _array(ops.rms_norm(_tensor(x), eps))


def mlp(x: Any, up: Any, down: Any) -> Any:
    """Return y (T, C), for x (T, C), up (4C, C) and down (C, 4C)."""
    return (x @ up.T).relu() @ down.T


def gpt(
    tokens: Any,
    embed: Callable[[Any], Any],
    norm: Callable[[Any], Any],
    attention: Callable[[Any], Any],
    mlp: Callable[[Any], Any],
    lm_head: Callable[[Any], Any],
) -> Any:
    """Return the logits (T, V) for tokens (T,): embeddings, one block and the head."""
    x = norm(embed(tokens))
    x = x + attention(norm(x))
    x = x + mlp(norm(x))
    return lm_head(x)


def sample(logits: Any, T: float, k: int, u: float) -> int:
    logits = np.asarray(logits)
    return next_token(logits, T, min(k, len(logits)), u=u).token


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "01.backward": backward,
    "02.matmul_backward": matmul_backward,
    "03.softmax": softmax,
    "03.cross_entropy": cross_entropy,
    "03.cross_entropy_backward": cross_entropy_backward,
    "04.encode": encode,
    "05.embedding": embedding,
    "05.embedding_backward": embedding_backward,
    "06.attention_head": attention_head,
    "07.rms_norm": rms_norm,
    "07.mlp": mlp,
    "07.gpt": gpt,
    "08.adamw_step": adamw_step,
    "09.sample": sample,
}
