"""Optimisers (SGD, Adam, AdamW), gradient clipping, and learning-rate schedules."""

from microgpt.optim.adam import Adam, AdamW
from microgpt.optim.base import SGD, Optimizer, clip_grad_norm_
from microgpt.optim.schedules import constant_schedule, cosine_schedule, linear_schedule

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "clip_grad_norm_",
    "constant_schedule",
    "cosine_schedule",
    "linear_schedule",
]
