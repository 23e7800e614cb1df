"""JSON objects: written only if they can be read again, parsed with limits from untrusted files."""

import json
from pathlib import Path
from typing import Any

from microgpt.errors import Described, FormatError, SettingError

MAX_BYTES = 1 << 20


def read_json(file: Path, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Return the object in a JSON file of at most `max_bytes` bytes."""
    size = file.stat().st_size
    if size > max_bytes:
        raise FormatError(f"{file} must be JSON of at most {max_bytes:,} bytes; got {size:,}")
    return parse_json(file.read_bytes(), str(file))


def format_json(content: dict[str, Any], name: str) -> str:
    """Return an object as JSON that `parse_json` reads; SettingError, about `name`, otherwise."""
    try:
        _check_keys(content)
        text = json.dumps(content)
        parse_json(text.encode(), name)
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingError(
            name,
            "made of dictionaries with names, lists, texts, numbers, booleans and None, or it "
            "could not be read again",
            Described(str(error) or "nesting too deep"),
        ) from None
    return text


def _check_keys(content: Any) -> None:
    if isinstance(content, dict):
        for key, value in content.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r:.80}, which is no text")
            _check_keys(value)
    elif isinstance(content, list | tuple):
        for value in content:
            _check_keys(value)


def parse_json(content: bytes, location: str) -> dict[str, Any]:
    """Return the object in some JSON; `location` names its source in errors."""
    try:
        parsed = json.loads(content.decode("utf-8"), object_pairs_hook=_unique_keys)
    except UnicodeDecodeError as error:
        raise FormatError(f"{location} must be UTF-8 text; byte {error.start} is not") from None
    except RecursionError:
        raise FormatError(f"{location} is nested too deeply to be read") from None
    except ValueError as error:
        raise FormatError(f"{location} is not JSON that can be read: {error!s:.200}") from None
    if not isinstance(parsed, dict):
        raise FormatError(f"{location} must be a JSON object; got {type(parsed).__name__}")
    return parsed


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for key, value in pairs:
        if key in parsed:
            raise ValueError(f"the key {key!r:.100} comes twice")
        parsed[key] = value
    return parsed
