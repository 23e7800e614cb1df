"""Read LevelDB's sorted table (SSTable), the format of TensorFlow's checkpoint index.

The file has data blocks of entries, where a key omits the prefix that it shares with the key
before; an index block with the handles of the data blocks; and a footer with the handle of the
index block. A handle is an offset and a size. Each block has a checksum.
"""

from collections.abc import Iterator
from pathlib import Path

from microgpt.errors import FormatError
from microgpt.pretrained.tensorflow.crc32c import extend_crc, mask_crc
from microgpt.pretrained.tensorflow.protobuf import DecodeError, read_varint

SSTABLE_MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
TRAILER_BYTES = 5  # a block's compression type and checksum

# The largest GPT-2's index has about 40 kB, its longest key 27 bytes.
MAX_FILE_BYTES = 1 << 20
MAX_KEY_BYTES = 256


def read_sstable(file: Path) -> dict[bytes, bytes]:
    """Return all keys and values of the table."""
    size = file.stat().st_size
    if not FOOTER_BYTES <= size <= MAX_FILE_BYTES:
        raise FormatError(
            f"{file} must be a table of {FOOTER_BYTES} to {MAX_FILE_BYTES:,} bytes; it has {size:,}"
        )
    content = file.read_bytes()
    magic = int.from_bytes(content[-8:], "little")
    if magic != SSTABLE_MAGIC:
        raise FormatError(
            f"{file} must end with the magic number {SSTABLE_MAGIC:#x} of a sorted table; got "
            f"{magic:#x}: it is of another format, or cut off"
        )
    try:
        return _read_entries(content)
    except DecodeError as error:
        raise FormatError(f"{file} is damaged: {error}; fetch it again") from None


def _read_entries(content: bytes) -> dict[bytes, bytes]:
    footer = content[-FOOTER_BYTES:]
    _, _, position = _read_handle(footer, 0)  # skip the meta index, which is not needed
    offset, size, _ = _read_handle(footer, position)
    entries: dict[bytes, bytes] = {}
    last_key, end = None, 0
    for _, handle in _read_block(content, offset, size):
        offset, size, _ = _read_handle(handle, 0)
        if offset < end:
            raise DecodeError("its blocks overlap")
        end = offset + size + TRAILER_BYTES
        for key, value in _read_block(content, offset, size):
            if last_key is not None and key <= last_key:
                raise DecodeError(f"the key {key[:100]!r} does not come after {last_key[:100]!r}")
            entries[key] = value
            last_key = key
    return entries


def _read_handle(content: bytes, position: int) -> tuple[int, int, int]:
    """Return a block's offset and size, and the position after the handle."""
    offset, position = read_varint(content, position)
    size, position = read_varint(content, position)
    return offset, size, position


def _read_block(content: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of the block at `offset`."""
    end = offset + size
    if size < 4 or end + TRAILER_BYTES > len(content) - FOOTER_BYTES:
        raise DecodeError(f"a block of {size:,} bytes at byte {offset:,} does not fit into it")
    expected_crc = int.from_bytes(content[end + 1 : end + TRAILER_BYTES], "little")
    if mask_crc(extend_crc(0, content[offset : end + 1])) != expected_crc:
        raise DecodeError(f"the checksum of the block at byte {offset:,} is wrong")
    if content[end]:
        raise DecodeError(f"the block at byte {offset:,} is compressed, which is not read here")
    block = content[offset:end]
    num_restarts = int.from_bytes(block[-4:], "little")  # entries with a complete key
    if 4 * num_restarts + 4 > size:
        raise DecodeError(
            f"the block at byte {offset:,} is too small for its {num_restarts:,} restarts"
        )
    block = block[: size - 4 * num_restarts - 4]
    key, position = b"", 0
    while position < len(block):
        shared, position = read_varint(block, position)
        unshared, position = read_varint(block, position)
        value_size, position = read_varint(block, position)
        rest = len(block) - position
        if shared > len(key) or unshared + value_size > rest or shared + unshared > MAX_KEY_BYTES:
            raise DecodeError(f"an entry of the block at byte {offset:,} is longer than it can be")
        value_start = position + unshared
        key = key[:shared] + block[position:value_start]
        position = value_start + value_size
        yield key, block[value_start:position]
