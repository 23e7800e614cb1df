"""Pictures as pure functions: plain data in, SVG text or a matplotlib figure out.

Nothing here loads, runs, trains or times a model: `microgpt.widgets` computes and draws with these.
"""

import importlib
from typing import Any

# Public name -> module; loaded on first use, because matplotlib takes its time.
_PUBLIC = {"plot_losses": "losses"}

__all__ = ["plot_losses"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'microgpt.viz' has no attribute {name!r}")
    return getattr(importlib.import_module(f"microgpt.viz.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
