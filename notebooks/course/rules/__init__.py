"""The rules for the prose and the cells of a notebook.

A rule is a function from a `Page` to one sentence for each violation; each module lists its own.
"""

from . import (
    claims,
    code_cells,
    endings,
    english,
    exercises,
    framing,
    lengths,
    numbers,
    spoilers,
    terms,
    wording,
)
from .page import Page

RULES = [
    *wording.RULES,
    *english.RULES,
    *lengths.RULES,
    *code_cells.RULES,
    *numbers.RULES,
    *claims.RULES,
    *framing.RULES,
    *terms.RULES,
    *exercises.RULES,
    *spoilers.RULES,
    *endings.RULES,
]


def violations(page: Page) -> list[str]:
    """Every violation in a notebook, one sentence each, with the rule's name."""
    return [
        f"{page.name}: {rule.__name__}: {violation}" for rule in RULES for violation in rule(page)
    ]
