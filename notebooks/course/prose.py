"""A Markdown text as blocks of prose, without code and formulas, and its words and sentences."""

import functools
import re
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

PARSER = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True)
HIDDEN = {"code_inline": "`code`", "math_inline": "`formula`", "math_inline_double": "`formula`"}
KINDS = {"h": "heading", "l": "item", "t": "cell"}  # by the first letter of the enclosing tag
END = re.compile(r"(?<=[.?!])[\"'”\u2019)*]*\s+(?![a-z])")
ABBREVIATED = re.compile(r"\b(e\.g|i\.e|cf|vs|etc|approx)\.", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Block:
    """A heading, paragraph ("text"), list item ("item") or table cell ("cell").

    In `text` every code span is `code` and every formula `formula`, one word each. `lead` is what
    stands in bold or italics at its beginning.
    """

    kind: str
    text: str
    level: int = 0
    bold: tuple[str, ...] = ()
    lead: str = ""
    links: tuple[str, ...] = ()
    figure: bool = False

    @property
    def words(self) -> int:
        """How many words; dashes and signs that stand alone are none."""
        return count_words(self.text)

    @property
    def sentences(self) -> list[str]:
        """The sentences of running text; headings and table cells have none."""
        return split_sentences(self.text) if self.kind in ("text", "item") else []


def count_words(text: str) -> int:
    """How many words a text has."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def split_sentences(text: str) -> list[str]:
    """The sentences of a text: they end at . ? or !, not at a colon or an abbreviation."""
    whole = ABBREVIATED.sub(lambda found: found[0].replace(".", "\0"), text)
    return [part.replace("\0", ".") for part in END.split(whole) if count_words(part)]


@functools.lru_cache(maxsize=1000)
def blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text in order; fenced code and displayed formulas are left out."""
    found: list[Block] = []
    open_tags: list[str] = []
    for token in PARSER.parse(markdown):
        if token.type == "inline":
            # A paragraph in a list is an item, in a table a cell.
            tag = next((tag for tag in reversed(open_tags) if tag[0] in KINDS and tag != "hr"), "p")
            level = int(tag[1]) if re.fullmatch(r"h\d", tag) else 0
            found.append(_block(KINDS.get(tag[0], "text"), level, token.children or []))
        elif token.type == "html_block":
            text = " ".join(TAG.sub(" ", token.content).split())
            found.append(Block("text", text, figure="<img" in token.content))
        elif token.nesting == 1:
            open_tags.append(token.tag)
        elif token.nesting == -1:
            open_tags.pop()
    return tuple(found)


def _block(kind: str, level: int, children: list[Any]) -> Block:
    pieces: list[str] = []
    bold: list[str] = []
    links: list[str] = []
    lead, figure = "", False
    begun: list[int] = []
    for child in children:
        if child.type in ("strong_open", "em_open"):
            begun.append(len(pieces))
        elif child.type in ("strong_close", "em_close"):
            start = begun.pop()
            marked = "".join(pieces[start:]).strip()
            if child.type == "strong_close":
                bold.append(marked)
            if not "".join(pieces[:start]).strip():
                lead = marked
        elif child.type == "link_open":
            links.append(str(child.attrs["href"]))
        elif child.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
        elif child.type == "image":
            figure = True
        elif child.type != "html_inline":
            pieces.append(HIDDEN.get(child.type, child.content))
    text = "".join(pieces).strip()
    return Block(kind, text, level, tuple(bold), lead.rstrip(".:"), tuple(links), figure)
