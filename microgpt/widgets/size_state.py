"""`SizeState`: the settings of a model whose size is shown."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from microgpt.config import PRESETS, GPTConfig
from microgpt.errors import SettingError
from microgpt.viz.residual_ledger import SizePicture
from microgpt.widgets.model_size import model_size

# The settings that have a control; all others are those of the preset, or of the model.
SETTINGS = (
    "n_layer", "n_head", "n_embd", "block_size", "vocab_size", "tie_weights", "bias", "norm",
)  # fmt: skip


@dataclass(frozen=True)
class SizeState:
    """The config that is counted, and the settings as the controls show them.

    They differ where a setting was refused: `refusal` says why.
    """

    config: GPTConfig
    settings: tuple[tuple[str, Any], ...]
    refusal: str = ""

    @cached_property
    def view(self) -> SizePicture:
        """The size, as plain data."""
        c = self.config
        return SizePicture(model_size(c), c.n_layer, c.n_embd, c.block_size, self.refusal)

    def get(self, name: str) -> Any:
        """Return a setting as its control shows it."""
        return dict(self.settings)[name]

    def with_setting(self, name: str, value: Any) -> "SizeState":
        """Change one setting; what makes no model is kept to be mended, with a sentence."""
        settings = dict(self.settings) | {name: value}
        try:
            config = replace(self.config, **settings)
        except SettingError as error:
            refusal = str(error)
            if settings["n_embd"] % settings["n_head"]:
                refusal = (
                    f"A width of {settings['n_embd']:,} cannot be shared out evenly among "
                    f"{settings['n_head']} heads: choose a width that is a multiple of "
                    f"{settings['n_head']}, or another number of heads."
                )
            return SizeState(self.config, tuple(settings.items()), refusal)
        return size_of(config)

    @property
    def preset(self) -> str:
        """The name of the preset with these settings, "" if there is none."""
        if self.refusal:
            return ""
        shown = (name for name, config in PRESETS.items() if size_of(config).is_like(self))
        return next(shown, "")

    def is_like(self, other: "SizeState") -> bool:
        """Whether both have the same heads and parameters."""
        mine, its = self.config, other.config
        return (mine.n_head, mine.parameter_shapes()) == (its.n_head, its.parameter_shapes())


def size_of(config: GPTConfig) -> SizeState:
    """Return the state of a config."""
    return SizeState(config, tuple((name, getattr(config, name)) for name in SETTINGS))
