"""Exercises: stubs, checks that explain what is wrong, hints, and models that run answers.

How an answer is checked: `check_answer.check` → `answer_cells.find_cell_error` →
`time_limit.TimeLimitedCall` → `case_runner.CaseResults.run` → `equality.values_equal` →
`diagnosis.usual_cause` → `results.Result`, with texts from `messages.toml`.
"""

from microgpt.learn.answer_cells import record_cells
from microgpt.learn.answer_stub import todo
from microgpt.learn.check_answer import check
from microgpt.learn.exercise import CommonMistake, Example, Exercise, Mismatch, Property
from microgpt.learn.exercise_selftest import self_test
from microgpt.learn.hints import hint, solution
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.museum import museum
from microgpt.learn.overrides import using
from microgpt.learn.parsers import (
    ParseError,
    anything,
    array,
    integer,
    number,
    token_ids,
    tuple_of,
)
from microgpt.learn.predictions import predict, reveal
from microgpt.learn.registry import exercises, load
from microgpt.learn.results import NotAttempted, Result, WrongAnswer
from microgpt.learn.scoreboard import Scoreboard, scoreboard
from microgpt.learn.workbooks import workbook

__all__ = [
    "CommonMistake",
    "Example",
    "Exercise",
    "KernelExercise",
    "Mismatch",
    "NotAttempted",
    "ParseError",
    "Property",
    "Result",
    "Scoreboard",
    "WrongAnswer",
    "anything",
    "array",
    "check",
    "exercises",
    "hint",
    "integer",
    "load",
    "museum",
    "number",
    "predict",
    "reveal",
    "scoreboard",
    "self_test",
    "solution",
    "todo",
    "token_ids",
    "tuple_of",
    "using",
    "workbook",
]

record_cells()  # from the start, so that `check` knows of an answer that is older than its cell
