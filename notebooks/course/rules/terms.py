"""Rules for terms: bold once, after their plain words, used from then on; ∂; and corpora."""

import re
from collections.abc import Iterator
from itertools import groupby

from .concepts import Concept, plural
from .endings import end_label
from .english import shown_texts
from .page import Cell, Page
from .prose import Block

MAX_NEW_TERMS = 6  # beside the core terms, which a reader of 00 and 09 needs for reading papers
MAX_TERMS_IN_A_CELL = 3
MIN_DEFINITION_WORDS = 6
MIN_USES = 3


def bold_terms(page: Page) -> Iterator[tuple[Cell, Block, str]]:
    """Each new term with its cell and block: what is bold outside headings and the end's labels."""
    known = {
        form.lower(): concept.term
        for concept in page.concepts
        for form in (concept.term, plural(concept.term))
    }
    for cell in page.markdown:
        for block in cell.blocks:
            bold = () if end_label(block) or block.type == "heading" else block.bold
            for text in bold:
                yield cell, block, known.get(text.lower(), text.lower())


def terms_are_defined_once(page: Page) -> list[str]:
    """A new term is bold once, in a sentence that defines it, and concepts.toml lists it."""
    concepts = {concept.term: concept for concept in page.concepts}
    violations, terms = [], []
    for cell, block, term in bold_terms(page):
        if term in terms:
            violations.append(f"cell {cell.name!r}: {term!r} is bold a second time")
            continue
        terms.append(term)
        if term not in concepts:
            violations.append(f"cell {cell.name!r}: concepts.toml does not list {term!r}")
        elif page.name not in concepts[term].taught:
            violations.append(f"cell {cell.name!r}: concepts.toml has {term!r} taught elsewhere")
        if not any(
            _names(sentence, term) and len(sentence.split()) >= MIN_DEFINITION_WORDS
            for sentence in block.sentences
        ):
            violations.append(f"cell {cell.name!r}: no sentence defines {term!r}")
    return violations + [
        f"concepts.toml has {concept.term!r} taught here, but it is never bold"
        for concept in page.concepts
        if page.name in concept.taught and concept.term not in terms
    ]


def terms_are_few(page: Page) -> list[str]:
    """At most six terms are new, beside the core ones; a cell introduces at most three."""
    concepts = {concept.term: concept for concept in page.concepts}
    violations, extra = [], set()
    for _, group in groupby(bold_terms(page), key=lambda item: id(item[0])):
        introductions = list(group)
        if len(introductions) > MAX_TERMS_IN_A_CELL:
            violations.append(
                f"cell {introductions[0][0].name!r} introduces {len(introductions)} terms; "
                f"at most {MAX_TERMS_IN_A_CELL} fit"
            )
        for _, _, term in introductions:
            concept = concepts.get(term)
            if concept is None or (not concept.core and page.name == min(concept.taught)):
                extra.add(term)
    if len(extra) > MAX_NEW_TERMS:
        violations.append(
            f"{len(extra)} terms are new; at most {MAX_NEW_TERMS} fit beside the core ones"
        )
    return violations


def terms_follow_their_plain_words(page: Page) -> list[str]:
    """The plain words stand before a term in its cell, or beside it in its sentence."""
    concepts = {concept.term: concept for concept in page.concepts}
    violations = []
    for cell, block, term in bold_terms(page):
        if term in concepts:
            index = cell.blocks.index(block)
            before = [other.text for other in cell.blocks[:index]]
            sentences = block.sentences[: _sentence_index(block, term) + 1]
            plain = concepts[term].plain
            if plain not in " ".join([*before, *sentences]).lower():
                violations.append(
                    f"cell {cell.name!r}: the plain words {plain!r} do not stand before {term!r}"
                )
    return violations


def _names(sentence: str, term: str) -> bool:
    """Whether a sentence has a term, in the singular or the plural."""
    return any(form.lower() in sentence.lower() for form in (term, plural(term)))


def _sentence_index(block: Block, term: str) -> int:
    """The index of a block's sentence that introduces a term."""
    return next(i for i, text in enumerate(block.sentences) if _names(text, term))


def texts_after(page: Page, concept: Concept) -> list[tuple[Cell, str]]:
    """Each text after the sentence that introduces a term; all if an earlier notebook did."""
    texts = [(cell, text) for cell in page.cells for text in shown_texts(cell)]
    if page.name not in concept.taught:
        return texts if min(concept.taught) < page.name else []
    for cell, block, term in bold_terms(page):
        if term == concept.term:
            index = next(i for i, (c, text) in enumerate(texts) if c is cell and text == block.text)
            rest = block.sentences[_sentence_index(block, term) + 1 :]
            return [(cell, " ".join(rest)), *texts[index + 1 :]]
    return []


def terms_are_used(page: Page) -> list[str]:
    """A term that a notebook introduces is used at least three times after that."""
    violations = []
    for concept in page.concepts:
        if page.name in concept.taught:
            count = sum(concept.count_uses(text) for _, text in texts_after(page, concept))
            if count < MIN_USES:
                violations.append(
                    f"{concept.term!r} is used {count} times after its introduction; "
                    f"use it {MIN_USES} times"
                )
    return violations


def plain_substitutes_end(page: Page) -> list[str]:
    """Once a term is introduced, here or in an earlier notebook, its plain substitutes end."""
    return [
        f"cell {cell.name!r} says {substitute!r}; write {concept.term!r}: {text.strip()[:60]!r}"
        for concept in page.concepts
        for cell, text in texts_after(page, concept)
        for substitute in concept.substitutes(text)
    ]


def partial_derivatives_stand_in_01(page: Page) -> list[str]:
    """The sign ∂ stands once in the course, in 01."""
    count = sum(cell.text.count("∂") for cell in page.markdown)
    allowed = int(page.name.startswith("01"))
    return [f"∂ stands {count} times; write dL/dx"] if count > allowed else []


def the_top_names_the_corpus(page: Page) -> list[str]:
    """The first Markdown cell names each corpus that the code loads by name."""
    top = page.markdown[0].text if page.markdown else ""
    code = "\n".join(cell.text for cell in page.code)
    loaded = re.findall(r"load_corpus\(\s*[\"']([^\"']+)[\"']", code)
    return [
        f"the first cell does not name the corpus {name!r}"
        for name in sorted(set(loaded))
        if name not in top
    ]


RULES = [
    terms_are_defined_once,
    terms_are_few,
    terms_follow_their_plain_words,
    terms_are_used,
    plain_substitutes_end,
    partial_derivatives_stand_in_01,
    the_top_names_the_corpus,
]
