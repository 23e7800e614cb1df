"""A text in chunks that no token reaches across: words, numbers, marks, and white space.

What it does not do: look for words. GPT-2's pattern knows letters, digits and spaces only.
"""

import functools
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from microgpt.errors import SettingError, TokenError

# OpenAI's, for GPT-2: a word keeps the space before it; of several spaces, the last one goes with
# the word behind them.
GPT2_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
# The same chunks, in the form that OpenAI gives to tiktoken: faster, and it needs less memory.
GPT2_PATTERN_FOR_TIKTOKEN = (
    r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
)
# A pattern may come with somebody's checkpoint: these bound the memory and the time it can ask for.
LONGEST_PATTERN = 500
MOST_REPEATS = 1000
PATIENCE = 60.0


def pretokenize(text: str, pattern: str = GPT2_PATTERN) -> Iterator[str]:
    """The chunks of a text, in order; joined, they are the text.

    What the pattern does not match stands alone, character by character. A pattern of one's own
    that takes more than a minute is a TokenError.
    """
    compiled = compile_pattern(pattern)
    if pattern != GPT2_PATTERN:
        yield from _own_chunks(text, compiled)
        return
    seen = text
    if any(unicodedata.ucd_3_2_0.category(character) == "Cn" for character in set(text)):
        seen = text.translate(_stand_ins())
    for match in compiled.finditer(seen):
        yield text[match.start() : match.end()]


def _own_chunks(text: str, compiled: Any) -> Iterator[str]:
    try:
        spans = [match.span() for match in compiled.finditer(text, timeout=PATIENCE)]
    except TimeoutError:
        raise TokenError(
            f"splitting a text of {len(text):,} characters took more than {PATIENCE:.0f} s; "
            f"the pattern {compiled.pattern!r:.80} tries too many ways: make it simpler"
        ) from None
    place = 0
    for start, end in [*spans, (len(text), len(text))]:
        yield from text[place:start]
        if end > start:
            yield text[start:end]
        place = end


def compile_pattern(pattern: str) -> Any:
    """The pattern, in the notation of the library `regex`, ready for use.

    All counts in braces, multiplied, may be 1,000; of what begins with `(?`, there are plain and
    atomic groups, looking around, and `(?i:`. Anything else is a SettingError.
    """
    import regex

    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise SettingError(
            f"a pattern is a text of at most {LONGEST_PATTERN} characters, such as "
            f"tokenizers.GPT2_PATTERN; got {pattern!r:.80}"
        )
    bare = re.sub(r"\\.", "", pattern, flags=re.DOTALL)  # without what is escaped
    counts = [int(count) for count in re.findall(r"(?<=[{,])\d{1,9}", bare)]
    if math.prod(max(count, 1) for count in counts) > MOST_REPEATS or re.search(r"\d{10}", bare):
        raise SettingError(f"the pattern {pattern!r:.80} repeats more than {MOST_REPEATS:,} times")
    if strange := re.search(r"\(\?(?![:=!>]|<[=!]|i:).?", bare):
        raise SettingError(
            f"a pattern may hold (?:…), (?>…), (?i:…) and look-around, but not {strange[0]!r}; "
            f"got {pattern!r:.80}"
        )
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise SettingError(
            f"the pattern {pattern!r:.80} is not a regular expression: {error}"
        ) from None


@functools.cache
def _stand_ins() -> dict[int, str]:
    r"""Characters that `regex` takes for letters or digits and tiktoken does not, or the reverse.

    The two libraries carry the Unicode tables of different years. Each such character is replaced,
    for the splitting only, by one of the class it has in tiktoken, so that chunks are the same.
    """
    try:
        import tiktoken
    except ImportError:
        return {}
    import regex

    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    one_byte = {bytes([byte]): byte for byte in range(256)}
    replacements: dict[int, str] = {}
    for kind, stand_in in ((r"\p{L}", "a"), (r"\p{N}", "0")):
        finder = tiktoken.Encoding(kind, pat_str=kind, mergeable_ranks=one_byte, special_tokens={})
        theirs = set(bytes(finder.encode_ordinary(every)).decode())
        ours = set(regex.findall(kind, every))
        for character in ours - theirs:
            replacements.setdefault(ord(character), "!")
        replacements.update((ord(character), stand_in) for character in theirs - ours)
    return replacements


def check_text(text: str) -> None:
    """Refuse what is no text, or has halves of characters in it."""
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
