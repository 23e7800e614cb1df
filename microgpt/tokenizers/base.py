"""`Tokenizer`: the interface of every tokenizer."""

from collections.abc import Iterable
from typing import Any, Protocol


class Tokenizer(Protocol):
    """Text to token ids and back.

    `bos_token_id` and `eos_token_id`, if any, stand before and after a document: one and the same
    token in every tokenizer here. `default_prompt` is what generation starts from without a prompt.
    """

    @property
    def vocab_size(self) -> int: ...

    @property
    def bos_token_id(self) -> int | None: ...

    @property
    def eos_token_id(self) -> int | None: ...

    @property
    def default_prompt(self) -> str: ...

    def encode(self, text: str, bos: bool = False, eos: bool = False) -> list[int]: ...

    def decode(self, tokens: Iterable[int]) -> str: ...

    def token_text(self, token: int) -> str: ...

    def to_dict(self) -> dict[str, Any]: ...


def is_byte_pair(tokenizer: Any) -> bool:
    """Whether its tokens are bytes, as the files of other programs need it."""
    return hasattr(tokenizer, "token_bytes")
