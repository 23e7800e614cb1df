"""Configurations: a model's architecture, its training, sampling."""

from dataclasses import fields
from typing import Any

from microgpt.config.model import CHOICES, PRESETS, GPTConfig
from microgpt.config.sampling import SampleConfig
from microgpt.config.training import TrainConfig
from microgpt.errors import SettingError

__all__ = ["CHOICES", "PRESETS", "GPTConfig", "SampleConfig", "TrainConfig", "from_dict"]


def from_dict(config_class: type, values: dict[str, Any]) -> Any:
    """A configuration from a dictionary out of a file; raises on a field that it does not have."""
    names = sorted(field.name for field in fields(config_class))
    unknown = [name for name in values if name not in names]
    if unknown:
        field = f"a field of {config_class.__name__}"
        raise SettingError(field, got=unknown[0], choices=names)
    return config_class(**values)
