"""Pictures as pure functions: plain data in, SVG text or a matplotlib figure out.

Nothing here loads, runs, trains or times a model; `microgpt.widgets` does, and calls this.
"""

import importlib
from typing import Any

# Public name -> module; imported on first use, because matplotlib is slow to import.
_PUBLIC = {
    "plot_layers": "layers",
    "plot_losses": "losses",
    "plot_scaling_law": "scaling_law",
}

__all__ = ["plot_layers", "plot_losses", "plot_scaling_law"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'microgpt.viz' has no attribute {name!r}")
    return getattr(importlib.import_module(f"microgpt.viz.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
