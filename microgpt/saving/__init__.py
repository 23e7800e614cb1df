"""Checkpoints: safetensors with a JSON header. Nothing is pickled; files are written atomically."""

from microgpt.files import writing
from microgpt.saving.checkpoint import FILE, Checkpoint, load, prepare, save
from microgpt.saving.tensor_file import Opened, opened, write_tensors

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
