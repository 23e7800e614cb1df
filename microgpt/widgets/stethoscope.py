"""`Stethoscope`: the gradients of an expression, passed back through its graph edge by edge."""

import threading
from collections.abc import Callable
from numbers import Real
from typing import Any

import ipywidgets

from microgpt.errors import SettingError
from microgpt.viz.html import Rendered
from microgpt.viz.order_names import ORDER_NAMES
from microgpt.viz.stethoscope import draw_replay, render_replay, replay_table
from microgpt.widgets.controls import LabeledSlider, box, button
from microgpt.widgets.panel import Panel
from microgpt.widgets.stethoscope_state import MAX_VALUE, StethoscopeState, start_state

STEP = 0.05  # of the slider
NEURON = "(tanh(w*x + b) - t)**2"
# Title -> (expression, values of its leaves).
EXAMPLES: dict[str, tuple[str, dict[str, float]]] = {
    "a neuron": (NEURON, {"w": 0.5, "x": 2.0, "b": -0.4, "t": 0.2}),
    "a*a": ("a*a", {"a": 3.0}),
    "b = a+a; b+b": ("b = a+a; b+b", {"a": 2.0}),
    "c = a*b; c*a + c": ("c = a*b; c*a + c", {"a": 2.0, "b": 3.0}),
    "c = a*b; c + c*a": ("c = a*b; c + c*a", {"a": 2.0, "b": 3.0}),
    "relu(x) at 0": ("relu(x)", {"x": 0.0}),
}


class Stethoscope(Panel):
    """A live view of the chain rule: a graph whose gradients arrive edge by edge, beside measuring.

    `expression` may have names, numbers, + - * /, ** with a constant power, tanh, exp, log, relu,
    and steps with names, as in "c = a*b; c*a + c": at most 4 leaves and 15 nodes. `values` are
    those of its leaves, from -5 to 5. `toggles` adds what goes wrong: to forget to accumulate, and
    other orders of the backward pass. Raises SettingError for an expression outside this language.
    """

    def __init__(self, expression: str = NEURON, *, toggles: bool = False, **values: float):
        if expression == NEURON:
            values = EXAMPLES["a neuron"][1] | values
        for name, value in values.items():
            if not isinstance(value, Real) or not -MAX_VALUE <= value <= MAX_VALUE:
                expected = f"a number from {-MAX_VALUE:g} to {MAX_VALUE:g}, to be shown"
                raise SettingError(name, expected, value)
        state = start_state(expression, values)
        if unknown := sorted(set(values) - set(state.expression.leaves)):
            raise SettingError(
                "The name of a value", got=unknown[0], choices=state.expression.leaves
            )
        self._sync_thread: int | None = None  # the thread that sets controls from the state
        self._make_controls(state, toggles)
        super().__init__(
            state,
            self._render,
            lambda state: draw_replay(state.view, state.expression.source),
            css_class="stethoscope",
            controls=self._lay_out(toggles),
            numbers_table=lambda state: replay_table(state.view),
            arguments=(expression, tuple(sorted(values.items())), toggles),
        )

    def _render(self, state: StethoscopeState, before: StethoscopeState | None) -> Rendered:
        return render_replay(state.view, None if before is None else before.view)

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, state: StethoscopeState, toggles: bool) -> None:
        self.expression_box = ipywidgets.Text(
            value=state.expression.source, description="Expression", continuous_update=False
        )
        self.use_button = button(
            "Use", lambda: self._on_expression(self.expression_box.value), "take this expression"
        )
        titles = [("your own", ""), *((title, title) for title in EXAMPLES)]
        self.example_select = ipywidgets.Dropdown(options=titles, value="", description="Example")
        self.leaf_select = ipywidgets.Dropdown(
            options=[(name, index) for index, name in enumerate(state.expression.leaves)],
            value=0, description="Leaf",
        )  # fmt: skip
        self.slider = LabeledSlider(
            lambda number, maximum: f"{self.leaf_select.label} =", -MAX_VALUE, MAX_VALUE, STEP,
            lambda number, maximum: self._on_value(number),
        )  # fmt: skip
        self.back_button = button(
            "Back", lambda: self._change(StethoscopeState.previous_step), "one edge back"
        )
        self.next_button = button(
            "Next edge", lambda: self._change(StethoscopeState.next_step),
            "pass a gradient back along the next edge", "primary",
        )  # fmt: skip
        self.end_button = button(
            "To the end", lambda: self._change(StethoscopeState.at_end), "all edges at once"
        )
        self.order_select = ipywidgets.Dropdown(options=ORDER_NAMES, description="Order")
        self.forget_toggle = ipywidgets.ToggleButton(description=_forget_label(False))
        for widget, on_change in (
            (self.expression_box, self._on_expression),
            (self.example_select, self._on_example),
            (self.leaf_select, lambda leaf: self._change(StethoscopeState.with_leaf, leaf)),
            (self.order_select, lambda order: self._change(StethoscopeState.with_order, order)),
            (
                self.forget_toggle,
                lambda forget: self._change(StethoscopeState.with_accumulates, not forget),
            ),
        ):
            widget.observe(self._unless_syncing(on_change), "value")

    def _unless_syncing(self, on_change: Callable[[Any], None]) -> Callable[[Any], None]:
        def on_value(change: Any) -> None:
            if self._sync_thread != threading.get_ident():  # else it was set from the state
                on_change(change["new"])

        return on_value

    def _lay_out(self, toggles: bool) -> list[ipywidgets.Widget]:
        bugs = [box("mg-bugs", [self.order_select, self.forget_toggle])] if toggles else []
        return [
            box("mg-ask", [self.expression_box, self.use_button, self.example_select]),
            box("mg-act", [self.back_button, self.next_button, self.end_button]),
            box("mg-set", [self.leaf_select, self.slider.widget]),
            *bugs,
        ]

    # -- callbacks ------------------------------------------------------------------------------

    def _change(self, function: Callable[..., StethoscopeState], *args: Any) -> None:
        self.update(function, *args)
        self.draw_still_later()

    def _on_expression(self, source: str) -> None:
        self._change(StethoscopeState.with_expression, source)

    def _on_example(self, title: str) -> None:
        if title:
            self._change(StethoscopeState.with_example, *EXAMPLES[title])
        else:  # there is nothing to show: show again what is
            self.redraw()

    def _on_value(self, number: float) -> None:
        self.on_move("value", StethoscopeState.with_value, number)
        self.draw_still_later()

    def settle(self) -> None:
        """Draw the curve around the leaf, and the still picture of the current state.

        While a slider is dragged, axes that follow it would hide how the leaf moves.
        """
        if not self.message and self.state.centre != self.state.leaf_value:
            self.update(StethoscopeState.centred)
        super().settle()

    def sync_controls(self) -> None:
        """Show the state in the controls; leave what was refused for the user to mend."""
        state = self.state
        self._sync_thread = threading.get_ident()
        try:
            leaves = [(name, index) for index, name in enumerate(state.expression.leaves)]
            if self.leaf_select.options != tuple(leaves):
                self.leaf_select.options = leaves
            self.leaf_select.value = state.leaf
            self.order_select.value = state.order
            self.forget_toggle.value = not state.accumulates
            if not self.message:
                self.expression_box.value = state.expression.source
                self.example_select.value = _example_of(state)
        finally:
            self._sync_thread = None
        self.forget_toggle.description = _forget_label(not state.accumulates)
        if not self.message and not self.is_waiting("value"):
            self.slider.value = state.leaf_value
        is_at_end = state.position is None
        self.next_button.description = "Start over" if is_at_end else "Next edge"
        self.back_button.disabled = state.position == 0
        self.end_button.disabled = is_at_end
        self.fill_open_sections()


def _example_of(state: StethoscopeState) -> str:
    """Return the title of the example that the state shows, "" if it shows none."""
    source = state.expression.source
    return next((title for title, (example, _) in EXAMPLES.items() if example == source), "")


def _forget_label(is_on: bool) -> str:
    return f"{'☑' if is_on else '☐'} Forget to accumulate"
