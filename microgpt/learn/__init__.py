"""Exercises: stubs, checks that say what is wrong and why, hints, and models that run answers."""

from microgpt.learn.check_answer import check
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property, CommonMistake
from microgpt.learn.exercise_selftest import self_test
from microgpt.learn.hints import hint, solution
from microgpt.learn.overrides import using
from microgpt.learn.parsers import ParseError, anything, array, number, several, whole
from microgpt.learn.predictions import predict, reveal
from microgpt.learn.registry import exercises, load
from microgpt.learn.results import NotAttempted, Result, WrongAnswer
from microgpt.learn.stub import todo

__all__ = [
    "Example",
    "Exercise",
    "Miss",
    "NotAttempted",
    "Property",
    "Result",
    "Unreadable",
    "Wrong",
    "WrongAnswer",
    "anything",
    "array",
    "battery",
    "check",
    "exercises",
    "hint",
    "load",
    "number",
    "predict",
    "reveal",
    "several",
    "solution",
    "todo",
    "using",
    "whole",
]
