"""`Stethoscope`: the gradients of an expression, passed back through its graph edge by edge."""

from functools import partial
from numbers import Real

import ipywidgets

from microgpt.errors import SettingError
from microgpt.viz.html import Rendered
from microgpt.viz.order_names import ORDER_NAMES
from microgpt.viz.stethoscope import (
    draw_replay,
    render_bug_legend,
    render_replay,
    replay_table,
)
from microgpt.widgets.controls import LabeledSlider, box, button, example_menu, title_of
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
SOURCES = {title: source for title, (source, _) in EXAMPLES.items()}


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
        with_expression = partial(self.change, StethoscopeState.with_expression)
        self.expression_box = ipywidgets.Text(
            value=state.expression.source, description="Expression", continuous_update=False
        )
        self.use_button = button(
            "Use", lambda: with_expression(self.expression_box.value), "take this expression"
        )
        self.example_select = example_menu(tuple(EXAMPLES))
        self.leaf_select = ipywidgets.Dropdown(
            options=[(name, index) for index, name in enumerate(state.expression.leaves)],
            value=0, description="Leaf",
        )  # fmt: skip
        self.slider = LabeledSlider(
            lambda number, maximum: f"{self.leaf_select.label} =", -MAX_VALUE, MAX_VALUE, STEP,
            lambda number, _: self.on_move("value", StethoscopeState.with_value, number),
        )  # fmt: skip
        self.back_button = button(
            "Back",
            partial(self.change, StethoscopeState.previous_step),
            "take back what the last edge brought",
        )
        self.next_button = button(
            "Next edge", partial(self.change, StethoscopeState.next_step),
            "pass a gradient back along the next edge", "primary",
        )  # fmt: skip
        self.end_button = button(
            "To the end", partial(self.change, StethoscopeState.at_end), "all edges at once"
        )
        self.order_select = ipywidgets.Dropdown(options=ORDER_NAMES, description="Order")
        self.bug_legend = ipywidgets.HTML()
        self.forget_toggle = ipywidgets.ToggleButton(description=_forget_label(False))
        self.observe(self.expression_box, with_expression)
        self.observe(self.example_select, partial(self.change, _with_example))
        self.observe(self.leaf_select, partial(self.change, StethoscopeState.with_leaf))
        self.observe(self.order_select, partial(self.change, StethoscopeState.with_order))
        self.observe(self.forget_toggle, partial(self.change, StethoscopeState.with_forgetting))

    def _lay_out(self, toggles: bool) -> list[ipywidgets.Widget]:
        bugs = (
            [box("mg-bugs", [self.order_select, self.forget_toggle, self.bug_legend])]
            if toggles
            else []
        )
        return [
            box("mg-ask", [self.expression_box, self.use_button, self.example_select]),
            box("mg-act", [self.back_button, self.next_button, self.end_button]),
            box("mg-set", [self.leaf_select, self.slider.widget]),
            *bugs,
        ]

    # -- callbacks ------------------------------------------------------------------------------

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
        leaves = [(name, index) for index, name in enumerate(state.expression.leaves)]
        if self.leaf_select.options != tuple(leaves):
            self.leaf_select.options = leaves
        self.leaf_select.value = state.leaf
        self.order_select.value = state.order
        self.forget_toggle.value = not state.accumulates
        if not self.message:
            self.expression_box.value = state.expression.source
            self.example_select.value = title_of(SOURCES, state.expression.source)
        self.bug_legend.value = f'<div class="mg">{render_bug_legend(state.view)}</div>'
        self.forget_toggle.description = _forget_label(not state.accumulates)
        if not self.message and not self.is_waiting("value"):
            self.slider.value = state.leaf_value
        is_at_end = state.position is None
        self.next_button.description = "Start over" if is_at_end else "Next edge"
        self.back_button.disabled = state.position == 0
        self.end_button.disabled = is_at_end
        self.fill_open_sections()


def _with_example(state: StethoscopeState, title: str) -> StethoscopeState:
    return state.with_example(*EXAMPLES[title]) if title else state


def _forget_label(is_on: bool) -> str:
    return f"{'☑' if is_on else '☐'} Forget to accumulate"
