"""`SizeControls`: a preset, sliders and switches for the settings of a model that is counted."""

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets

from microgpt.config import CHOICES, PRESETS
from microgpt.widgets.controls import YOUR_OWN, LabeledSlider, box
from microgpt.widgets.size_state import SizeState

# Setting -> label, minimum, maximum and step of its slider.
SLIDERS = {
    "n_layer": ("Layers", 1, 48, 1),
    "n_head": ("Heads", 1, 48, 1),
    "n_embd": ("Width", 16, 1600, 16),
    "block_size": ("Block size", 16, 2048, 16),
    "vocab_size": ("Vocabulary", 2, 60_000, 1),
}
SWITCHES = {"tie_weights": "head tied to the token table", "bias": "biases"}
NORMS = {"rmsnorm": "RMSNorm", "layernorm": "LayerNorm"}


class SizeControls:
    """The controls in a `box`; they call `on_setting(name, value)` and `on_preset(name)`.

    `observe` is the panel's, which does not call back while `show` sets the controls.
    `state` is shown first; its settings may lie beyond the sliders' ends.
    """

    def __init__(
        self,
        observe: Callable[[ipywidgets.Widget, Callable[[Any], None]], None],
        on_setting: Callable[[str, Any], None],
        on_preset: Callable[[str], None],
        state: SizeState,
    ):
        self.preset_select = ipywidgets.Dropdown(
            options=[(YOUR_OWN, ""), *((name, name) for name in PRESETS)], description="Preset"
        )
        self.sliders = {name: _slider(name, on_setting, state) for name in SLIDERS}
        width = self.sliders["n_embd"].slider
        self._width_ends = width.min, width.max
        self.switches = {name: ipywidgets.ToggleButton() for name in SWITCHES}
        self.norm_select = ipywidgets.Dropdown(
            options=[(NORMS[name], name) for name in CHOICES["norm"]], description="Norm"
        )
        observe(self.preset_select, lambda name: on_preset(name) if name else None)
        observe(self.norm_select, partial(on_setting, "norm"))
        for name, switch in self.switches.items():
            observe(switch, partial(on_setting, name))
        self.box = box(
            "mg-size-set",
            [
                box("mg-row mg-kinds", [self.preset_select, self.norm_select,
                                        *self.switches.values()]),
                box("mg-dials", [slider.widget for slider in self.sliders.values()]),
            ],
        )  # fmt: skip

    def show(self, state: SizeState, is_waiting: Callable[[str], bool]) -> None:
        """Show the settings, refused ones too, except those whose moves wait to be drawn."""
        self.preset_select.value = state.preset
        self.norm_select.value = state.get("norm")
        self._follow_heads(state.get("n_head"))
        for name, slider in self.sliders.items():
            if not is_waiting(name):
                slider.value = state.get(name)
        for name, switch in self.switches.items():
            switch.value = state.get(name)
            switch.description = f"{'☑' if switch.value else '☐'} {SWITCHES[name]}"

    def _follow_heads(self, num_heads: int) -> None:
        """Let the width's slider go in multiples of the heads: no other width is a model's."""
        low, high = self._width_ends
        low, high = max(num_heads, low // num_heads * num_heads), high // num_heads * num_heads
        self.sliders["n_embd"].set_grid(low, high, num_heads)


def _slider(name: str, on_setting: Callable[[str, Any], None], state: SizeState) -> LabeledSlider:
    label, minimum, maximum, step = SLIDERS[name]
    first = state.get(name)
    return LabeledSlider(
        lambda number, _: label,
        min(minimum, first),
        max(maximum, first),
        step,
        lambda number, _: on_setting(name, int(number)),
    )
