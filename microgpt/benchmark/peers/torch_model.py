"""The package's GPT written idiomatically in PyTorch, with the same parameter names and shapes."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPS = 1e-5


def build_norm(config: dict) -> nn.Module:
    """Build a LayerNorm with weight (and bias), or the microgpt recipe's RMSNorm without gain."""
    if config["norm"] == "layernorm":
        return nn.LayerNorm(config["n_embd"], eps=EPS, bias=config["bias"])
    return RMSNorm()


class RMSNorm(nn.Module):
    """x / sqrt(mean(x²) + eps), without gain."""

    def forward(self, x):
        return functional.rms_norm(x, x.shape[-1:], eps=EPS)


class Attention(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        C, self.n_head = config["n_embd"], config["n_head"]
        self.c_attn = nn.Linear(C, 3 * C, bias=config["bias"])
        self.c_proj = nn.Linear(C, C, bias=config["bias"])

    def forward(self, x, cache=None):
        B, T, C = x.shape
        qkv = self.c_attn(x).view(B, T, 3, self.n_head, C // self.n_head)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, T, D)
        if cache is not None:
            k, v = cache.append(k, v)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=T > 1)
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        C = config["n_embd"]
        self.c_fc = nn.Linear(C, 4 * C, bias=config["bias"])
        self.c_proj = nn.Linear(4 * C, C, bias=config["bias"])
        self.gelu = config["activation"] == "gelu"

    def forward(self, x):
        x = self.c_fc(x)
        x = functional.gelu(x, approximate="tanh") if self.gelu else functional.relu(x)
        return self.c_proj(x)


class Block(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.ln_1, self.attn = build_norm(config), Attention(config)
        self.ln_2, self.mlp = build_norm(config), MLP(config)

    def forward(self, x, cache=None):
        x = x + self.attn(self.ln_1(x), cache)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """A GPT; called with tokens (B, T) and targets (B, T), it returns the mean loss.

    Positions with target −1 are ignored.
    """

    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        V, C = config["vocab_size"], config["n_embd"]
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(config["block_size"], C)
        self.h = nn.ModuleList(Block(config) for _ in range(config["n_layer"]))
        self.embedding_norm = RMSNorm() if config["embedding_norm"] else nn.Identity()
        self.ln_f = build_norm(config) if config["final_norm"] else nn.Identity()
        self.lm_head = None if config["tie_weights"] else nn.Linear(C, V, bias=False)

    def logits(self, tokens, caches=None, position=0):
        position_embedding = self.wpe.weight[position : position + tokens.shape[1]]
        x = self.embedding_norm(self.wte(tokens) + position_embedding)
        for layer, block in enumerate(self.h):
            x = block(x, None if caches is None else caches[layer])
        if caches is not None:
            x = x[:, -1:]  # generation needs the last position only
        lm_head_weight = self.wte.weight if self.lm_head is None else self.lm_head.weight
        return functional.linear(self.ln_f(x), lm_head_weight)

    def forward(self, tokens, targets):
        logits = self.logits(tokens)
        flat_logits = logits.view(-1, logits.shape[-1])
        return functional.cross_entropy(flat_logits, targets.view(-1), ignore_index=-1)


class KVCache:
    """The KV cache of one layer, allocated once for block_size tokens."""

    def __init__(self, config: dict):
        head_dim = config["n_embd"] // config["n_head"]
        shape = (1, config["n_head"], config["block_size"], head_dim)
        self.keys, self.values, self.length = torch.zeros(shape), torch.zeros(shape), 0

    def append(self, k, v):
        start, self.length = self.length, self.length + k.shape[2]
        self.keys[:, :, start : self.length] = k
        self.values[:, :, start : self.length] = v
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]


def build_model(task: dict[str, Any]) -> GPT:
    """Build the task's model, with the task's weights if there are any, else normal ones."""
    model = GPT(task["config"])
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0.0, task["config"]["init_std"])
    if task.get("weights"):
        with np.load(task["weights"]) as arrays:
            model.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays.files})
    return model
