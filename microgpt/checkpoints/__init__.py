"""Checkpoints: safetensors with a JSON header. Nothing is pickled; files are written atomically."""

from microgpt.checkpoints.checkpoint import (
    MODEL_FILE,
    Checkpoint,
    ensure_writable,
    load,
    save,
)
from microgpt.checkpoints.safetensors_io import (
    SafetensorsFile,
    open_safetensors,
    write_safetensors,
)

__all__ = [
    "MODEL_FILE",
    "Checkpoint",
    "SafetensorsFile",
    "ensure_writable",
    "load",
    "open_safetensors",
    "save",
    "write_safetensors",
]
