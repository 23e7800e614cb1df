"""The terms of concepts.toml, and where a text uses one or a plain substitute for it."""

import functools
import re
from dataclasses import dataclass
from typing import Any

REQUIRED_FIELDS = {"taught", "plain", "meaning"}
OPTIONAL_FIELDS = {"short", "avoid", "allowed", "core"}


@dataclass(frozen=True)
class Concept:
    """A term, the notebooks in `taught` that introduce it, and the `plain` words for it.

    `short` also counts as the term. The words in `avoid` are not used once it was introduced,
    except in the phrases in `allowed`. Whoever has read 00 and 09 knows the terms that are `core`.
    """

    term: str
    taught: tuple[str, ...]
    plain: str = ""
    short: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    core: bool = False

    def count_uses(self, text: str) -> int:
        """How often a text uses the term, in the singular or the plural."""
        return len(_words((self.term, plural(self.term), *self.short)).findall(text))

    def substitutes(self, text: str) -> list[str]:
        """The plain substitutes in a text, as they stand there."""
        return plain_substitutes(text, self.avoid, self.allowed)


def plain_substitutes(text: str, avoid: tuple[str, ...], allowed: tuple[str, ...]) -> list[str]:
    """The words of `avoid` that a text has outside the phrases in `allowed`."""
    if allowed:
        text = _words(allowed).sub("…", text)
    return _words(avoid).findall(text) if avoid else []


def plural(term: str) -> str:
    """The plural of a term."""
    if term.endswith("y"):
        return f"{term.removesuffix('y')}ies"
    return f"{term}es" if term.endswith(("s", "x")) else f"{term}s"


def concept(term: str, entry: dict[str, Any]) -> Concept:
    """The concept of an entry of concepts.toml."""
    lists = {name: tuple(entry.get(name, ())) for name in ("short", "avoid", "allowed")}
    return Concept(
        term, tuple(entry["taught"]), entry["plain"], core=entry.get("core", False), **lists
    )


@functools.cache
def _words(phrases: tuple[str, ...]) -> re.Pattern:
    """A pattern for any of the phrases, as whole words in any case."""
    alternatives = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    return re.compile(rf"(?<![\w-])(?:{alternatives})(?![\w-])", re.IGNORECASE)
