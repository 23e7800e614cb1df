"""What every tokenizer can do."""

from collections.abc import Iterable
from typing import Any, Protocol


class Tokenizer(Protocol):
    """Turns text into token ids and back; `bos`, if any, stands before and after a text.

    `eos_token_id` is the token that ends one: the same one, in every tokenizer here.
    """

    @property
    def vocab_size(self) -> int: ...

    @property
    def bos(self) -> int | None: ...

    @property
    def eos_token_id(self) -> int | None: ...

    @property
    def default_prompt(self) -> str: ...

    def encode(self, text: str, bos: bool = False, eos: bool = False) -> list[int]: ...

    def decode(self, tokens: Iterable[int]) -> str: ...

    def token_text(self, token: int) -> str: ...

    def to_dict(self) -> dict[str, Any]: ...
