"""Configuration dataclasses of the model, of training and of sampling."""

from dataclasses import fields
from typing import Any

from microgpt.config.model import CHOICES, PRESETS, GPTConfig
from microgpt.config.sampling import SampleConfig
from microgpt.config.training import TrainConfig
from microgpt.errors import SettingError

__all__ = ["CHOICES", "PRESETS", "GPTConfig", "SampleConfig", "TrainConfig", "from_dict"]


def from_dict(config_class: type, values: dict[str, Any]) -> Any:
    """Build a configuration from a dictionary read from a file; raise on an unknown field."""
    names = sorted(field.name for field in fields(config_class))
    unknown = [name for name in values if name not in names]
    if unknown:
        field = f"a field of {config_class.__name__}"
        raise SettingError(field, got=unknown[0], choices=names)
    return config_class(**values)
