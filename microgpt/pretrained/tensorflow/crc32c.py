"""CRC-32C as TensorFlow and LevelDB store it: masked, so that sums of sums stay sums."""

from typing import Any


def extended(crc: int, content: Any) -> int:
    """The CRC-32C of what `crc` was for, and of these bytes after it."""
    import google_crc32c

    return google_crc32c.extend(crc, bytes(content))


def masked(crc: int) -> int:
    """Turned right by 15 bits, plus a constant."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
