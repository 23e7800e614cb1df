"""CRC-32C and its mask."""

from microgpt.pretrained.tensorflow import crc32c


def test_checksums_are_crc_32c():
    assert crc32c.extend_crc(0, b"123456789") == 0xE3069283
    assert crc32c.extend_crc(crc32c.extend_crc(0, b"1234"), b"56789") == 0xE3069283
    assert crc32c.extend_crc(0, bytes(32)) == 0x8A9136AA
    assert crc32c.mask_crc(0) == 0xA282EAD8
