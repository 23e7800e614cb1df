"""Convert a training history to named arrays, for a safetensors file, and back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from microgpt.errors import FormatError
from microgpt.training.metrics import Evaluation, Step

PREFIX = "history."
_DTYPES = {
    "step": "int64", "loss": "float64", "lr": "float64", "grad_norm": "float64", "tokens": "int64",
    "seconds": "float64", "tokens_seen": "int64", "epoch": "float64",
}  # fmt: skip
_EVALUATIONS = ("evaluation", "train_evaluation")


def history_to_arrays(history: Sequence[Step]) -> dict[str, np.ndarray]:
    """Return an array for each field: numbers (steps,), evaluations (n, 4), samples as JSON bytes.

    A row of evaluations is (index in the history, loss, stderr, tokens).
    """
    arrays = {}
    for name, dtype in _DTYPES.items():
        column = [getattr(step, name) for step in history]
        column = [np.nan if number is None else number for number in column]
        arrays[PREFIX + name] = np.array(column, dtype)
    for name in _EVALUATIONS:
        rows = [
            (index, evaluation.loss, evaluation.stderr, evaluation.tokens)
            for index, step in enumerate(history)
            if (evaluation := getattr(step, name)) is not None
        ]
        arrays[PREFIX + name] = np.array(rows, np.float64).reshape(-1, 4)
    samples = [(index, step.samples) for index, step in enumerate(history) if step.samples]
    arrays[PREFIX + "samples"] = np.frombuffer(json.dumps(samples).encode(), np.uint8)
    return arrays


def history_from_arrays(arrays: Any) -> list[Step]:
    """Read a history from a file's arrays; FormatError if they do not fit each other."""
    columns = {name: arrays.read(PREFIX + name, dtype) for name, dtype in _DTYPES.items()}
    count = len(columns["step"]) if columns["step"].ndim else -1
    if any(column.shape != (count,) for column in columns.values()):
        raise FormatError("the columns of its history must be of one length")
    if (columns["step"] != np.arange(count)).any():
        raise FormatError("the steps of its history must count from 0")
    fields = {name: column.tolist() for name, column in columns.items()}
    fields["epoch"] = [None if epoch != epoch else epoch for epoch in fields["epoch"]]
    history = [
        Step(**dict(zip(fields, row, strict=True))) for row in zip(*fields.values(), strict=True)
    ]
    for name in _EVALUATIONS:
        rows = arrays.read(PREFIX + name, "float64")
        if rows.ndim != 2 or rows.shape[1] != 4:
            raise FormatError(f"{name} must be rows of four; it has shape {rows.shape}")
        for number, *row in rows.tolist():
            index = step_index(number, count)
            field: dict[str, Any] = {name: evaluation_from_row(*row)}
            history[index] = replace(history[index], **field)
    for number, samples in json.loads(bytes(arrays.read(PREFIX + "samples", "uint8"))):
        if not all(isinstance(text, str) for text in samples):
            raise FormatError("its samples must be texts")
        index = step_index(number, count)
        history[index] = replace(history[index], samples=tuple(samples))
    return history


def evaluation_from_row(loss: Any, stderr: Any, tokens: Any) -> Evaluation:
    """Check an evaluation read from a file; loss and stderr are NaN if there were too few rows."""
    if any(type(number) not in (int, float) for number in (loss, stderr, tokens)):
        raise FormatError(f"an evaluation is three numbers; got {(loss, stderr, tokens)!r:.80}")
    if not 0 <= tokens < 2**63 or tokens % 1:
        raise FormatError(f"an evaluation counts its tokens, from 0 on; got {tokens!r:.40}")
    return Evaluation(float(loss), float(stderr), int(tokens))


def step_index(number: Any, num_steps: int) -> int:
    """Check a step's index read from a file: an integer from 0 to num_steps − 1."""
    if not isinstance(number, int | float) or not 0 <= number < num_steps or number % 1:
        raise FormatError(f"{number!r:.40} is no step in a history of {num_steps}")
    return int(number)
