"""Rules for new terms, for the sign ∂, and for the corpus that a notebook names."""

import re

from .endings import end_label
from .page import Page

MAX_NEW_TERMS = 6
MIN_DEFINITION_WORDS = 6


def terms_are_defined_once(page: Page) -> list[str]:
    """A new term is bold once, in a sentence that defines it, and concepts.toml lists it."""
    taught_in, violations, terms = dict(page.concepts), [], []
    for cell in page.markdown:
        for block in cell.blocks:
            bold = () if end_label(block) or block.type == "heading" else block.bold
            for term in (_singular(text.lower(), taught_in) for text in bold):
                if term in terms:
                    violations.append(f"cell {cell.name!r}: {term!r} is bold a second time")
                    continue
                terms.append(term)
                if term not in taught_in:
                    violations.append(f"cell {cell.name!r}: concepts.toml does not list {term!r}")
                elif page.name not in taught_in[term]:
                    violations.append(
                        f"cell {cell.name!r}: concepts.toml has {term!r} taught elsewhere"
                    )
                if not any(
                    term in sentence.lower() and len(sentence.split()) >= MIN_DEFINITION_WORDS
                    for sentence in block.sentences
                ):
                    violations.append(f"cell {cell.name!r}: no sentence defines {term!r}")
    if len(terms) > MAX_NEW_TERMS:
        violations.append(
            f"{len(terms)} terms are bold; at most {MAX_NEW_TERMS} are new in a notebook"
        )
    listed_here = {term for term, notebooks in page.concepts if page.name in notebooks}
    return violations + [
        f"concepts.toml has {term!r} taught here, but it is never bold"
        for term in sorted(listed_here - set(terms))
    ]


def _singular(term: str, known: dict) -> str:
    return term[:-1] if term not in known and term[:-1] in known else term


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


RULES = [terms_are_defined_once, partial_derivatives_stand_in_01, the_top_names_the_corpus]
