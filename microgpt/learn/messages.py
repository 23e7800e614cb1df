"""Every text a learner reads on a card, a hint or a statement, from `messages.toml`."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

FILE = "messages.toml"


@cache
def _messages() -> dict[str, Any]:
    text = (resources.files("microgpt.learn") / FILE).read_text("utf-8")
    return tomllib.loads(text)


def message_section(section: str) -> dict[str, Any]:
    """One table of the file: the texts of an exercise, by its id, or of a group of messages."""
    return _messages()[section]


def format_message(section: str, key: str, **values: Any) -> str:
    """A message with its placeholders filled in: {name} becomes values["name"]."""
    return message_section(section)[key].format(**values)


def pluralize(count: int, noun: str) -> str:
    """A count with its noun: "1 minute", "1,000 minutes"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
