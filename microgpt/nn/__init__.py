"""Layers: what owns weights. Formulas are in `ops/`."""

from microgpt.nn.attention import CausalSelfAttention
from microgpt.nn.block import Block
from microgpt.nn.dropout import Dropout
from microgpt.nn.embedding import Embedding
from microgpt.nn.init import Init
from microgpt.nn.linear import Linear
from microgpt.nn.mlp import MLP
from microgpt.nn.module import Module
from microgpt.nn.norm import LayerNorm, RMSNorm, make_norm
from microgpt.nn.store import Store, segments

__all__ = [
    "MLP",
    "Block",
    "CausalSelfAttention",
    "Dropout",
    "Embedding",
    "Init",
    "LayerNorm",
    "Linear",
    "Module",
    "RMSNorm",
    "Store",
    "make_norm",
    "segments",
]
