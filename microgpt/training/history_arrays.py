"""A history as columns of numbers, which a file of arrays can hold, and back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from microgpt.errors import FormatError
from microgpt.training.metrics import Evaluation, Step

PREFIX = "history."
_COLUMNS = {
    "step": "int64", "loss": "float64", "lr": "float64", "grad_norm": "float64", "tokens": "int64",
    "seconds": "float64", "tokens_seen": "int64", "epoch": "float64",
}  # fmt: skip
_EVALUATIONS = ("evaluation", "train_evaluation")


def to_columns(history: Sequence[Step]) -> dict[str, np.ndarray]:
    """One array for each field; evaluations as rows (place, loss, error, tokens); texts as JSON."""
    columns = {}
    for name, dtype in _COLUMNS.items():
        numbers = [getattr(step, name) for step in history]
        numbers = [np.nan if number is None else number for number in numbers]
        columns[PREFIX + name] = np.array(numbers, dtype)
    for name in _EVALUATIONS:
        rows = [
            (place, found.loss, found.error, found.tokens)
            for place, step in enumerate(history)
            if (found := getattr(step, name)) is not None
        ]
        columns[PREFIX + name] = np.array(rows, np.float64).reshape(-1, 4)
    texts = [(place, step.samples) for place, step in enumerate(history) if step.samples]
    columns[PREFIX + "samples"] = np.frombuffer(json.dumps(texts).encode(), np.uint8)
    return columns


def history_of(arrays: Any) -> list[Step]:
    """The steps that a file's columns describe; FormatError if they do not fit each other."""
    columns = {name: arrays.read(PREFIX + name, dtype) for name, dtype in _COLUMNS.items()}
    count = len(columns["step"]) if columns["step"].ndim else -1
    if any(column.shape != (count,) for column in columns.values()):
        raise FormatError("the columns of its history must be of one length")
    if (columns["step"] != np.arange(count)).any():
        raise FormatError("the steps of its history must count from 0")
    lists = {name: column.tolist() for name, column in columns.items()}
    lists["epoch"] = [None if epoch != epoch else epoch for epoch in lists["epoch"]]
    history = [
        Step(**dict(zip(lists, row, strict=True))) for row in zip(*lists.values(), strict=True)
    ]
    for name in _EVALUATIONS:
        found_rows = arrays.read(PREFIX + name, "float64")
        if found_rows.ndim != 2 or found_rows.shape[1] != 4:
            raise FormatError(f"{name} must be rows of four; it has shape {found_rows.shape}")
        for place, loss, error, tokens in found_rows.tolist():
            found: Any = {name: evaluation_of(loss, error, tokens)}
            history[place_in(place, count)] = replace(history[place_in(place, count)], **found)
    for place, texts in json.loads(bytes(arrays.read(PREFIX + "samples", "uint8"))):
        if not all(isinstance(text, str) for text in texts):
            raise FormatError("its samples must be texts")
        place = place_in(place, count)
        history[place] = replace(history[place], samples=tuple(texts))
    return history


def evaluation_of(loss: Any, error: Any, tokens: Any) -> Evaluation:
    """An evaluation out of a file; loss and error may be no number, for lack of rows."""
    if any(type(number) not in (int, float) for number in (loss, error, tokens)):
        raise FormatError(f"an evaluation is three numbers; got {(loss, error, tokens)!r:.80}")
    if not 0 <= tokens < 2**63 or tokens % 1:
        raise FormatError(f"an evaluation counts its tokens, from 0 on; got {tokens!r:.40}")
    return Evaluation(float(loss), float(error), int(tokens))


def place_in(number: Any, count: int) -> int:
    """A step's number out of a file, if it is one of `count`."""
    if not isinstance(number, int | float) or not 0 <= number < count or number % 1:
        raise FormatError(f"{number!r:.40} is no place in a history of {count} steps")
    return int(number)
