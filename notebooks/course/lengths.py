"""Rules for how long things are, and for headings."""

import re
from itertools import pairwise

from .ending import LABELS
from .page import Page

WORDS_IN_CELL, WORDS_IN_NOTEBOOK, WORDS_IN_A_ROW = 90, 1800, 60
LONGEST_SENTENCE, MEAN_SENTENCE = 30, 18
MOST_SECTIONS = 8
BARE = re.compile(
    r"(the )?(introduction|overview|background|summary|conclusion|results?|exercises?|setup|notes?"
    r"|example|training|sampling|data|temperature|attention|embeddings?|tokens?)",
    re.IGNORECASE,
)


def cells_are_short(page: Page) -> list[str]:
    """A Markdown cell has at most 90 words, a notebook at most 1,800."""
    wrong = [
        f"cell {cell.name!r} has {cell.words} words; at most {WORDS_IN_CELL} fit"
        for cell in page.markdown
        if cell.words > WORDS_IN_CELL
    ]
    total = sum(cell.words for cell in page.markdown)
    if total > WORDS_IN_NOTEBOOK:
        wrong.append(f"the notebook has {total:,} words; at most {WORDS_IN_NOTEBOOK:,} fit")
    return wrong


def sentences_are_short(page: Page) -> list[str]:
    """Sentences average at most 18 words; none has more than 30."""
    wrong, lengths = [], []
    for cell in page.markdown:
        for block in cell.blocks:
            for sentence in block.sentences:
                lengths.append(len(sentence.split()))
                if lengths[-1] > LONGEST_SENTENCE:
                    start = " ".join(sentence.split()[:6])
                    wrong.append(
                        f"cell {cell.name!r}: the sentence {start!r} … has {lengths[-1]} words; "
                        f"at most {LONGEST_SENTENCE} fit"
                    )
    if lengths and (mean := sum(lengths) / len(lengths)) > MEAN_SENTENCE:
        wrong.append(f"sentences average {mean:.1f} words; at most {MEAN_SENTENCE} fit")
    return wrong


def prose_is_broken_up(page: Page) -> list[str]:
    """No two long Markdown cells stand in a row without code or a figure."""
    return [
        f"cells {one.name!r} and {two.name!r} have {one.words} and {two.words} words in a row; "
        f"put code or a figure between, or keep one to {WORDS_IN_A_ROW}"
        for one, two in pairwise(page.cells)
        if min(one.words, two.words) > WORDS_IN_A_ROW
        and not any(block.figure for block in (*one.blocks, *two.blocks))
    ]


def headings_form_a_tree(page: Page) -> list[str]:
    """One H1, first; no level skipped; at most eight H2, each a question or a claim."""
    headings = [
        (cell.name, block)
        for cell in page.markdown
        for block in cell.blocks
        if block.kind == "heading"
    ]
    levels = [block.level for _, block in headings]
    wrong = []
    if levels.count(1) != 1 or levels[0] != 1:
        wrong.append(f"the first heading, and only it, is an H1; the levels are {levels}")
    for (_, above), (name, block) in pairwise(headings):
        if block.level > above.level + 1:
            wrong.append(f"cell {name!r}: {block.text!r} skips from H{above.level} to its level")
    if levels.count(2) > MOST_SECTIONS:
        wrong.append(f"there are {levels.count(2)} H2; at most {MOST_SECTIONS} fit")
    for name, block in headings:
        bare = BARE.fullmatch(block.text) or block.text.endswith((".", ":"))
        if block.level == 2 and block.text not in LABELS and (bare or len(block.text.split()) < 2):
            wrong.append(f"cell {name!r}: make {block.text!r} a question or a claim")
    return wrong


RULES = [cells_are_short, sentences_are_short, prose_is_broken_up, headings_form_a_tree]
