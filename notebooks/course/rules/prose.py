"""A Markdown text as blocks of prose, without code and formulas; its words and sentences."""

import functools
import re
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

PARSER = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True)
REPLACED = {"code_inline": "`code`", "math_inline": "`formula`", "math_inline_double": "`formula`"}
BLOCK_TYPES = {"h": "heading", "l": "item", "t": "cell"}  # by the enclosing tag's first letter
SENTENCE_END = re.compile(r"(?<=[.?!])[\"'”\u2019)*]*\s+(?![a-z])")
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|cf|vs|etc|approx)\.", re.IGNORECASE)
HTML_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Block:
    """A "heading", a paragraph ("text"), a list "item" or a table "cell".

    In `text` every code span is `code` and every formula `formula`, one word each. `lead` is what
    is in bold or italics at its beginning.
    """

    type: str
    text: str
    level: int = 0
    bold: tuple[str, ...] = ()
    lead: str = ""
    links: tuple[str, ...] = ()
    has_figure: bool = False

    @property
    def num_words(self) -> int:
        """The number of words; a dash or a sign that stands alone is none."""
        return count_words(self.text)

    @property
    def sentences(self) -> list[str]:
        """The sentences of running text; headings and table cells have none."""
        return split_sentences(self.text) if self.type in ("text", "item") else []


def count_words(text: str) -> int:
    """The number of words in a text."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def split_sentences(text: str) -> list[str]:
    """The sentences of a text: they end at . ? or !, not at a colon or an abbreviation."""
    protected = ABBREVIATION.sub(lambda match: match[0].replace(".", "\0"), text)
    sentences = SENTENCE_END.split(protected)
    return [sentence.replace("\0", ".") for sentence in sentences if count_words(sentence)]


@functools.lru_cache(maxsize=1000)
def parse_blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text in order; fenced code and displayed formulas are left out."""
    blocks: list[Block] = []
    open_tags: list[str] = []
    for token in PARSER.parse(markdown):
        if token.type == "inline":
            # A paragraph in a list is an item, in a table a cell.
            tag = next((t for t in reversed(open_tags) if t[0] in BLOCK_TYPES and t != "hr"), "p")
            level = int(tag[1]) if re.fullmatch(r"h\d", tag) else 0
            block_type = BLOCK_TYPES.get(tag[0], "text")
            blocks.append(_inline_block(block_type, level, token.children or []))
        elif token.type == "html_block":
            text = " ".join(HTML_TAG.sub(" ", token.content).split())
            blocks.append(Block("text", text, has_figure="<img" in token.content))
        elif token.nesting == 1:
            open_tags.append(token.tag)
        elif token.nesting == -1:
            open_tags.pop()
    return tuple(blocks)


def _inline_block(block_type: str, level: int, tokens: list[Any]) -> Block:
    """The block of a paragraph's inline tokens."""
    pieces: list[str] = []
    bold: list[str] = []
    links: list[str] = []
    lead, has_figure = "", False
    emphasis_starts: list[int] = []
    for token in tokens:
        if token.type in ("strong_open", "em_open"):
            emphasis_starts.append(len(pieces))
        elif token.type in ("strong_close", "em_close"):
            start = emphasis_starts.pop()
            emphasised = "".join(pieces[start:]).strip()
            if token.type == "strong_close":
                bold.append(emphasised)
            if not "".join(pieces[:start]).strip():
                lead = emphasised
        elif token.type == "link_open":
            links.append(str(token.attrs["href"]))
        elif token.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
        elif token.type == "image":
            has_figure = True
        elif token.type != "html_inline":
            pieces.append(REPLACED.get(token.type, token.content))
    text = "".join(pieces).strip()
    return Block(block_type, text, level, tuple(bold), lead.rstrip(".:"), tuple(links), has_figure)
