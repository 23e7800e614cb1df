"""Layers: what owns weights. Formulas are in `ops/`."""

from microgpt.nn.attention import CausalSelfAttention
from microgpt.nn.block import Block
from microgpt.nn.dropout import Dropout
from microgpt.nn.embedding import Embedding
from microgpt.nn.flat_parameters import Store, segments
from microgpt.nn.linear import Linear
from microgpt.nn.mlp import MLP
from microgpt.nn.module import Module
from microgpt.nn.norm import LayerNorm, RMSNorm, make_norm
from microgpt.nn.parameter_factory import Init

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
