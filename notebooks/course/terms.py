"""Rules for terms, for the one place of ∂, and for the corpus a notebook names."""

import re

from .ending import label
from .page import Page

MOST_TERMS = 6
WORDS_OF_DEFINITION = 5


def terms_are_defined_once(page: Page) -> list[str]:
    """A new term is bold once, in a sentence that defines it, and concepts.toml knows it."""
    known, wrong, seen = dict(page.concepts), [], []
    for cell in page.markdown:
        for block in cell.blocks:
            terms = () if label(block) or block.kind == "heading" else block.bold
            for term in (_singular(term.lower(), known) for term in terms):
                if term in seen:
                    wrong.append(f"cell {cell.name!r}: {term!r} is bold a second time")
                    continue
                seen.append(term)
                if term not in known:
                    wrong.append(f"cell {cell.name!r}: concepts.toml does not know {term!r}")
                elif page.name not in known[term]:
                    wrong.append(f"cell {cell.name!r}: concepts.toml has {term!r} taught elsewhere")
                if not any(
                    term in sentence.lower() and len(sentence.split()) > WORDS_OF_DEFINITION
                    for sentence in block.sentences
                ):
                    wrong.append(f"cell {cell.name!r}: no sentence defines {term!r}")
    if len(seen) > MOST_TERMS:
        wrong.append(f"{len(seen)} terms are bold; at most {MOST_TERMS} are new in a notebook")
    promised = {term for term, taught in page.concepts if page.name in taught}
    return wrong + [
        f"concepts.toml says that {term!r} is taught here, but it is never bold"
        for term in sorted(promised - set(seen))
    ]


def _singular(term: str, known: dict) -> str:
    return term[:-1] if term not in known and term[:-1] in known else term


def partial_derivatives_stand_in_01(page: Page) -> list[str]:
    """The sign ∂ stands once in the course, in 01."""
    signs = sum(cell.text.count("∂") for cell in page.markdown)
    allowed = int(page.name.startswith("01"))
    return [f"∂ stands {signs} times; write dL/dx"] if signs > allowed else []


def the_top_names_the_corpus(page: Page) -> list[str]:
    """The first cell of prose names each corpus that the code loads by name."""
    top = page.markdown[0].text if page.markdown else ""
    loaded = re.findall(
        r"load_corpus\(\s*[\"']([^\"']+)[\"']", "\n".join(cell.text for cell in page.code)
    )
    return [
        f"the first cell does not name the corpus {name!r}"
        for name in sorted(set(loaded))
        if name not in top
    ]


RULES = [terms_are_defined_once, partial_derivatives_stand_in_01, the_top_names_the_corpus]
