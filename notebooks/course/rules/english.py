"""The rule for natural English: no old words, no second picture for randomness, no inversions.

The list holds for notebooks and for whatever the package shows on the screen: its views, widgets
and cards (a test reads their strings).
"""

import ast
import re
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager

from .page import Cell, Page

# What a native reader reads twice, and what to write instead. The one picture is the dart.
UNNATURAL = {
    r"noughts?": "0, or nothing",
    r"die|dice": "the dart, or the seed",
    r"roll(?:s|ed|ing)?": "throw",
    r"(\w+) is \1": "what it is",
    r"greatest": "largest, or highest",
    r"one a line": "one per line",
    r"stands? (?:here|there|above|below|first|last)": "is, or comes",
    r"(?:above|after|at|before|behind|below|beside|in|on) [^.,;:]{1,40} stands?": "subject first",
    r"bars? (?:is|of) \d": "threshold, where bars are drawn",
}
PATTERNS = {
    re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE): better
    for pattern, better in UNNATURAL.items()
}


def strings_in_code(code: str) -> Iterator[str]:
    """The strings of a cell or a module with a letter in them, docstrings left out."""
    tree = ast.parse(TransformerManager().transform_cell(code))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node, clean=False) is not None
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings and any(map(str.isalpha, node.value)):
            yield node.value


def unnatural_phrases(text: str) -> Iterator[tuple[str, str]]:
    """The phrases of the list that a text has, each with what to write instead."""
    for pattern, better in PATTERNS.items():
        for match in pattern.finditer(text):
            yield match[0], better


def shown_texts(cell: Cell) -> list[str]:
    """What a reader reads in a cell: its prose, or the strings in its code."""
    if cell.type == "markdown":
        return [block.text for block in cell.blocks]
    return list(strings_in_code(cell.text))


def english_is_natural(page: Page) -> list[str]:
    """No phrase of the list is in the prose or in the strings of the code."""
    return [
        f"cell {cell.name!r} says {phrase!r}; write {better}: {text.strip()[:60]!r}"
        for cell in page.cells
        for text in shown_texts(cell)
        for phrase, better in unnatural_phrases(text)
    ]


RULES = [english_is_natural]
