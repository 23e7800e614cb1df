"""Sliders, buttons and collapsible sections, each with a name that a screen reader can say."""

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets


class LabeledSlider:
    """A slider and a number box for one number; moving either calls `on_change(number, maximum)`.

    `label(number, maximum)` is the box's label while it shows that number, such as "top-k (off)";
    `maximum` is the box's. Assigning `value` moves both and calls nothing. The box is there because
    a slider alone has no name for a screen reader.
    """

    def __init__(
        self,
        label: Callable[[float, float], str],
        minimum: float,
        maximum: float,
        step: float,
        on_change: Callable[[float, float], None],
    ):
        self.label, self.on_change, self.step = label, on_change, step
        is_integer = step == 1
        slider_type = ipywidgets.IntSlider if is_integer else ipywidgets.FloatSlider
        box_type = ipywidgets.BoundedIntText if is_integer else ipywidgets.BoundedFloatText
        self._value: float = minimum
        self._setting_thread: int | None = None  # the one that is assigning `value`, if any
        self.slider = slider_type(
            value=minimum, min=minimum, max=maximum, step=step, readout=False,
            layout={"width": "176px", "margin": "0 0 4px 6px"},
        )  # fmt: skip
        self.box = box_type(
            value=minimum, min=minimum, max=maximum, step=step,
            description=label(minimum, maximum), layout={"width": "196px"},
            style={"description_width": "130px"},
        )  # fmt: skip
        self.slider.observe(self._on_slider, "value")
        self.box.observe(self._on_box, "value")
        self.widget = ipywidgets.VBox([self.box, self.slider])
        self.widget.add_class("mg-slider")

    def _on_slider(self, change: Any) -> None:
        # The slider may end before the box does; its right end then stands for the box's.
        is_at_end = change["new"] == self.slider.max
        shown = self._slider_position(self._value)
        self._on_move(self.box.max if is_at_end else change["new"], shown)

    def _on_box(self, change: Any) -> None:
        self._on_move(change["new"], self._value)

    def _on_move(self, number: float, shown: float) -> None:
        """Call `on_change`, unless the number comes from here: `shown` is what was assigned."""
        if self._setting_thread == threading.get_ident():
            return
        number = round(number, 3)
        if number not in (round(self._value, 3), round(shown, 3)):
            self.on_change(number, self.box.max)

    def _slider_position(self, number: float) -> float:
        """The position on the slider's grid, equal in every digit to what the browser sends.

        19 · 0.05 is not 0.95, and the difference would be sent back, over a key pressed meanwhile.
        """
        steps = round((number - self.slider.min) / self.step)
        return min(round(self.slider.min + steps * self.step, 3), self.slider.max)

    @property
    def value(self) -> float:
        """The number that is shown."""
        return self._value

    @value.setter
    def value(self, number: float) -> None:
        self._setting_thread = threading.get_ident()
        try:
            self._value = number
            self.box.description = self.label(number, self.box.max)
            self.box.value = number
            self.slider.value = self._slider_position(number)
        finally:
            self._setting_thread = None

    def set_maximum(self, slider_maximum: float, box_maximum: float) -> None:
        """Move the right ends of slider and box; a value beyond them moves along."""
        if (self.slider.max, self.box.max) != (slider_maximum, box_maximum):
            self._setting_thread = threading.get_ident()
            try:
                self._value = min(self._value, box_maximum)
                self.slider.max, self.box.max = slider_maximum, box_maximum
            finally:
                self._setting_thread = None


def button(text: str, on_click: Callable[[], None], tooltip: str = "") -> ipywidgets.Button:
    """A button that calls `on_click()`."""
    widget = ipywidgets.Button(description=text, tooltip=tooltip, layout={"width": "auto"})
    widget.on_click(lambda _: on_click())
    return widget


class Collapsible:
    """A button that shows and hides `content`; `on_toggle()` is called at both, and may fill it."""

    def __init__(self, title: str, content: ipywidgets.Widget, on_toggle: Callable[[], None]):
        self.title, self.content, self.on_toggle = title, content, on_toggle
        self.toggle = ipywidgets.ToggleButton(
            value=False, description=f"{title} ▸", layout={"width": "auto"}
        )
        self.content.layout.display = "none"
        self.toggle.observe(self._on_toggle, "value")

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return bool(self.toggle.value)

    def _on_toggle(self, change: Any) -> None:
        self.toggle.description = f"{self.title} {'▾' if change['new'] else '▸'}"
        self.content.layout.display = "" if change["new"] else "none"
        self.on_toggle()
