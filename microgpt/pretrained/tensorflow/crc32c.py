"""CRC-32C as TensorFlow and LevelDB store it: masked, since a CRC over stored CRCs is weak."""

from typing import Any


def extend_crc(crc: int, content: Any) -> int:
    """Return the CRC-32C of the bytes whose CRC-32C is `crc`, followed by `content`."""
    import google_crc32c

    return google_crc32c.extend(crc, bytes(content))


def mask_crc(crc: int) -> int:
    """Return the masked CRC: rotated right by 15 bits, plus a constant."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
