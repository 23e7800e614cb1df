"""Models: `GPT` on tensors, `ScalarGPT` on scalars, `NGram` by counting, `MLP` on a few tokens.

`QuantizedGPT` keeps the matrices of a `GPT` as bfloat16 or int8, to read and to generate. `TapeGPT`
computes what `ScalarGPT` does, on a tape of scalars; `TableOfLogits` is a bigram model whose logits
are given or trained.
"""

import importlib
from typing import Any

_PUBLIC = {
    "GPT": "gpt",
    "ContextModel": "context_model",
    "MLP": "mlp",
    "NGram": "ngram",
    "QuantizedGPT": "quantized_gpt",
    "ScalarGPT": "scalar_gpt",
    "TableOfLogits": "table_of_logits",
    "TapeGPT": "tape_gpt",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'microgpt.models' has no attribute {name!r}")
    return getattr(importlib.import_module(f"microgpt.models.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
