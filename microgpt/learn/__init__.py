"""Exercises: stubs, checks that say what is wrong and why, hints, and models that run answers."""

from microgpt.learn.battery_of_tests import battery
from microgpt.learn.checking import check
from microgpt.learn.notes import hint, solution
from microgpt.learn.parts import Example, Exercise, Miss, Property, Wrong
from microgpt.learn.predictions import predict, reveal
from microgpt.learn.readers import Unreadable, anything, array, number, several, whole
from microgpt.learn.registry import exercises, load
from microgpt.learn.results import NotAttempted, Result, WrongAnswer
from microgpt.learn.stub import todo
from microgpt.learn.substituting import using

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
