"""How a typed text is read by a model: with small letters where it knows no capitals."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class ReadText:
    """A text as a model can read it.

    `unknown_chars` are the characters that it cannot read as typed or as small letters, sorted;
    `lowercased` is whether a capital was read as a small letter.
    """

    text: str
    unknown_chars: tuple[str, ...] = ()
    lowercased: bool = False


def read_typed_text(typed: str, can_encode: Callable[[str], bool]) -> ReadText:
    """Read a text without outer whitespace; `can_encode(char)` is whether a character is known.

    A known character stays as it is; an unknown one is read as its small letter if that is known.
    """
    text = typed.strip()
    lower = text.lower()  # of the text, because the small letter may depend on its neighbours (Σ)
    small = lower if len(lower) == len(text) else map(str.lower, text)
    read = [
        other if not can_encode(char) and all(map(can_encode, other)) else char
        for char, other in zip(text, small, strict=True)
    ]
    unknown = {char for char, other in zip(text, read, strict=True)
               if other == char and not can_encode(char)}  # fmt: skip
    return ReadText("".join(read), tuple(sorted(unknown)), lowercased="".join(read) != text)
