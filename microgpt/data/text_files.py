"""Read text files, and name what a file is if it holds no text."""

import re
import unicodedata
import warnings
from collections import Counter
from pathlib import Path

from microgpt._io.file_signatures import recognize
from microgpt.errors import FormatError, SettingWarning

_NUMPY_REMEDY = "name the folder of its token ids, or pass the array"
_UTF16_AND_32_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_SAMPLE_BYTES = 4096
# Not blanks, nor backspace, the Ctrl-Z that ended files on DOS, and escapes of terminals.
_CONTROLS = re.compile(r"[\x01-\x07\x0e-\x19\x1c-\x1f]")
MAX_CONTROL_SHARE = 0.01


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file; FormatError says what else it is, and what to do."""
    content = path.read_bytes()
    if found := _binary_format(content):
        format, remedy = found
        raise FormatError(f"{path} is {format}, not text", remedy)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 text: byte {error.start} cannot be read; save it as UTF-8"
        ) from None
    check_characters(text, str(path))
    return text


def _binary_format(content: bytes) -> tuple[str, str] | None:
    """Return what a binary file is and what to do with it; None if it may be UTF-8 text."""
    if found := recognize(content):
        format, remedy = found
        return format, remedy or (_NUMPY_REMEDY if "NumPy" in format else "name a text file")
    sample = content[:_SAMPLE_BYTES]
    if content.startswith(_UTF16_AND_32_MARKS) or (len(content) % 2 == 0 and _is_utf16(sample)):
        return "UTF-16 or UTF-32", "save it as UTF-8"
    if 0 in content:
        position = content.index(0)
        format = f"binary data (byte {position:,} is 0)"
        if len(content) % 2 == 0 and sample[1::2].count(0) > len(sample) / 40:
            return format, "if it holds token ids of two bytes, name its folder"
        return format, "name a text file"
    return None


def _is_utf16(sample: bytes) -> bool:
    """Whether every other byte is mostly 0, and the rest are characters of a text."""
    for encoding, high_bytes in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        text = sample.decode(encoding, "ignore")
        is_text = "\0" not in text and len(_CONTROLS.findall(text)) <= MAX_CONTROL_SHARE * len(text)
        if high_bytes.count(0) > 0.75 * len(high_bytes) and is_text:
            return True
    return False


def check_characters(text: str, name: str) -> None:
    """Raise FormatError if `text` holds what no text holds: NUL, halves of pairs, many controls."""
    check_surrogates(text, name)
    if "\0" in text:
        raise FormatError(
            f"{name} holds the character NUL (character {text.index(chr(0)) + 1:,}), so it is "
            "binary data, not text",
            "name a text file, or remove that character",
        )
    controls = _CONTROLS.findall(text)
    if len(controls) > MAX_CONTROL_SHARE * len(text):
        raise FormatError(
            f"{name} holds {len(controls):,} control characters, such as {controls[0]!r}, so it "
            "is binary data, not text",
            "name a text file",
        )


def check_surrogates(text: str, name: str) -> None:
    """Raise FormatError if `text` holds half of a UTF-16 pair, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FormatError(
            f"{name} holds half of a UTF-16 pair, {text[error.start]!r} (character "
            f"{error.start + 1:,}), which no file can keep",
            "repair it with text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')",
        ) from None


def warn_of_mixed_forms(text: str, name: str) -> None:
    """Warn if a letter comes both as one character and as a letter with a combining mark."""
    if mixed := _mixed_forms(text):
        letters = ", ".join(map(repr, mixed[:5]))
        warnings.warn(
            SettingWarning(
                f"{name} has {letters} both as one character and as a letter with a combining "
                "mark; a tokenizer takes these for different texts",
                "make them alike with unicodedata.normalize('NFC', text)",
            ),
            stacklevel=4,
        )


def _mixed_forms(text: str) -> list[str]:
    if unicodedata.is_normalized("NFC", text):
        return []
    before, after = Counter(text), Counter(unicodedata.normalize("NFC", text))
    return sorted(c for c, count in after.items() if 0 < before[c] < count)
