"""Every sentence a learner reads on a card, a hint or a statement, from one file."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

FILE = "messages.toml"


@cache
def _catalogue() -> dict[str, Any]:
    text = (resources.files("microgpt.learn") / FILE).read_text("utf-8")
    return tomllib.loads(text)


def message_section(section: str) -> dict[str, Any]:
    """One section of the catalogue: the id of an exercise, or what a group of sentences is for."""
    return _catalogue()[section]


def pluralize(number: int, one: str) -> str:
    """A number with its noun: "1 minute", "1,000 minutes"."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def format_message(section: str, key: str, **parts: Any) -> str:
    """A sentence with its gaps filled in: {name} becomes parts["name"]."""
    return message_section(section)[key].format(**parts)
