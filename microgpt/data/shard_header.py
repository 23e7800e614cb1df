"""Write and check the header of a token shard: 256 int32.

The magic numbers of llm.c's other files are also defined here, for their readers.
"""

import struct

MODEL_MAGIC, STATE_MAGIC, TOKENIZER_MAGIC, SHARD_MAGIC = 20240326, 20240327, 20240328, 20240520
VERSION = 1
HEADER_BYTES = 256 * 4
MAX_SHARD_TOKENS = 2**31 - 1  # the header counts tokens in an int32

OTHER_MAGICS = {
    MODEL_MAGIC: "llm.c's model file",
    STATE_MAGIC: "llm.c's debug state",
    TOKENIZER_MAGIC: "llm.c's tokenizer",
    20240801: "llm.c's token shard for Llama 3",
}
SWAPPED_MAGIC = struct.unpack("<i", struct.pack(">i", SHARD_MAGIC))[0]


def pack_header(num_tokens: int) -> bytes:
    """Return the header of a shard with `num_tokens` tokens."""
    return struct.pack("<256i", SHARD_MAGIC, VERSION, num_tokens, *[0] * 253)


def read_magic(content: bytes) -> int | None:
    """Return the first int32 of a file, or None if the file is shorter."""
    return struct.unpack_from("<i", content)[0] if len(content) >= 4 else None


def header_error(header: bytes, size: int) -> str | None:
    """Return the error in a shard's header or size, worded to follow its path, or None."""
    magic = read_magic(header)
    if magic == SWAPPED_MAGIC:
        return (
            f"begins with {SHARD_MAGIC} in the other byte order (big-endian); write it again on a "
            "little-endian machine, or swap the bytes of its int32 header and uint16 tokens"
        )
    if magic is None:
        return f"is too short for a token shard: it has {size} bytes"
    if magic != SHARD_MAGIC:
        other = f" ({OTHER_MAGICS[magic]})" if magic in OTHER_MAGICS else ""
        return (
            f"is not a token shard: it must begin with {SHARD_MAGIC} (or hold token ids alone: "
            "int32 as in April 2024, uint16 up to 50,303 as nanoGPT's, or NumPy's .npy), but it "
            f"begins with {magic}{other}"
        )
    if len(header) < HEADER_BYTES:
        return f"is cut off: a header has {HEADER_BYTES:,} bytes, the file has {size:,}"
    version, num_tokens = struct.unpack_from("<2i", header, 4)
    if version != VERSION:
        return f"is a token shard of version {version}; known: {VERSION}"
    if num_tokens < 0:
        return f"is damaged: its header counts {num_tokens:,} tokens"
    expected = HEADER_BYTES + 2 * num_tokens
    if size != expected:
        problem = "is cut off" if size < expected else "has surplus bytes"
        return (
            f"{problem}: its header counts {num_tokens:,} tokens, which makes {expected:,} bytes, "
            f"but the file has {size:,}; write or fetch it again"
        )
    return None
