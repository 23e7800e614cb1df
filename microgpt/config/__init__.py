"""What can be chosen: the shape of a model, how it trains, how it is sampled."""

from dataclasses import fields
from typing import Any

from microgpt.config.model import CHOICES, PRESETS, GPTConfig
from microgpt.config.sampling import SampleConfig
from microgpt.config.training import TrainConfig
from microgpt.errors import SettingError

__all__ = ["CHOICES", "PRESETS", "GPTConfig", "SampleConfig", "TrainConfig", "from_dict"]


def from_dict(kind: type, values: dict[str, Any]) -> Any:
    """A configuration from a dictionary out of a file; unknown fields are named."""
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingError(
            f"{kind.__name__} has no field {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
    return kind(**values)
