"""JSON out of files: read with care, since nobody knows who wrote them."""

import json
from pathlib import Path
from typing import Any

from microgpt.errors import FormatError

MOST = 1 << 20


def read(file: Path, most: int = MOST) -> dict[str, Any]:
    """The object that a JSON file of at most `most` bytes holds."""
    size = file.stat().st_size
    if size > most:
        raise FormatError(f"{file} must be a small JSON file, at most {most:,} bytes; got {size:,}")
    return parse(file.read_bytes(), str(file))


def parse(content: bytes, where: str) -> dict[str, Any]:
    """The object that some JSON is; `where` it stood is for the error."""
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_without_repeats)
    except UnicodeDecodeError as error:
        raise FormatError(f"{where} must be UTF-8 text; byte {error.start} is not") from None
    except RecursionError:
        raise FormatError(f"{where} is nested too deeply to be read") from None
    except ValueError as error:
        raise FormatError(f"{where} is not JSON that can be read: {error!s:.200}") from None
    if not isinstance(found, dict):
        raise FormatError(f"{where} must be a JSON object; got {type(found).__name__}")
    return found


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, content in pairs:
        if name in found:
            raise ValueError(f"{name!r:.100} stands there twice")
        found[name] = content
    return found
