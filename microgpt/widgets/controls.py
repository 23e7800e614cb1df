"""Controls with names: a slider has none for a screen reader, so each has a labelled number box."""

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets


class Dial:
    """A slider and a number box for one number; `moved(number, most)` hears when either moves.

    `label(number, most)` is what the box is called while it shows that number, such as
    "top-k (off)"; `most` is the box's right end. Setting `value` moves both and calls nothing.
    """

    def __init__(
        self,
        label: Callable[[float, float], str],
        least: float,
        most: float,
        step: float,
        moved: Callable[[float, float], None],
    ):
        self.label, self.moved, self.step = label, moved, step
        whole = step == 1
        make_slider = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        make_box = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
        self._value: float = least
        self._setter: int | None = None  # the thread that is setting the value, if one is
        self.slider = make_slider(
            value=least, min=least, max=most, step=step, readout=False,
            layout={"width": "176px", "margin": "0 0 4px 6px"},
        )  # fmt: skip
        self.box = make_box(
            value=least, min=least, max=most, step=step, description=label(least, most),
            layout={"width": "196px"}, style={"description_width": "130px"},
        )  # fmt: skip
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")
        self.widget = ipywidgets.VBox([self.box, self.slider])
        self.widget.add_class("mg-dial")

    def _slid(self, change: Any) -> None:
        # A slider may end before the box does; its own right end stands for the box's.
        at_end = change["new"] == self.slider.max
        self._take(self.box.max if at_end else change["new"], self.slider)

    def _typed(self, change: Any) -> None:
        self._take(change["new"], self.box)

    def _take(self, number: float, moved: Any) -> None:
        if self._setter == threading.get_ident():
            return
        # A value set from here comes back as an echo, from a slider on its grid: no move.
        shown = self._on_slider(self._value) if moved is self.slider else self._value
        number = round(number, 3)
        if number not in (round(self._value, 3), round(shown, 3)):
            self.moved(number, self.box.max)

    def _on_slider(self, number: float) -> float:
        """Where the slider stands for it: to the digit what the browser says of that place.

        19 · 0.05 is not 0.95, and the difference would be sent back, over a key pressed meanwhile.
        """
        steps = round((number - self.slider.min) / self.step)
        return min(round(self.slider.min + steps * self.step, 3), self.slider.max)

    @property
    def value(self) -> float:
        """The number as it is shown."""
        return self._value

    @value.setter
    def value(self, number: float) -> None:
        self._setter = threading.get_ident()
        try:
            self._value = number
            self.box.description = self.label(number, self.box.max)
            self.box.value = number
            self.slider.value = self._on_slider(number)
        finally:
            self._setter = None

    def bounds(self, most: float, box_most: float) -> None:
        """Give slider and box other right ends."""
        if (self.slider.max, self.box.max) != (most, box_most):
            self._setter = threading.get_ident()
            try:
                self._value = min(self._value, box_most)
                self.slider.max, self.box.max = most, box_most
            finally:
                self._setter = None


def button(text: str, pressed: Callable[[], None], tooltip: str = "") -> ipywidgets.Button:
    """A button that calls `pressed()`."""
    made = ipywidgets.Button(description=text, tooltip=tooltip, layout={"width": "auto"})
    made.on_click(lambda _: pressed())
    return made


class Fold:
    """A button that shows and hides a part; `opened()` hears of both, and may fill it."""

    def __init__(self, title: str, part: ipywidgets.Widget, opened: Callable[[], None]):
        self.title, self.part, self.opened = title, part, opened
        self.toggle = ipywidgets.ToggleButton(
            value=False, description=f"{title} ▸", layout={"width": "auto"}
        )
        self.part.layout.display = "none"
        self.toggle.observe(self._toggled, "value")

    @property
    def open(self) -> bool:
        """Whether the part is shown."""
        return bool(self.toggle.value)

    def _toggled(self, change: Any) -> None:
        self.toggle.description = f"{self.title} {'▾' if change['new'] else '▸'}"
        self.part.layout.display = "" if change["new"] else "none"
        self.opened()
