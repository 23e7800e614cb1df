"""Pretokenization: split a text into chunks (words, numbers, punctuation, spaces).

No token crosses the boundary of a chunk. GPT-2's pattern distinguishes letters, digits, spaces and
other characters; it has no list of words.
"""

import functools
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from microgpt.errors import SettingError, TokenError

# OpenAI's pattern for GPT-2: a word keeps the space before it; of several spaces, the last one
# goes with the word after them.
GPT2_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
# Gives the same chunks, as OpenAI writes it for tiktoken: faster, and needs less memory.
GPT2_PATTERN_FOR_TIKTOKEN = (
    r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
)
# A pattern may come from an untrusted checkpoint, so these limit its memory and time.
MAX_PATTERN_LENGTH = 500
MAX_REPEATS = 1000
REGEX_TIMEOUT = 60.0  # seconds


def pretokenize(text: str, pattern: str = GPT2_PATTERN) -> Iterator[str]:
    """Yield the chunks of a text in order; joined, they give the text.

    Characters that the pattern does not match become chunks of one character each. Raises
    TokenError if a custom pattern takes more than a minute.
    """
    compiled = compile_pattern(pattern)
    if pattern != GPT2_PATTERN:
        yield from _pretokenize_custom(text, compiled)
        return
    classified = text
    if any(unicodedata.ucd_3_2_0.category(character) == "Cn" for character in set(text)):
        classified = text.translate(_tiktoken_replacements())
    for match in compiled.finditer(classified):
        yield text[match.start() : match.end()]


def _pretokenize_custom(text: str, compiled: Any) -> Iterator[str]:
    try:
        spans = [match.span() for match in compiled.finditer(text, timeout=REGEX_TIMEOUT)]
    except TimeoutError:
        raise TokenError(
            f"splitting a text of {len(text):,} characters took more than {REGEX_TIMEOUT:.0f} s; "
            f"the pattern {compiled.pattern!r:.80} tries too many ways: make it simpler"
        ) from None
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        yield from text[position:start]
        if end > start:
            yield text[start:end]
        position = end


def compile_pattern(pattern: str) -> Any:
    """Compile a pattern in the syntax of the `regex` library.

    The product of all counts in braces may be at most 1,000. Of the constructs that begin with
    `(?`, only plain and atomic groups, look-around and `(?i:` are allowed. Raises SettingError for
    anything else.
    """
    import regex

    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_LENGTH:
        raise SettingError(
            "pattern",
            f"a string of at most {MAX_PATTERN_LENGTH} characters, such as tokenizers.GPT2_PATTERN",
            pattern,
        )
    unescaped = re.sub(r"\\.", "", pattern, flags=re.DOTALL)  # drop escaped characters
    counts = [int(count) for count in re.findall(r"(?<=[{,])\d{1,9}", unescaped)]
    if math.prod(max(count, 1) for count in counts) > MAX_REPEATS or re.search(
        r"\d{10}", unescaped
    ):
        raise SettingError("pattern", f"one with at most {MAX_REPEATS:,} repeats", pattern)
    if forbidden := re.search(r"\(\?(?![:=!>]|<[=!]|i:).?", unescaped):
        raise SettingError(
            "pattern",
            f"one with (?:…), (?>…), (?i:…) and look-around alone, without {forbidden[0]!r}",
            pattern,
        )
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise SettingError("pattern", f"a regular expression ({error})", pattern) from None


@functools.cache
def _tiktoken_replacements() -> dict[int, str]:
    r"""Map the characters that `regex` and tiktoken classify differently to replacements.

    The two libraries have Unicode tables of different years. Each such character is replaced, for
    pretokenization only, by one of the class that it has in tiktoken, so that chunks are the same.
    """
    try:
        import tiktoken
    except ImportError:
        return {}
    import regex

    all_characters = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    one_byte = {bytes([byte]): byte for byte in range(256)}
    replacements: dict[int, str] = {}
    for class_, replacement in ((r"\p{L}", "a"), (r"\p{N}", "0")):
        finder = tiktoken.Encoding(
            class_, pat_str=class_, mergeable_ranks=one_byte, special_tokens={}
        )
        theirs = set(bytes(finder.encode_ordinary(all_characters)).decode())
        ours = set(regex.findall(class_, all_characters))
        for character in ours - theirs:
            replacements.setdefault(ord(character), "!")
        replacements.update((ord(character), replacement) for character in theirs - ours)
    return replacements


def check_text(text: str) -> None:
    """Raise TokenError unless `text` is a str without surrogates, which UTF-8 cannot encode."""
    if not isinstance(text, str):
        raise TokenError(f"a text to encode must be a str; got {type(text).__name__}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TokenError(
            f"character {error.start + 1} of the text, {text[error.start]!r}, is half of a pair "
            "and has no bytes; repair the text, for example with "
            "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
        ) from None
