"""CRC-32C as TensorFlow and LevelDB store it: masked, so that a CRC of CRCs works too."""

from typing import Any


def extend_crc(crc: int, content: Any) -> int:
    """The CRC-32C of the bytes that `crc` is of, followed by `content`."""
    import google_crc32c

    return google_crc32c.extend(crc, bytes(content))


def mask_crc(crc: int) -> int:
    """The CRC rotated right by 15 bits, plus a constant."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
