"""The sliders of the sampling parameters: ranges, labels, and the positions that mean "off"."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.widgets.controls import LabeledSlider

MAX_SLIDER_TOP_K = 100  # in a larger vocabulary, the slider has one more position: off


@dataclass(frozen=True)
class SliderSpec:
    """How a slider shows a field of `SampleConfig`; at position `off` the parameter has no effect.

    `off_value` is the value that the sampler gets at that position.
    """

    label: str
    minimum: float
    maximum: float
    step: float
    off: float
    off_value: Any

    def is_off(self, position: float, maximum: float) -> bool:
        """Whether the parameter has no effect at a position."""
        return position == self.off

    def label_at(self, position: float, maximum: float) -> str:
        """Return the label at a position, such as "Temperature (greedy)" at 0."""
        return self.label

    def to_param(self, position: float, maximum: float) -> Any:
        """Convert a slider position to the sampler's value."""
        return self.off_value if position == self.off else position

    def show(self, slider: LabeledSlider, param: Any, vocab_size: int) -> None:
        """Move the slider to the position of the sampler's value."""
        slider.value = self.off if param == self.off_value else param
        slider.set_off(self.is_off(slider.value, slider.box.max))


@dataclass(frozen=True)
class TemperatureSpec(SliderSpec):
    """The temperature, which is never off; at 0 sampling is greedy."""

    def label_at(self, position: float, maximum: float) -> str:
        return f"{self.label} (greedy)" if position == 0 else self.label


@dataclass(frozen=True)
class TopKSpec(SliderSpec):
    """top-k, which is off at the maximum, the vocabulary size."""

    def is_off(self, position: float, maximum: float) -> bool:
        return position >= maximum

    def to_param(self, position: float, maximum: float) -> Any:
        return None if position >= maximum else int(position)

    def show(self, slider: LabeledSlider, param: Any, vocab_size: int) -> None:
        V = vocab_size
        slider.set_maximum(V if V <= MAX_SLIDER_TOP_K else MAX_SLIDER_TOP_K + 1, V)
        slider.value = V if param is None else min(param, V)
        slider.set_off(self.is_off(slider.value, slider.box.max))


SLIDERS: dict[str, SliderSpec] = {
    "temperature": TemperatureSpec("Temperature", 0.0, 2.0, 0.05, -1.0, None),
    "top_k": TopKSpec("top-k", 1, MAX_SLIDER_TOP_K, 1, -1, None),
    "top_p": SliderSpec("top-p", 0.05, 1.0, 0.01, 1.0, None),
    "min_p": SliderSpec("min-p", 0.0, 0.5, 0.01, 0.0, 0.0),
}


def check_in_range(params: SampleConfig) -> SampleConfig:
    """Return the parameters; raise SettingError if a slider cannot show one of them."""
    for name, spec in SLIDERS.items():
        value = getattr(params, name)
        if isinstance(spec, TopKSpec) or value == spec.off_value:
            continue
        if not spec.minimum <= value <= spec.maximum:
            raise SettingError(
                name, f"from {spec.minimum:g} to {spec.maximum:g} to be shown", value
            )
    return params


def make_sampling_sliders(on_change: Callable[[str, Any], None]) -> dict[str, LabeledSlider]:
    """Make the four sliders; moving one calls `on_change(name, param)`."""

    def make(name: str, spec: SliderSpec) -> LabeledSlider:
        return LabeledSlider(
            spec.label_at, spec.minimum, spec.maximum, spec.step,
            lambda position, maximum: on_change(name, spec.to_param(position, maximum)),
        )  # fmt: skip

    return {name: make(name, spec) for name, spec in SLIDERS.items()}
