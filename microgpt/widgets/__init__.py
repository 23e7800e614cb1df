"""Live notebook views: they run models and give plain data to the drawing functions of `viz`.

Names are imported on first use, because the views need ipywidgets and the modules that hold their
state do not.
"""

import importlib
from typing import Any

# Public name -> module. The last three are no panels, or only some of the time.
_PUBLIC = {
    "CircuitFormation": "circuit_formation",
    "EditableAttention": "editable_attention",
    "FlightRecorder": "flight_recorder",
    "GuessNext": "guess_next",
    "MergeTimeMachine": "merge_time_machine",
    "Neighbourhood": "neighbourhood",
    "NetworkDiagram": "network_diagram",
    "ResidualLedger": "residual_ledger",
    "SamplingExplorer": "sampling_explorer",
    "ScoredGuess": "scored_guess",
    "Stethoscope": "stethoscope",
    "TextLikelihood": "text_likelihood",
    "ThreadTheatre": "thread_theatre",
    "TrainingMonitor": "training_monitor",
    "XRay": "xray",
    "Panel": "panel",
    "errors": "panel",
    "forward_pass": "forward_pass_view",
    "gpu_crossover": "gpu_products",
    "gpu_ladder": "gpu_products",
    "kv_cache_timing": "kv_cache_benchmark",
    "product_ladder": "gpu_products",
    "sample_table": "sampled_texts",
    "shapes": "shape_ledger",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'microgpt.widgets' has no attribute {name!r}")
    return getattr(importlib.import_module(f"microgpt.widgets.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
