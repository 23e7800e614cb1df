"""Sliders, buttons and collapsible sections that are labelled for screen readers."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import ipywidgets

YOUR_OWN = "your own"  # in a menu of examples: what is shown is none of them


class EchoGuard:
    """Tells a control that Python sets from one that a reader moves: set it in `with guard:`.

    The callbacks of ipywidgets run on the thread that sets, so `is_setting` asks for this thread
    only: meanwhile another may bring a move.
    """

    def __init__(self) -> None:
        self._thread: int | None = None

    @property
    def is_setting(self) -> bool:
        """Whether this thread is inside `with guard:`."""
        return self._thread == threading.get_ident()

    def __enter__(self) -> None:
        self._thread = threading.get_ident()

    def __exit__(self, *error: Any) -> None:
        self._thread = None


class _NumberControl(ipywidgets.DOMWidget):
    """A number that a reader may move while another thread sets it.

    ipywidgets reads a message in several steps: it echoes the number, holds back who is told of
    changes, sets it, tells. If another thread set an older number in between, the two would become
    one change, to the older, and the reader's move would be lost: what sets the number must hold
    `lock`. Calls that the move makes come once it is read, without the lock, since they may wait
    for a thread that waits for it.
    """

    lock: threading.RLock

    def __init__(self, **traits: Any):
        self.lock = threading.RLock()
        self._calls: list[Callable[[], None]] | None = None  # while a message is read
        super().__init__(**traits)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        with self.lock:
            calls: list[Callable[[], None]] = []
            self._calls = calls
            try:
                super().set_state(sync_data)
            finally:
                self._calls = None
        for call in calls:
            call()

    def call_when_read(self, call: Callable[[], None]) -> None:
        """Call at the end of the message that is being read, now if there is none."""
        if self._calls is None:
            call()
        else:
            self._calls.append(call)


class _IntSlider(_NumberControl, ipywidgets.IntSlider):
    pass


class _FloatSlider(_NumberControl, ipywidgets.FloatSlider):
    pass


class _IntBox(_NumberControl, ipywidgets.BoundedIntText):
    pass


class _FloatBox(_NumberControl, ipywidgets.BoundedFloatText):
    pass


class LabeledSlider:
    """A slider and a box for one number; moving either calls `on_change(number, maximum)`.

    `label(number, maximum)` returns the box's label for that number, such as "Temperature
    (greedy)"; `maximum` is the maximum of the box. Assigning `value` moves both without calling
    `on_change`. The box is needed because a slider alone has no label that a screen reader could
    say. It shows the shortest form of a number, 0.9 beside 0.85: ipywidgets' number boxes have no
    format, and a text box, which has one, would lose the arrow keys, the limits and the name
    "spin button". Captions and pictures show two decimals.
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
        is_integer = isinstance(step, int)
        slider_type = _IntSlider if is_integer else _FloatSlider
        box_type = _IntBox if is_integer else _FloatBox
        self._value: float = minimum
        self._guard = EchoGuard()
        self.is_off = False
        self.slider = slider_type(
            value=minimum, min=minimum, max=maximum, step=step, readout=False
        )  # fmt: skip
        self.box = box_type(
            value=minimum, min=minimum, max=maximum, step=step,
            description=label(minimum, maximum),
        )  # fmt: skip
        self.slider.observe(self._on_slider, "value")
        self.box.observe(self._on_box, "value")
        self.widget = ipywidgets.VBox([self.box, self.slider])
        self.widget.add_class("mg-slider")

    def _on_slider(self, change: Any) -> None:
        # The slider's maximum may be below the box's: its right end then means the box's maximum.
        is_at_end = change["new"] == self.slider.max
        number = self.box.max if is_at_end else change["new"]
        shown = self._value, self._slider_position(self._value)
        self._on_move(self.slider, number, shown)

    def _on_box(self, change: Any) -> None:
        self._on_move(self.box, change["new"], (self._value,))

    def _on_move(self, moved: _NumberControl, number: float, shown: Sequence[float]) -> None:
        """Call `on_change`, unless `number` only echoes what was `shown` from Python."""
        if self._guard.is_setting:
            return
        number = round(number, 3)
        if number not in [round(one, 3) for one in shown]:
            # `on_change` may answer later, and the next move be back again.
            self._value = number
            moved.call_when_read(partial(self.on_change, number, self.box.max))

    def _slider_position(self, number: float) -> float:
        """Round a number to the slider's grid, to exactly the digits that the browser sends back.

        In floats 19 · 0.05 is not 0.95. The browser would send its rounded number back as a change,
        which could overwrite a key pressed in the meantime.
        """
        steps = round((number - self.slider.min) / self.step)
        position = round(self.slider.min + steps * self.step, 3)
        return min(max(position, self.slider.min), self.slider.max)

    @contextmanager
    def _setting(self) -> Iterator[None]:
        with self.slider.lock, self.box.lock, self._guard:
            yield

    @property
    def value(self) -> float:
        """The number shown."""
        return self._value

    @value.setter
    def value(self, number: float) -> None:
        with self._setting():
            self._value = number
            self.box.description = self.label(number, self.box.max)
            self.box.value = number
            position = self._slider_position(number)
            if abs(position - self.slider.value) > 1e-9:  # else only the browser's digits differ
                self.slider.value = position

    def set_off(self, is_off: bool) -> None:
        """Make the slider look as if it had no effect, or as usual; "off" is read out, too."""
        self.is_off = is_off
        (self.widget.add_class if is_off else self.widget.remove_class)("mg-off")

    def set_maximum(self, slider_maximum: float, box_maximum: float) -> None:
        """Set the maxima of slider and box; a value above the box's maximum is reduced to it."""
        if (self.slider.max, self.box.max) != (slider_maximum, box_maximum):
            with self._setting():
                self._value = min(self._value, box_maximum)
                self.slider.max, self.box.max = slider_maximum, box_maximum

    def set_grid(self, minimum: float, maximum: float, step: float) -> None:
        """Set the ends and the step of the slider; the box takes any number up to `maximum`."""
        if (self.slider.min, self.slider.max, self.step) == (minimum, maximum, step):
            return
        with self._setting():
            self.step = step
            self.slider.step = self.box.step = step
            if minimum > self.slider.max:  # never, for a moment, a minimum above the maximum
                self.slider.max, self.slider.min = maximum, minimum
            else:
                self.slider.min, self.slider.max = minimum, maximum
            self.box.max = maximum


def button(
    text: str, on_click: Callable[[], None], tooltip: str = "", look: str = ""
) -> ipywidgets.Button:
    """Make a button that calls `on_click()`; `look` is "", "primary", "quiet" or "pill"."""
    widget = ipywidgets.Button(description=text, tooltip=tooltip)
    if look:
        widget.add_class(f"mg-{look}")
    widget.on_click(lambda _: on_click())
    return widget


def mark_chosen(buttons: Mapping[Any, ipywidgets.Button], chosen: Any) -> None:
    """Show which of several buttons, given by what they choose, is the chosen one."""
    for name, one in buttons.items():
        (one.add_class if name == chosen else one.remove_class)("mg-chosen")


def example_menu(titles: Sequence[str]) -> ipywidgets.Dropdown:
    """Make a menu of examples, whose value is the title; "" is `YOUR_OWN`."""
    options = [(YOUR_OWN, ""), *((title, title) for title in titles)]
    return ipywidgets.Dropdown(options=options, value="", description="Example")


def title_of(examples: Mapping[str, Any], shown: Any) -> str:
    """Return the title of the example that is shown, "" if it is none of them."""
    return next((title for title, example in examples.items() if example == shown), "")


def box(css_classes: str, children: Sequence[ipywidgets.Widget]) -> ipywidgets.Box:
    """Make a box with CSS classes, such as "mg-act mg-row", whose rules say how it is laid out."""
    widget = ipywidgets.VBox(list(children))
    for name in css_classes.split():
        widget.add_class(name)
    return widget


class Collapsible:
    """A toggle button that shows and hides `content`.

    `on_toggle()` is called after each toggle; it may fill the content. `titles` are the button's
    texts while closed and while open; without them, they are `title` after a triangle.
    """

    def __init__(
        self,
        title: str,
        content: ipywidgets.Widget,
        on_toggle: Callable[[], None],
        titles: tuple[str, str] | None = None,
    ):
        self.titles = titles or (f"▸ {title}", f"▾ {title}")
        self.content, self.on_toggle = content, on_toggle
        self.toggle = ipywidgets.ToggleButton(value=False, description=self.titles[0])
        self.toggle.add_class("mg-quiet")
        self.content.layout.display = "none"
        self.toggle.observe(self._on_toggle, "value")

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return bool(self.toggle.value)

    def rename(self, title: str) -> None:
        """Set another title after the triangle."""
        self.titles = f"▸ {title}", f"▾ {title}"
        self.toggle.description = self.titles[self.is_open]

    def _on_toggle(self, change: Any) -> None:
        self.toggle.description = self.titles[bool(change["new"])]
        self.content.layout.display = "" if change["new"] else "none"
        self.on_toggle()
