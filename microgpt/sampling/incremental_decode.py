"""Decode tokens as they arrive: pieces of text that never split a character."""

from collections.abc import Iterable, Iterator

from microgpt.tokenizers import Tokenizer

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # incomplete UTF-8 bytes decode to it


class IncrementalDecoder:
    """Decodes one token after the other; the pieces joined equal `tokenizer.decode` of all."""

    def __init__(self, tokenizer: Tokenizer):
        self._tokenizer = tokenizer
        self._pending: list[int] = []

    def feed(self, token: int) -> str:
        """Return the text that this token completes, "" if it ends inside a character."""
        self._pending.append(token)
        text = self._tokenizer.decode(self._pending)
        if text.endswith(REPLACEMENT):  # the next token may complete it
            return ""
        self._pending.clear()
        return text

    def flush(self) -> str:
        """Return the text of the tokens that no other came to complete."""
        text = self._tokenizer.decode(self._pending) if self._pending else ""
        self._pending.clear()
        return text


def incremental_decode(tokenizer: Tokenizer, tokens: Iterable[int]) -> Iterator[str]:
    """Decode tokens as they arrive; yield pieces of text that never split a character.

    The pieces joined equal `tokenizer.decode` of all tokens.
    """
    decoder = IncrementalDecoder(tokenizer)
    for token in tokens:
        if text := decoder.feed(token):
            yield text
    if text := decoder.flush():
        yield text
