"""What a workbook calls when it runs: its parts are checked, its first losses are compared."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from microgpt import reference
from microgpt.errors import StateError
from microgpt.learn.answer_stub import is_stub
from microgpt.learn.check_answer import check
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.registry import exercises, find_exercise
from microgpt.learn.results import CORRECT, NOT_ATTEMPTED, NOT_YET, Result
from microgpt.learn.workbook_sections import find_part, part_ids
from microgpt.learn.workbooks.library import library

NUM_LOSSES = 10
TOLERANCE = 1e-4  # of a loss: four digits are shown
OPEN, UNCHECKED = "open", "unchecked"


class CheckedParts:
    """The parts of a running workbook; `states` has that of each: open, correct, not yet, ….

    As a context, it prints the states, and turns an error in a part into one sentence.
    """

    def __init__(self, namespace: dict[str, Any]):
        self.namespace = namespace
        self.states: dict[str, str] = {}
        self.results: dict[str, Result] = {}
        known = {exercise.id for exercise in exercises()}
        for id in part_ids():
            self.states[id] = self._check_part(id, id in known)

    def _check_part(self, id: str, has_exercise: bool) -> str:
        """Check a part; where it cannot run, put the library's function in its place."""
        name, function = _name(id), library(id)
        answer = self.namespace.setdefault(name, function)
        if answer is function:
            return OPEN
        if is_stub(answer) or not has_exercise:
            self.namespace[name] = function if is_stub(answer) else answer
            return NOT_ATTEMPTED if is_stub(answer) else UNCHECKED
        result = self.results[id] = check(id, answer)
        if result.state == NOT_ATTEMPTED or _never_returned(result):
            self.namespace[name] = function
        return result.state

    @property
    def num_yours(self) -> int:
        """The number of parts that are the learner's and not known to be wrong."""
        return sum(state in (CORRECT, UNCHECKED) for state in self.states.values())

    def ids(self, state: str) -> list[str]:
        """Return the ids of the parts in a state."""
        return [id for id, other in self.states.items() if other == state]

    def __str__(self) -> str:
        symbols = {state: texts["symbol"] for state, texts in message_section("states").items()}
        lines = [f"{symbols[CORRECT]} {id}" for id in self.ids(CORRECT)]
        lines += [_line("unchecked", symbols[CORRECT], id=id) for id in self.ids(UNCHECKED)]
        for id in self.ids(NOT_YET):
            lines.append(f"{symbols[NOT_YET]} {id}: {self.results[id].message}")
            if _never_returned(self.results[id]):
                lines.append("  " + format_message("workbook", "replaced_in_run"))
        lines += [_line("stub", symbols[NOT_ATTEMPTED], id=id) for id in self.ids(NOT_ATTEMPTED)]
        if ids := self.ids(OPEN):
            lines.append(_line("open", symbols[NOT_ATTEMPTED], ids=", ".join(ids)))
        return "\n".join([*lines, _count_sentence(self.num_yours, len(self.states))])

    def __repr__(self) -> str:
        return str(self)

    def __enter__(self) -> "CheckedParts":
        print(self, flush=True)
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        if not isinstance(error, Exception):
            return
        sentence = self._error_sentence(error, traceback)
        if not sentence:
            return
        if "__file__" in self.namespace:
            print(sentence, file=sys.stderr)
            raise SystemExit(1) from None
        raise StateError(sentence) from error

    def _error_sentence(self, error: Exception, traceback: TracebackType | None) -> str:
        """Name the part in which an error arose, or those that are wrong; "" if there is none."""
        values = {"error": f"{type(error).__name__}: {error}".removesuffix(": ")}
        part, line = self._failed_part(traceback)
        if part:
            values |= {"id": part, "name": _name(part), "line": str(line)}
            return format_message("workbook", "part_failed", **values)
        if wrong := self.ids(NOT_YET):
            return format_message("workbook", "run_failed", ids=", ".join(wrong), **values)
        if unchecked := ", ".join(self.ids(UNCHECKED)):
            return format_message("workbook", "run_failed_unchecked", ids=unchecked, **values)
        return ""

    def _failed_part(self, traceback: TracebackType | None) -> tuple[str, int]:
        """Return the id of the innermost part that an error passed, and the line there."""
        file = self.namespace.get("__file__", "")
        text = Path(file).read_text("utf-8") if file else ""
        codes = {
            getattr(self.namespace[_name(id)], "__code__", None): id
            for id in self.states
            if self.namespace[_name(id)] is not library(id)
        }
        failed = "", 0
        while traceback is not None:
            code, line = traceback.tb_frame.f_code, traceback.tb_lineno
            id = codes.get(code) or (find_part(text, line) if code.co_filename == file else None)
            if id:
                failed = id, line
            traceback = traceback.tb_next
        return failed

    def compare(self, losses: Sequence[float], documents: Sequence[str]) -> str:
        """Compare the first losses with those of `mg.reference` on the same documents, in words.

        The reference reads a byte as a letter, as a part `encode` without merges does.
        """
        expected = _reference_losses(documents, len(losses))
        count = min(NUM_LOSSES, len(losses))
        got = np.asarray(losses[:count], float)
        labels = message_section("workbook")
        width = max(len(labels["yours"]), len(labels["reference"]))
        rows = [
            f"{label:{width}}" + "".join(f"{loss:8.4f}" for loss in row)
            for label, row in ((labels["yours"], got), (labels["reference"], expected))
        ]
        differs = ~(np.abs(got - expected) <= TOLERANCE)  # a NaN differs, too
        return "\n".join([*rows, self._verdict(differs)])

    def _verdict(self, differs: np.ndarray) -> str:
        if not differs.any():
            sentence = format_message("workbook", "losses_equal", count=len(differs))
            if self.num_yours == len(self.states):
                sentence += "\n" + format_message("workbook", "complete")
            return sentence
        wrong, unchecked = self.ids(NOT_YET), self.ids(UNCHECKED)
        key = "losses_differ_unchecked" if unchecked else "losses_differ"
        key = "losses_differ_wrong" if wrong else key
        step, ids = int(differs.argmax()) + 1, ", ".join(wrong or unchecked)
        return format_message("workbook", key, step=step, ids=ids)


def checked_parts(namespace: dict[str, Any]) -> CheckedParts:
    """Check the parts of a workbook: `with checked_parts(globals()) as parts: …`.

    A part that is missing, unwritten or never returns is replaced by the library's function.
    """
    return CheckedParts(namespace)


class _EnoughSteps(Exception):
    """Ends the reference run after the steps that are compared."""


def _reference_losses(documents: Sequence[str], num_steps: int) -> list[float]:
    """Return the first losses of a run of `num_steps`, which set the learning rates."""
    losses: list[float] = []

    def on_step(step: int, loss: float) -> None:
        losses.append(loss)
        if len(losses) == NUM_LOSSES:
            raise _EnoughSteps

    as_bytes = [document.encode().decode("latin-1") for document in documents]
    with contextlib.suppress(_EnoughSteps):
        reference.run(
            as_bytes, num_steps=num_steps, num_samples=0, engine="tensor", backend="numpy",
            on_step=on_step,
        )  # fmt: skip
    return losses


def _name(id: str) -> str:
    return id.partition(".")[2]


def _never_returned(result: Result) -> bool:
    limit = f"{find_exercise(result.exercise).time_limits[0]:g}"
    return result.property == format_message("properties", "returns_in_time", limit=limit)


def _line(key: str, symbol: str, **values: str) -> str:
    return f"{symbol} {format_message('workbook', key, **values)}"


def _count_sentence(count: int, total: int) -> str:
    return format_message(
        "workbook", "count_one" if count == 1 else "count", count=count, total=total
    )
