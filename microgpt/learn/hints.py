"""`hint` and `solution`: texts that a notebook displays as cards."""

import inspect
import os
import re
import textwrap
from collections import Counter

from microgpt.errors import SettingError
from microgpt.learn.exercise import Exercise
from microgpt.learn.html import Card, card_html
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.registry import find_exercise

# Names that a solution may use without importing them -> the import shown with its code.
IMPORTS = {
    "math": "import math",
    "np": "import numpy as np",
    "mg": "import microgpt as mg",
    "cuda": "from microgpt.interpreter import cuda, float32",
}

_hints_shown: Counter[str] = Counter()


class HeadedText(str):
    """A string that is displayed with its heading, in a notebook as a card."""

    heading: str
    card: Card

    def __new__(cls, heading: str, text: str, card: Card) -> "HeadedText":
        headed = super().__new__(cls, text)
        headed.heading, headed.card = heading, card
        return headed

    def __repr__(self) -> str:
        lines = [self.heading, str(self), self.card.footer.replace("`", "")]
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        return card_html(self.card)


def hint(id: str | Exercise, tier: int | None = None) -> HeadedText:
    """Return the next hint: a nudge at the first call, then the method, then nearly the code.

    `tier` 1, 2 or 3 selects a hint, and does not count as a call.
    """
    exercise = find_exercise(id)
    num_tiers = len(exercise.hints)
    if tier is None:
        _hints_shown[exercise.id] = min(_hints_shown[exercise.id] + 1, num_tiers)
        tier = _hints_shown[exercise.id]
    if type(tier) is not int or not 1 <= tier <= num_tiers:
        raise SettingError("tier", f"an integer from 1 to {num_tiers}", tier)
    names = message_section("hints")["tiers"]
    values = {"id": exercise.id, "tier": tier, "tiers": num_tiers, "name": names[tier - 1]}
    if tier < num_tiers:
        more = {"id": exercise.id, "tier": tier + 1, "name": names[tier]}
        footer = format_message("cards", "next_hint", **more)
    else:
        footer = format_message("cards", "solution", id=exercise.id)
    text = exercise.hints[tier - 1]
    title = format_message("hints", "card_title", **values)
    card = Card("plain", "?", title, exercise.id, sentence=text, footer=footer)
    return HeadedText(format_message("hints", "title", **values), text, card)


def solution(id: str | Exercise) -> HeadedText:
    """Return the code of a correct answer as text; your own cell is not changed.

    With MICROGPT_SOLUTIONS=off, as on a class's hub, the text says that the teacher has it.
    """
    exercise = find_exercise(id)
    heading = format_message("hints", "solution", id=exercise.id)
    card = Card("plain", "=", message_section("hints")["solution_title"], exercise.id)
    if os.environ.get("MICROGPT_SOLUTIONS", "").lower() == "off":
        text = message_section("hints")["solutions_off"]
        return HeadedText(heading, text, card._replace(sentence=text))
    code = solution_source(exercise)
    footer = message_section("cards")["own_cell"]
    return HeadedText(heading, code, card._replace(code=code, footer=footer))


def solution_source(exercise: Exercise) -> str:
    """Return the solution's code, with the answer's name and imports, to be run in a cell."""
    code = textwrap.dedent(inspect.getsource(exercise.solution))
    if not exercise.is_function:  # the function's body, with `return x` replaced by `answer = x`
        body = textwrap.dedent(code.partition(":\n")[2])
        code = re.sub(r"^return ", f"{exercise.answer_name} = ", body, flags=re.MULTILINE)
    elif re.search(rf"^def {exercise.solution.__name__}\(", code, flags=re.MULTILINE):
        # Recursive calls are renamed, too.
        name = exercise.solution.__name__
        code = re.sub(rf"(?<![\w.]){name}(?=\()", exercise.answer_name, code)
    imports = [line for name, line in IMPORTS.items() if re.search(rf"\b{name}\.", code)]
    return "\n".join([*imports, *([""] if imports else []), code.rstrip()])
