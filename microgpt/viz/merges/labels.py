"""How the bytes of a token are shown: as text, or as numbers where they are no whole text."""

import unicodedata
from dataclasses import dataclass

from microgpt.viz.formatting import in_quotes, visible, width_in_em

MAX_LENGTH = 24
SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥"}


@dataclass(frozen=True)
class Label:
    """The text of a token, every blank as ␣; or its bytes, as in 226 156, if `is_bytes`."""

    shown: str
    is_bytes: bool = False

    @property
    def quoted(self) -> str:
        """The label in a sentence: “␣the”, or ⟨226 156⟩."""
        return f"⟨{self.shown}⟩" if self.is_bytes else in_quotes(self.shown)

    @property
    def width(self) -> float:
        """The width in pixels at a size of 13 pixels, never too small."""
        return 13 * width_in_em(self.shown)


def token_label(content: bytes) -> Label:
    """Return the label of a token's bytes.

    Bytes that are no UTF-8 are shown as numbers from 0 to 255, and so are whole characters that
    have no picture of their own, such as the joiner inside an emoji.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _bytes_label(content)
    if not text or all(map(_has_no_picture, text)):
        return _bytes_label(content)
    return Label(visible("".join(SIGNS.get(char, char) for char in text), MAX_LENGTH))


def _has_no_picture(char: str) -> bool:
    return char not in SIGNS and unicodedata.category(char)[0] in "CZM"


def _bytes_label(content: bytes) -> Label:
    shown = " ".join(map(str, content[:8]))
    return Label(shown + " …" * (len(content) > 8), is_bytes=True)
