"""A sorted table of keys and values in one file, as LevelDB writes it and TensorFlow's index is.

Blocks of entries, each key without what it shares with the one before; a block that says where the
blocks are; at the end a footer that says where that one is. Each block has its checksum.
"""

from collections.abc import Iterator
from pathlib import Path

from microgpt.errors import FormatError
from microgpt.pretrained.tensorflow.crc32c import extended, masked
from microgpt.pretrained.tensorflow.protobuf import Malformed, varint

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
TRAILER = 5  # how the block is compressed, and its checksum

# GPT-2's largest index has some 40 kB, its longest key 27 bytes.
LARGEST = 1 << 20
LONGEST_KEY = 256


def read(file: Path) -> dict[bytes, bytes]:
    """All keys and values of the table."""
    size = file.stat().st_size
    if not FOOTER <= size <= LARGEST:
        raise FormatError(
            f"{file} must be a table of {FOOTER} to {LARGEST:,} bytes; it has {size:,}"
        )
    content = file.read_bytes()
    found = int.from_bytes(content[-8:], "little")
    if found != MAGIC:
        raise FormatError(
            f"{file} must end with the number {MAGIC:#x} of a sorted table; got {found:#x}: it is "
            "of another kind, or cut off"
        )
    try:
        return _entries(content)
    except Malformed as wrong:
        raise FormatError(f"{file} is damaged: {wrong}; fetch it again") from None


def _entries(content: bytes) -> dict[bytes, bytes]:
    footer = content[-FOOTER:]
    _, _, place = _handle(footer, 0)
    offset, size, _ = _handle(footer, place)
    entries: dict[bytes, bytes] = {}
    last, end = None, 0
    for _, handle in _block(content, offset, size):
        offset, size, _ = _handle(handle, 0)
        if offset < end:
            raise Malformed("its blocks overlap")
        end = offset + size + TRAILER
        for key, value in _block(content, offset, size):
            if last is not None and key <= last:
                raise Malformed(f"the key {key[:100]!r} does not come after {last[:100]!r}")
            entries[key] = value
            last = key
    return entries


def _handle(content: bytes, place: int) -> tuple[int, int, int]:
    """Offset and size of a block, and the place after them."""
    offset, place = varint(content, place)
    size, place = varint(content, place)
    return offset, size, place


def _block(content: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    end = offset + size
    if size < 4 or end + TRAILER > len(content) - FOOTER:
        raise Malformed(f"a block of {size:,} bytes at byte {offset:,} does not fit into it")
    wanted = int.from_bytes(content[end + 1 : end + TRAILER], "little")
    if masked(extended(0, content[offset : end + 1])) != wanted:
        raise Malformed(f"the checksum of the block at byte {offset:,} is wrong")
    if content[end]:
        raise Malformed(f"the block at byte {offset:,} is compressed, which is not read here")
    block = content[offset:end]
    restarts = int.from_bytes(block[-4:], "little")  # places where a key shares nothing
    if 4 * restarts + 4 > size:
        raise Malformed(f"the block at byte {offset:,} has no room for its {restarts:,} restarts")
    block = block[: size - 4 * restarts - 4]
    key, place = b"", 0
    while place < len(block):
        shared, place = varint(block, place)
        own, place = varint(block, place)
        length, place = varint(block, place)
        if shared > len(key) or own + length > len(block) - place or shared + own > LONGEST_KEY:
            raise Malformed(f"an entry of the block at byte {offset:,} is longer than it can be")
        key = key[:shared] + block[place : place + own]
        yield key, block[place + own : place + own + length]
        place += own + length
