"""The header of a safetensors file: eight bytes of length, then JSON with every tensor's place."""

from pathlib import Path
from typing import Any

from microgpt.checkpoints import json_io
from microgpt.errors import FormatError

# Of a file of ours: a tokenizer is in it, which may have some MB.
LONGEST = 32 << 20


def read_header(file: Path, longest: int = LONGEST) -> tuple[dict[str, Any], int]:
    """The JSON object of at most `longest` bytes, and the byte after it; no name stands twice."""
    with open(file, "rb", buffering=0) as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 2 <= length <= size - 8:
            raise FormatError(
                f"{file} is not a whole safetensors file: its header must fit into {size:,} bytes, "
                f"but is said to have {length:,}"
            )
        if length > longest:
            raise FormatError(
                f"{file}: its header has {length:,} bytes; at most {longest:,} are read"
            )
        content = stream.read(length)
    return json_io.parse(content, f"{file}: its header"), 8 + length
