"""Rules for the lengths of cells and sentences, and for headings."""

import re
from itertools import pairwise

from .endings import LABELS
from .page import Page

MAX_CELL_WORDS, MAX_NOTEBOOK_WORDS, MAX_ADJACENT_WORDS = 90, 1800, 60
MAX_SENTENCE_WORDS, MAX_MEAN_SENTENCE_WORDS = 30, 18
MAX_SECTIONS = 8
BARE_TITLE = re.compile(
    r"(the )?(introduction|overview|background|summary|conclusion|results?|exercises?|setup|notes?"
    r"|example|training|sampling|data|temperature|attention|embeddings?|tokens?)",
    re.IGNORECASE,
)


def cells_are_short(page: Page) -> list[str]:
    """A Markdown cell has at most 90 words, a notebook at most 1,800."""
    violations = [
        f"cell {cell.name!r} has {cell.num_words} words; at most {MAX_CELL_WORDS} fit"
        for cell in page.markdown
        if cell.num_words > MAX_CELL_WORDS
    ]
    total = sum(cell.num_words for cell in page.markdown)
    if total > MAX_NOTEBOOK_WORDS:
        violations.append(f"the notebook has {total:,} words; at most {MAX_NOTEBOOK_WORDS:,} fit")
    return violations


def sentences_are_short(page: Page) -> list[str]:
    """Sentences average at most 18 words; none has more than 30."""
    violations, lengths = [], []
    for cell in page.markdown:
        for sentence in (sentence for block in cell.blocks for sentence in block.sentences):
            lengths.append(len(sentence.split()))
            if lengths[-1] > MAX_SENTENCE_WORDS:
                start = " ".join(sentence.split()[:6])
                violations.append(
                    f"cell {cell.name!r}: the sentence {start!r} … has {lengths[-1]} words; "
                    f"at most {MAX_SENTENCE_WORDS} fit"
                )
    if lengths and (mean := sum(lengths) / len(lengths)) > MAX_MEAN_SENTENCE_WORDS:
        violations.append(
            f"sentences average {mean:.1f} words; at most {MAX_MEAN_SENTENCE_WORDS} fit"
        )
    return violations


def prose_is_broken_up(page: Page) -> list[str]:
    """No two long Markdown cells follow each other without code or a figure."""
    return [
        f"cells {a.name!r} and {b.name!r} have {a.num_words} and {b.num_words} words in a row; "
        f"put code or a figure between, or keep one to {MAX_ADJACENT_WORDS}"
        for a, b in pairwise(page.cells)
        if min(a.num_words, b.num_words) > MAX_ADJACENT_WORDS
        and not any(block.has_figure for block in (*a.blocks, *b.blocks))
    ]


def headings_form_a_tree(page: Page) -> list[str]:
    """One H1, first; no level skipped; at most eight H2, each a question or a claim."""
    headings = [
        (cell.name, block)
        for cell in page.markdown
        for block in cell.blocks
        if block.type == "heading"
    ]
    levels = [block.level for _, block in headings]
    violations = []
    if levels.count(1) != 1 or levels[0] != 1:
        violations.append(f"the first heading, and only it, is an H1; the levels are {levels}")
    for (_, above), (name, block) in pairwise(headings):
        if block.level > above.level + 1:
            violations.append(
                f"cell {name!r}: {block.text!r} is an H{block.level} under an H{above.level}"
            )
    if levels.count(2) > MAX_SECTIONS:
        violations.append(f"there are {levels.count(2)} H2; at most {MAX_SECTIONS} fit")
    for name, block in headings:
        is_bare = (
            BARE_TITLE.fullmatch(block.text)
            or block.text.endswith((".", ":"))
            or len(block.text.split()) < 2
        )
        if block.level == 2 and block.text not in LABELS and is_bare:
            violations.append(f"cell {name!r}: make {block.text!r} a question or a claim")
    return violations


RULES = [cells_are_short, sentences_are_short, prose_is_broken_up, headings_form_a_tree]
