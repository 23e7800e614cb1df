"""`hint` and `solution`: texts that show themselves and change nothing."""

import inspect
import os
import re
import textwrap
from collections import Counter

from microgpt.errors import SettingError
from microgpt.learn.exercise import Exercise
from microgpt.learn.html import text_card
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.registry import find_exercise

# What a solution may use without importing it, and the import that its code is shown with.
IMPORTS = {"np": "import numpy as np", "math": "import math", "mg": "import microgpt as mg"}

_hints_shown: Counter[str] = Counter()


class HeadedText(str):
    """A string that displays with its heading at a prompt, and as a card in a notebook."""

    heading: str
    is_code: bool

    def __new__(cls, heading: str, text: str, is_code: bool = False) -> "HeadedText":
        headed = super().__new__(cls, text)
        headed.heading, headed.is_code = heading, is_code
        return headed

    def __repr__(self) -> str:
        return f"{self.heading}\n{self}"

    def _repr_html_(self) -> str:
        return text_card(self.heading, str(self), self.is_code)


def hint(id: str | Exercise, tier: int | None = None) -> HeadedText:
    """A hint: first a nudge, at the second call the method, then nearly the code.

    `tier` 1, 2 or 3 asks for one of them and does not count as a call.
    """
    exercise = find_exercise(id)
    num_tiers = len(exercise.hints)
    if tier is None:
        _hints_shown[exercise.id] = min(_hints_shown[exercise.id] + 1, num_tiers)
        tier = _hints_shown[exercise.id]
    if type(tier) is not int or not 1 <= tier <= num_tiers:
        raise SettingError("tier", f"an integer from 1 to {num_tiers}", tier)
    name = message_section("hints")["tiers"][tier - 1]
    title = format_message("hints", "title", id=exercise.id, tier=tier, tiers=num_tiers, name=name)
    return HeadedText(title, exercise.hints[tier - 1])


def solution(id: str | Exercise) -> HeadedText:
    """One correct answer, as text; your own cell stays as it is.

    With MICROGPT_SOLUTIONS=off, as on a class's hub, it says that the teacher has them.
    """
    exercise = find_exercise(id)
    title = format_message("hints", "solution", id=exercise.id)
    if os.environ.get("MICROGPT_SOLUTIONS", "").lower() == "off":
        return HeadedText(title, message_section("hints")["solutions_off"])
    return HeadedText(title, solution_source(exercise), is_code=True)


def solution_source(exercise: Exercise) -> str:
    """The solution's code under the answer's name, with its imports: it runs in a cell alone."""
    code = textwrap.dedent(inspect.getsource(exercise.solution))
    if not exercise.is_function:  # the function's body, its result bound to the answer's name
        body = textwrap.dedent(code.partition(":\n")[2])
        code = re.sub(r"^return ", f"{exercise.answer_name} = ", body, flags=re.MULTILINE)
    elif re.search(rf"^def {exercise.solution.__name__}\(", code, flags=re.MULTILINE):
        # Recursive calls are renamed, too.
        name = exercise.solution.__name__
        code = re.sub(rf"(?<![\w.]){name}(?=\()", exercise.answer_name, code)
    imports = [line for name, line in IMPORTS.items() if re.search(rf"\b{name}\.", code)]
    return "\n".join([*imports, *([""] if imports else []), code.rstrip()])
