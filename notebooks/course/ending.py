"""The rule for the end: what this does not show, what you can now say, one link onwards."""

from .page import Page
from .prose import Block, count_words, split_sentences

LIMITS, SAY, EXPLAIN = "What this does not show", "You can now say", "Explain to a friend"
LABELS = (LIMITS, SAY, EXPLAIN)
WORDS = 60
SENTENCES = 3


def label(block: Block) -> str | None:
    """Which part of the end this block opens: as a heading, or in bold or italics at its start."""
    text = block.text if block.kind == "heading" else block.lead
    return text.rstrip(".:") if text.rstrip(".:") in LABELS else None


def sections(page: Page) -> dict[str, list[Block]]:
    """What stands under each label, up to the next label or heading."""
    found: dict[str, list[Block]] = {}
    under: list[Block] = []
    for block in (block for cell in page.markdown for block in cell.blocks):
        if name := label(block):
            under = found.setdefault(name, [])
            rest = block.text.removeprefix(block.lead).lstrip(".: ")
            if block.kind != "heading" and rest:
                under.append(Block(block.kind, rest, links=block.links))
        elif block.kind == "heading":
            under = []
        else:
            under.append(block)
    return found


def the_end_is_complete(page: Page) -> list[str]:
    """The three parts of the end stand once, in order, and are as long as they should be."""
    opened = [name for cell in page.markdown for block in cell.blocks if (name := label(block))]
    if opened != list(LABELS):
        return [f"the end has {', '.join(map(repr, LABELS))}, each once; found: {opened}"]
    found = sections(page)
    wrong = []
    words = sum(block.words for block in found[LIMITS])
    if not 0 < words <= WORDS:
        wrong.append(f"{LIMITS!r} has {words} words; at most {WORDS} fit")
    said = sum(len(split_sentences(block.text)) for block in found[SAY])
    if said != SENTENCES:
        wrong.append(f"under {SAY!r} stand {said} sentences; write {SENTENCES}")
    if not any(count_words(block.text) for block in found[EXPLAIN]):
        wrong.append(f"{EXPLAIN!r} says nothing to explain")
    return wrong


def the_end_links_onwards(page: Page) -> list[str]:
    """From "What this does not show" on there is one link."""
    links: list[str] = []
    ending = False
    for block in (block for cell in page.markdown for block in cell.blocks):
        ending = ending or label(block) == LIMITS
        links += block.links if ending else ()
    if len(links) != 1:
        return [f"the end has one link, to what comes next; found {len(links)}: {links}"]
    return []


RULES = [the_end_is_complete, the_end_links_onwards]
