"""Rules for the end: what this does not show, what you can now say, one link onwards."""

from .page import Page
from .prose import Block, count_words, split_sentences

LIMITS, CAN_SAY, EXPLAIN = "What this does not show", "You can now say", "Explain to a friend"
LABELS = (LIMITS, CAN_SAY, EXPLAIN)
MAX_LIMITS_WORDS = 60
NUM_SENTENCES = 3


def end_label(block: Block) -> str | None:
    """The part of the end that a block opens: as a heading, or in bold or italics at its start."""
    text = block.text if block.type == "heading" else block.lead
    return text.rstrip(".:") if text.rstrip(".:") in LABELS else None


def blocks_by_label(page: Page) -> dict[str, list[Block]]:
    """The blocks under each label, up to the next label or heading."""
    parts: dict[str, list[Block]] = {}
    current: list[Block] = []
    for block in page.blocks:
        if label := end_label(block):
            current = parts.setdefault(label, [])
            rest = block.text.removeprefix(block.lead).lstrip(".: ")
            if block.type != "heading" and rest:
                current.append(Block(block.type, rest, links=block.links))
        elif block.type == "heading":
            current = []
        else:
            current.append(block)
    return parts


def the_end_is_complete(page: Page) -> list[str]:
    """The three parts of the end stand once, in order, and are as long as they should be."""
    labels = [label for block in page.blocks if (label := end_label(block))]
    if labels != list(LABELS):
        return [f"the end has {', '.join(map(repr, LABELS))}, each once; found: {labels}"]
    parts = blocks_by_label(page)
    violations = []
    num_words = sum(block.num_words for block in parts[LIMITS])
    if not 0 < num_words <= MAX_LIMITS_WORDS:
        violations.append(f"{LIMITS!r} has {num_words} words; at most {MAX_LIMITS_WORDS} fit")
    num_sentences = sum(len(split_sentences(block.text)) for block in parts[CAN_SAY])
    if num_sentences != NUM_SENTENCES:
        violations.append(f"{CAN_SAY!r} has {num_sentences} sentences; write {NUM_SENTENCES}")
    if not any(count_words(block.text) for block in parts[EXPLAIN]):
        violations.append(f"{EXPLAIN!r} says nothing to explain")
    return violations


def the_end_links_onwards(page: Page) -> list[str]:
    """From "What this does not show" on there is one link."""
    links: list[str] = []
    in_end = False
    for block in page.blocks:
        in_end = in_end or end_label(block) == LIMITS
        links += block.links if in_end else ()
    if len(links) != 1:
        return [f"the end has one link, to what comes next; found {len(links)}: {links}"]
    return []


RULES = [the_end_is_complete, the_end_links_onwards]
