"""A training in a file: everything that decides what its next steps will be.

Safetensors, as a model is, so nothing is unpickled: `model.` are the weights, `optimizer.` what it
remembers, `pending.` batches that were drawn and not used, `history.` the steps in columns.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from microgpt._io.atomic_write import atomic_write
from microgpt.backends import LOCK
from microgpt.checkpoints import Opened, opened, prepare, write_tensors
from microgpt.checkpoints.checkpoint import STATE_KEY, model_header
from microgpt.config import TrainConfig, from_dict
from microgpt.errors import FormatError, MicrogptError, SettingError
from microgpt.models.gpt import GPT
from microgpt.training.history_arrays import evaluation_of, history_of, place_in, to_columns
from microgpt.training.metrics import Evaluation

FILE = "training.safetensors"
FORMAT = 1
MODEL, OPTIMIZER, PENDING = "model.", "optimizer.", "pending."
FIXED = ("seed", "batch_size", "accumulate", "stride")


def save(trainer: Any, folder: str | Path) -> Path:
    """Write a trainer's state into a folder, as training.safetensors; returns the file's path."""
    model, progress = trainer.model, trainer.progress
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    if type(model) is not GPT or shapes != model.config.parameter_shapes():
        raise SettingError(
            "a training can be resumed if its model is a GPT as its config describes it; this one "
            f"is a {type(model).__name__} with parts of its own: keep it with `save` instead"
        )
    if Path(folder).suffix == ".safetensors":
        raise SettingError(f"a training is saved in a folder, as {FILE}; got {folder}")
    target = prepare(Path(folder) / FILE)
    fingerprint = trainer.material.fingerprint
    with LOCK:
        header = {
            "format": FORMAT,
            "config": asdict(model.config),
            "tokenizer": None if trainer.tokenizer is None else trainer.tokenizer.to_dict(),
            "train": asdict(trainer.config),
            "corpus": fingerprint,
            "batches": trainer.batches.state(),
            "pending": len(progress.pending),
            "owed": progress.owed,
            "closing": _closing_row(progress),
            "frozen": [name for name, w in model.named_parameters() if not w.requires_grad],
            "dropout": [int(model.dropout_seed), int(model.dropout_counter[0])],
            "training": bool(model.training),
            "remarks": trainer.remarks,
        }
        arrays = {MODEL + name: weight.array for name, weight in model.named_parameters()}
        arrays |= {OPTIMIZER + name: a for name, a in trainer.optimizer.arrays().items()}
        for place, (tokens, targets) in enumerate(progress.pending):
            arrays |= {f"{PENDING}{place}.tokens": tokens, f"{PENDING}{place}.targets": targets}
        arrays |= to_columns(progress.history)
        with atomic_write(target) as stream:
            write_tensors(stream, arrays, {STATE_KEY: json.dumps(header)})
    return target


@contextmanager
def saved(path: str | Path) -> Iterator["Saved"]:
    """`with saved(folder) as found:` the state in there; what is wrong with it is a FormatError."""
    path = Path(path)
    file = path if path.is_file() else path / FILE
    if not file.is_file():
        raise FormatError(
            f"there is no training to resume at {file}; `Trainer.save` and `microgpt train` write "
            "one"
        )
    try:
        with opened(file) as arrays:
            yield Saved(file, arrays)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
        if isinstance(error, MicrogptError) and str(file) in str(error):
            raise
        raise FormatError(f"{file} cannot be resumed: {error}") from None


class Saved:
    """A state that was found: its settings at once, its numbers when they are asked for."""

    def __init__(self, file: Path, arrays: Opened):
        if STATE_KEY not in arrays.notes:
            raise FormatError("it is not the state of a training")
        header = json.loads(arrays.notes[STATE_KEY])
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise FormatError(f"its header must have format {FORMAT}")
        self.file, self.arrays, self.header = file, arrays, header
        weights = {
            name.removeprefix(MODEL): shape
            for name, shape in arrays.shapes.items()
            if name.startswith(MODEL)
        }
        self.model_config, self.tokenizer = model_header(header, weights)
        self.config = from_dict(TrainConfig, header["train"])
        self.remarks = _of_kind(header, "remarks", dict)

    def settings(self, changed: TrainConfig | None) -> TrainConfig:
        """The settings to go on with; refused if a step would be made of something else."""
        for name in FIXED if isinstance(changed, TrainConfig) else ():
            now, then = getattr(changed, name), getattr(self.config, name)
            if now != then:
                raise SettingError(
                    f"{self.file} was trained with {name} = {then!r}, which decides what its steps "
                    f"are made of; got {now!r}: go on with {then!r}, or train anew"
                )
        return self.config if changed is None else changed

    def model(self, backend: str | None) -> GPT:
        """The model with its weights, on `backend`."""
        dtype = self.arrays.dtype(MODEL + "wte.weight")
        if dtype not in ("float32", "float64"):
            raise FormatError(f"it must hold float32 or float64 weights; got {dtype}")
        model = GPT(self.model_config, seed=None, dtype=dtype, backend=backend)
        frozen = _of_kind(self.header, "frozen", list)
        for name, weight in model.named_parameters():
            self.arrays.read_into(MODEL + name, weight.array)
            weight.requires_grad = name not in frozen
        return model

    def restore(self, trainer: Any) -> None:
        """Bring a new trainer to where the saved one stood."""
        found, expected = trainer.material.fingerprint, self.header["corpus"]
        if found != expected:
            raise FormatError(
                f"it was trained on other data: their SHA-256 begins with {expected[:12]!r}, that "
                f"of these with {found[:12]!r}; give the same corpus and the same held-out part"
            )
        model, progress = trainer.model, trainer.progress
        for name, array in trainer.optimizer.arrays().items():
            self.arrays.read_into(OPTIMIZER + name, array)
        trainer.batches.restore(self.header["batches"])
        progress.history += history_of(self.arrays)
        for step in progress.history:
            progress.judge(step)
        progress.pending += [self._batch(place) for place in range(self._pending(trainer.config))]
        progress.owed = _of_kind(self.header, "owed", bool) and bool(progress.history)
        progress.closing = self._closing(len(progress.history))
        model.dropout_seed, model.dropout_counter[0] = self._dropout()
        if not _of_kind(self.header, "training", bool):
            model.eval()

    def _dropout(self) -> list[int]:
        draws = _of_kind(self.header, "dropout", list)
        if len(draws) != 2 or any(type(n) is not int or not 0 <= n < 2**63 for n in draws):
            raise FormatError(
                f"'dropout' must be a seed and a count, whole numbers from 0 on; got {draws!r:.60}"
            )
        return draws

    def _closing(self, steps: int) -> tuple[int, Evaluation] | None:
        row = self.header.get("closing")
        if row is None:
            return None
        if not isinstance(row, list) or len(row) != 4:
            raise FormatError(f"'closing' must be a row of four; got {row!r:.60}")
        return place_in(row[0], steps), evaluation_of(*row[1:])

    def _pending(self, config: TrainConfig) -> int:
        count = self.header["pending"]
        if type(count) is not int or not 0 <= count <= config.accumulate:
            raise FormatError(
                f"{count!r:.40} batches wait for a step that takes {config.accumulate}; go on with "
                "the settings it was saved with"
            )
        return count

    def _batch(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        tokens, targets = (
            self.arrays.read(f"{PENDING}{place}.{what}", "int32") for what in ("tokens", "targets")
        )
        if tokens.shape != targets.shape or tokens.ndim != 2:
            raise FormatError(f"batch {place} must have tokens and targets of one shape (B, T)")
        return tokens, targets


def _closing_row(progress: Any) -> list | None:
    if progress.closing is None:
        return None
    step, found = progress.closing
    return [step, found.loss, found.error, found.tokens]


def _of_kind(header: dict[str, Any], name: str, kind: type) -> Any:
    if type(header[name]) is not kind:
        raise FormatError(f"{name!r} must be a {kind.__name__}; got {header[name]!r:.60}")
    return header[name]
