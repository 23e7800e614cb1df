"""Checkpoints: safetensors with a JSON header. Nothing is pickled; files are written atomically."""

from microgpt._io.atomic_write import atomic_write
from microgpt.checkpoints.checkpoint import FILE, Checkpoint, load, prepare, save
from microgpt.checkpoints.safetensors_io import Opened, opened, write_tensors

__all__ = [
    "FILE",
    "Checkpoint",
    "Opened",
    "load",
    "opened",
    "prepare",
    "save",
    "write_tensors",
    "writing",
]
