"""Load the texts that learners read on cards, in hints and in statements from `messages.toml`."""

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
    """Return one table of the file: the texts of an exercise, by id, or a group of messages."""
    return _messages()[section]


def format_message(section: str, key: str, **values: Any) -> str:
    """Return a message with its placeholders filled in: {name} becomes values["name"]."""
    return message_section(section)[key].format(**values)
