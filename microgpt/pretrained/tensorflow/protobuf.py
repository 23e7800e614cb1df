"""Whole numbers of seven bits a byte, and the fields of a protobuf message made of them."""

from collections.abc import Iterator

Field = tuple[int, int | bytes]


class Malformed(Exception):
    """Bytes that no writer of the format leaves; whoever reads a file says which file."""


def varint(content: bytes, place: int) -> tuple[int, int]:
    """The number at `place`, low bits first, and the place after it."""
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            raise Malformed("a number is cut off")
        byte = content[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            if number >= 2**64:
                break
            return number, place
    raise Malformed("a number has more than 64 bits")


def fields(content: bytes) -> Iterator[Field]:
    """The fields of a protobuf message: number, and an integer or some bytes."""
    place = 0
    while place < len(content):
        tag, place = varint(content, place)
        kind, size = tag & 7, 0
        if kind == 0:
            value, place = varint(content, place)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, place = varint(content, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise Malformed(f"a field of kind {kind} is not known")
        if size > len(content) - place:
            raise Malformed("a field is longer than its message")
        part = content[place : place + size]
        place += size
        yield tag >> 3, part if kind == 2 else int.from_bytes(part, "little")
