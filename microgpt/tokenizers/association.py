"""The tokenizer that a model was trained or loaded with, known as long as the model lives.

A model alone does not tell how it reads text. What knows it (a trainer, a checkpoint) says so here,
so that nobody reads the model with another vocabulary of the same size.
"""

from typing import Any
from weakref import WeakKeyDictionary

from microgpt.errors import SettingError
from microgpt.tokenizers.base import Tokenizer

_tokenizers: WeakKeyDictionary[Any, Tokenizer] = WeakKeyDictionary()


def associate(model: Any, tokenizer: Tokenizer) -> None:
    """Remember that `model` reads text with `tokenizer`; an earlier association is replaced."""
    _tokenizers[model] = tokenizer


def associated_tokenizer(model: Any) -> Tokenizer | None:
    """Return the tokenizer that `model` was trained or loaded with; None if it is not known."""
    return _tokenizers.get(model)


def same_tokens(first: Tokenizer, second: Tokenizer) -> bool:
    """Whether two tokenizers have the same tokens under the same ids."""
    return first is second or _tokens(first) == _tokens(second)


def _tokens(tokenizer: Tokenizer) -> dict[str, Any]:
    description = dict(tokenizer.to_dict())
    description.pop("counts", None)  # how often a merge occurred in training changes no token
    return description


def resolve_tokenizer(model: Any, tokenizer: Tokenizer | None) -> Tokenizer | None:
    """Return `tokenizer`, by default the associated one; SettingError if their tokens differ."""
    known = associated_tokenizer(model)
    if tokenizer is None or known is None:
        return known if tokenizer is None else tokenizer
    if not same_tokens(known, tokenizer):
        raise SettingError(
            "tokenizer",
            f"the one that the model was trained with, {known}",
            tokenizer,
            ("leave it out", "train a new model"),
        )
    return tokenizer
