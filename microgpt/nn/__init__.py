"""Layers: modules that own parameters. The formulas are in `ops/`."""

from microgpt.nn.attention import CausalSelfAttention
from microgpt.nn.block import Block
from microgpt.nn.dropout import Dropout
from microgpt.nn.embedding import Embedding
from microgpt.nn.flat_parameters import FlatParameters, flat_segments
from microgpt.nn.linear import Linear
from microgpt.nn.mlp import MLP
from microgpt.nn.module import Module
from microgpt.nn.norm import LayerNorm, RMSNorm, make_norm
from microgpt.nn.parameter_factory import ParameterFactory

__all__ = [
    "MLP",
    "Block",
    "CausalSelfAttention",
    "Dropout",
    "Embedding",
    "FlatParameters",
    "LayerNorm",
    "Linear",
    "Module",
    "ParameterFactory",
    "RMSNorm",
    "flat_segments",
    "make_norm",
]
