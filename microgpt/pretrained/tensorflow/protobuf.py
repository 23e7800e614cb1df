"""Decode Protobuf messages: varints, and the fields made of them."""

from collections.abc import Iterator

Field = tuple[int, int | bytes]  # field number and value

# Wire types.
_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5


class DecodeError(Exception):
    """Raised for malformed bytes; the reader of the file adds the file's name."""


def read_varint(content: bytes, offset: int) -> tuple[int, int]:
    """Return the varint at `offset` (seven bits a byte, low bits first) and the offset after it."""
    value = 0
    for shift in range(0, 70, 7):
        if offset >= len(content):
            raise DecodeError("a number is cut off")
        byte = content[offset]
        offset += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >= 2**64:
                break
            return value, offset
    raise DecodeError("a number has more than 64 bits")


def iter_fields(content: bytes) -> Iterator[Field]:
    """Yield the fields of a message: each field's number, and its value as an integer or bytes."""
    offset = 0
    while offset < len(content):
        tag, offset = read_varint(content, offset)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, offset = read_varint(content, offset)
            yield number, value
            continue
        if wire_type == _LENGTH_DELIMITED:
            size, offset = read_varint(content, offset)
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
        else:
            raise DecodeError(f"the wire type {wire_type} of a field is not known")
        if size > len(content) - offset:
            raise DecodeError("a field is longer than its message")
        field = content[offset : offset + size]
        offset += size
        is_bytes = wire_type == _LENGTH_DELIMITED
        yield number, field if is_bytes else int.from_bytes(field, "little")
