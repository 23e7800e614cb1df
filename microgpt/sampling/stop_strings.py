"""Stop strings: a text ends before the first of them, wherever the borders of tokens are."""

from collections.abc import Collection, Generator, Iterator
from contextlib import closing
from typing import Any

from microgpt.errors import SettingError
from microgpt.sampling.incremental_decode import IncrementalDecoder
from microgpt.tokenizers import Tokenizer

StopText = str | Collection[str] | None


def check_stop_strings(stop: StopText) -> tuple[str, ...]:
    """Return the stop strings: none, one or several, each of at least one character."""
    strings: Any = () if stop is None else (stop,) if isinstance(stop, str) else stop
    is_valid = isinstance(strings, Collection) and all(
        isinstance(string, str) and string for string in strings
    )
    if not is_valid:
        raise SettingError("stop", "a text of one character or more, or several", stop)
    return tuple(strings)


class StoppingDecoder:
    """Decodes tokens up to the first stop string; `found` says whether one has come.

    The first is the one that is complete first; of two that end together, the longer. Text that
    could be the beginning of one is held back until it is known not to be.
    """

    def __init__(self, tokenizer: Tokenizer, strings: tuple[str, ...]):
        self.found = False
        self._decoder, self._strings = IncrementalDecoder(tokenizer), strings
        self._held = ""

    def feed(self, token: int) -> str:
        """Return the text that is certain with this token."""
        return self._add(self._decoder.feed(token))

    def flush(self) -> str:
        """Return the text held back, once no token follows."""
        if self.found:
            return ""
        text = self._add(self._decoder.flush()) + self._held
        self._held = ""
        return text

    def _add(self, piece: str) -> str:
        text = self._held + piece
        matches = [
            (start + len(string), start)
            for string in self._strings
            if (start := text.find(string)) >= 0
        ]
        if matches:
            self.found, self._held = True, ""
            return text[: min(matches)[1]]
        certain = len(text) - self._num_held(text)
        self._held = text[certain:]
        return text[:certain]

    def _num_held(self, text: str) -> int:
        """Return the length of the longest end of a text that a stop string begins with."""
        return max(
            length
            for string in self._strings
            for length in range(min(len(string), len(text) + 1))
            if text.endswith(string[:length])
        )


def decode_until(
    tokenizer: Tokenizer, tokens: Generator[int, None, None], strings: tuple[str, ...]
) -> Iterator[str]:
    """Yield the text of tokens in pieces up to the first stop string; draw no token after it."""
    decoder = StoppingDecoder(tokenizer, strings)
    with closing(tokens):
        for token in tokens:
            if text := decoder.feed(token):
                yield text
            if decoder.found:
                return
        if text := decoder.flush():
            yield text
