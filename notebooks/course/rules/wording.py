"""Rules for words: none that belittle, none that make a mind of the model, British spelling."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager

from .page import Cell, Page

BELITTLING = re.compile(
    r"\b(simply|just|obviously|clearly|of course|easy|easily|easier|trivial|trivially|basically"
    r"|magic|magical|magically)\b",
    re.IGNORECASE,
)
SUBJECT = r"(?:models?|networks?|gpt(?:-2)?s?|machines?|transformers?|heads?|layers?|it|they)"
AUXILIARIES = (
    r"(?:(?:does|do|did|has|have|can|could|cannot|must|may|might|will|would|to|not|never|already"
    r"|only|also|still|now|really|even|then|doesn't|don't|didn't|can't|won't) ){0,3}"
)
MIND_VERB = (
    r"(?:know|think|want|understand|believe)s?|knew|known|thought|wanted|understood|believed"
)
MODEL_WITH_MIND = re.compile(rf"\b{SUBJECT} {AUXILIARIES}(?:{MIND_VERB})\b", re.IGNORECASE)
FIRST_PERSON = re.compile(r"\b(we|we'll|we're|we've|let's|let us)\b", re.IGNORECASE)
EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u26ff\u2705\u2728\u274c\u274e\u2753-\u2757\u2763\u2764\ufe0f]"
)
# American spellings of words that such a course uses. -ize is refused, but for sizes, what is no
# such verb, and the field's own "tokenizer".
AMERICAN = re.compile(
    r"\b(?:(?:un)?color\w*|behavior\w*|favor\w*|neighbor\w*|flavor\w*|honor\w*|rumor\w*"
    r"|labor(?:s|ed|ing)?|center(?:s|ed|ing)?|fiber\w*|liters?|gray\w*|catalogs?|dialogs?|analog"
    r"|defense|offense|(?:re)?model(?:ed|ing)|(?:re|un)?label(?:ed|ing)|travel(?:ed|ing)"
    r"|cancel(?:ed|ing)|signal(?:ed|ing)|artifacts?|skeptic\w*|fulfill|enroll|(?:an|par)alyz\w+"
    r"|aluminum|gotten|percent|math(?!\.)"
    r"|(?!(?:re|over|under|down)siz|capsiz|tokenizers?\b)"
    r"[a-z]{3,}iz(?:e|es|ed|er|ers|ing|ation|ations))\b",
    re.IGNORECASE,
)


def texts_in_code(code: str) -> Iterator[str]:
    """The comments of a cell, and its strings of several words."""
    python = TransformerManager().transform_cell(code)
    for token in tokenize.generate_tokens(io.StringIO(python).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ")
    for node in ast.walk(ast.parse(python)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def _texts(cell: Cell) -> list[str]:
    """What a cell tells its reader."""
    if cell.type == "markdown":
        return [block.text.replace("\u2019", "'") for block in cell.blocks]
    return list(texts_in_code(cell.text))


def _violations(page: Page, pattern: re.Pattern, problem: str) -> list[str]:
    """A sentence for each match of the pattern: the cell, the problem, the match, the text."""
    return [
        f"cell {cell.name!r} {problem} {match[0]!r}: {text[:60]!r}"
        for cell in page.cells
        for text in _texts(cell)
        for match in pattern.finditer(text)
    ]


def no_banned_words(page: Page) -> list[str]:
    """Nothing is called easy, obvious or magic."""
    return _violations(page, BELITTLING, "has the banned word")


def the_model_has_no_mind(page: Page) -> list[str]:
    """The model never knows, thinks, wants, understands or believes."""
    return _violations(page, MODEL_WITH_MIND, "gives the model a mind with")


def the_reader_is_you(page: Page) -> list[str]:
    """The text says you, not we."""
    return _violations(page, FIRST_PERSON, "does not address the reader as you but says")


def no_exclamations(page: Page) -> list[str]:
    """No exclamation marks and no emoji, in prose and in the texts of code."""
    marks = re.compile(r"\w[^\w\s]*!(?!=)|^!+$|" + EMOJI.pattern)
    return _violations(page, marks, "has an exclamation mark or emoji,")


def spelling_is_british(page: Page) -> list[str]:
    """Words have their British spelling."""
    return _violations(page, AMERICAN, "has the American spelling")


RULES = [
    no_banned_words,
    the_model_has_no_mind,
    the_reader_is_you,
    no_exclamations,
    spelling_is_british,
]
