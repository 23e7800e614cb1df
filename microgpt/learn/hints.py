"""`hint` and `solution`: texts that show themselves and touch nothing."""

import inspect
import os
import re
import textwrap
from collections import Counter

from microgpt.errors import SettingError
from microgpt.learn.exercise import Exercise
from microgpt.learn.html import note_card
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.registry import find

_given: Counter[str] = Counter()


class Note(str):
    """A text that shows as itself at a prompt, and as a card in a notebook."""

    head: str
    is_code: bool

    def __new__(cls, head: str, text: str, is_code: bool = False) -> "Note":
        note = super().__new__(cls, text)
        note.head, note.is_code = head, is_code
        return note

    def __repr__(self) -> str:
        return f"{self.head}\n{self}"

    def _repr_html_(self) -> str:
        return note_card(self.head, str(self), self.is_code)


def hint(id: str | Exercise, tier: int | None = None) -> Note:
    """A hint: first a nudge, at the second call the method, then nearly the code.

    `tier` 1, 2 or 3 asks for one of them and leaves the count as it was.
    """
    exercise = find(id)
    most = len(exercise.hints)
    if tier is None:
        _given[exercise.id] = min(_given[exercise.id] + 1, most)
        tier = _given[exercise.id]
    if type(tier) is not int or not 1 <= tier <= most:
        raise SettingError(f"a hint has tier 1 to {most}; got {tier!r}")
    kind = message_section("notes")["tiers"][tier - 1]
    head = format_message("notes", "hint", id=exercise.id, tier=tier, most=most, kind=kind)
    return Note(head, exercise.hints[tier - 1])


def solution(id: str | Exercise) -> Note:
    """One right answer, as text; your own cell stays as it is.

    With MICROGPT_SOLUTIONS=off, as on a class's hub, it says that the teacher has them.
    """
    exercise = find(id)
    head = format_message("notes", "solution", id=exercise.id)
    if os.environ.get("MICROGPT_SOLUTIONS", "").lower() == "off":
        return Note(head, message_section("notes")["off"])
    return Note(head, source(exercise), is_code=True)


def source(exercise: Exercise) -> str:
    """The code of the solution, ready to run in a cell of its own."""
    code = textwrap.dedent(inspect.getsource(exercise.solution))
    if not exercise.is_function:  # what the function does, with its result under the answer's name
        body = textwrap.dedent(code.partition(":\n")[2])
        code = re.sub(r"^return ", f"{exercise.answer} = ", body, flags=re.MULTILINE)
    elif re.search(rf"^def {exercise.solution.__name__}\(", code, flags=re.MULTILINE):
        # Under the answer's name, also where it calls itself.
        name = exercise.solution.__name__
        code = re.sub(rf"(?<![\w.]){name}(?=\()", exercise.answer, code)
    needed = {"np": "import numpy as np", "math": "import math", "mg": "import microgpt as mg"}
    imports = [line for name, line in needed.items() if re.search(rf"\b{name}\.", code)]
    return "\n".join([*imports, *([""] if imports else []), code.rstrip()])
