"""`XRay`: which row meets which column in a matrix product, and which cells broadcasting copies."""

from functools import partial

import ipywidgets

from microgpt.errors import Described, SettingError
from microgpt.viz.html import Rendered
from microgpt.viz.xray import draw_xray, render_xray, xray_table
from microgpt.viz.xray.shape_clash import MAX_AXES, MAX_SIZE
from microgpt.widgets.controls import box, button, example_menu, mark_chosen, title_of
from microgpt.widgets.panel import Panel
from microgpt.widgets.shape_ledger import parse_shape
from microgpt.widgets.xray_state import FIRST_SHAPES, GRIDS, Shape, XRayState

MAX_SIZES = (4, 5, 5)  # of B, I, O
SIZE_LABELS = ("rows B", "shared I", "columns O")
ARROWS = (
    ("◀", 0, -1, "choose the cell on the left"),
    ("▲", -1, 0, "choose the cell above"),
    ("▼", 1, 0, "choose the cell below"),
    ("▶", 0, 1, "choose the cell on the right"),
)
# Title -> (shapes, sign).
EXAMPLES: dict[str, tuple[tuple[Shape, Shape], str]] = {
    "one bias, four rows": (FIRST_SHAPES, "+"),
    "a column minus a list": (((4, 1), (4,)), "−"),
    "sizes that clash": (((4, 3), (4,)), "+"),
    "one number for all": (((2, 3), ()), "+"),
    "three axes": (((2, 3, 4), (3, 1)), "+"),
}


class XRay(Panel):
    """A live view of a matrix product, or of broadcasting: what each cell is made of.

    `tab` is "product" or "broadcast". Pointing at a cell of the result lights what it is made of;
    with `backward`, a gradient lights the cells whose gradients it is the sum of. All numbers are
    those of `Tensor`, forward and backward, and `seed` draws them. Raises SettingError for another
    tab.
    """

    def __init__(self, tab: str = "product", *, backward: bool = False, seed: int = 0):
        if tab not in GRIDS:
            raise SettingError("tab", got=tab, choices=GRIDS)
        if not isinstance(seed, int) or seed < 0:
            raise SettingError("seed", "an integer from 0", seed)
        self._make_controls()
        super().__init__(
            XRayState(tab, bool(backward), seed=seed),
            self._render,
            lambda state: draw_xray(state.view),
            css_class="xray",
            controls=self._lay_out(),
            numbers_table=lambda state: xray_table(state.view),
            arguments=(tab, bool(backward), seed),
        )

    def _render(self, state: XRayState, before: XRayState | None) -> Rendered:
        return render_xray(state.view)

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.tab_buttons = {
            tab: button(
                tab.capitalize(), partial(self.change, XRayState.with_tab, tab), look="pill"
            )
            for tab in GRIDS
        }
        self.pass_buttons = {
            is_backward: button(
                text, partial(self.change, XRayState.with_backward, is_backward), look="pill"
            )
            for text, is_backward in (("Forward", False), ("Backward", True))
        }
        self.size_boxes = [
            ipywidgets.BoundedIntText(value=1, min=1, max=largest, description=label)
            for label, largest in zip(SIZE_LABELS, MAX_SIZES, strict=True)
        ]
        self.shape_boxes = [
            ipywidgets.Text(description=f"Shape of {name}", continuous_update=False)
            for name in "ab"
        ]
        self.sign_select = ipywidgets.Dropdown(
            options=[("a + b", "+"), ("a − b", "−")], description="y ="
        )
        self.example_select = example_menu(tuple(EXAMPLES))
        self.decimals_toggle = ipywidgets.ToggleButton(description=_decimals_label(False))
        self.grid_select = ipywidgets.Dropdown(options=("dx", "dw"), description="Cell of")
        self.arrow_buttons = {
            text: button(text, partial(self.change, XRayState.moved, rows, columns), tooltip)
            for text, rows, columns, tooltip in ARROWS
        }
        self.next_button = button(
            "Next cell", partial(self.change, XRayState.next_cell), "row by row", "primary"
        )
        for axis, size_box in enumerate(self.size_boxes):
            self.observe(size_box, partial(self.change, XRayState.with_size, axis))
        for operand, text in enumerate(self.shape_boxes):
            self.observe(text, partial(self.change, _with_typed_shape, operand))
        self.observe(self.sign_select, partial(self.change, XRayState.with_sign))
        self.observe(self.example_select, partial(self.change, _with_example))
        self.observe(self.decimals_toggle, partial(self.change, XRayState.with_decimals))
        self.observe(self.grid_select, partial(self.change, XRayState.with_grid))

    def _lay_out(self) -> list[ipywidgets.Widget]:
        a, b = self.shape_boxes
        self.size_row = box("mg-sizes", self.size_boxes)
        self.shape_row = box("mg-operands", [a, self.sign_select, b, self.example_select])
        arrows = box("mg-arrows", list(self.arrow_buttons.values()))
        return [
            box("mg-pills mg-tabs", list(self.tab_buttons.values())),
            box("mg-pills mg-pass", list(self.pass_buttons.values())),
            box("mg-set", [self.size_row, self.shape_row, self.decimals_toggle]),
            box("mg-act", [self.grid_select, arrows, self.next_button]),
        ]

    def sync_controls(self) -> None:
        """Show the state in the controls; leave a shape that was refused for the user to mend."""
        state = self.state
        for size_box, size in zip(self.size_boxes, state.sizes, strict=True):
            size_box.value = size
        self.sign_select.value, self.decimals_toggle.value = state.sign, state.decimals
        if not self.message:
            for text, shape in zip(self.shape_boxes, state.shapes, strict=True):
                text.value = str(shape)
            self.example_select.value = title_of(EXAMPLES, (state.shapes, state.sign))
        if self.grid_select.options != state.grids:
            self.grid_select.options = state.grids
        self.grid_select.value = state.grid
        self.decimals_toggle.description = _decimals_label(state.decimals)
        mark_chosen(self.tab_buttons, state.tab)
        mark_chosen(self.pass_buttons, state.is_backward)
        _show(self.size_row, state.tab == "product")
        _show(self.shape_row, state.tab == "broadcast")
        _show(self.grid_select, state.is_backward)
        self.fill_open_sections()


def _with_typed_shape(state: XRayState, operand: int, text: str) -> XRayState:
    """Return the state with the shape that was typed; an empty text is a single number."""
    name = f"Shape of {'ab'[operand]}"
    shape = parse_shape(text, name) if text.strip() else ()
    if len(shape) > MAX_AXES or not all(1 <= size <= MAX_SIZE for size in shape):
        expected = f"up to {MAX_AXES} sizes from 1 to {MAX_SIZE}, such as (4, 3) or ()"
        raise SettingError(name, expected, Described(str(shape)))
    return state.with_shape(operand, shape)


def _with_example(state: XRayState, title: str) -> XRayState:
    return state.with_operands(*EXAMPLES[title]) if title else state


def _decimals_label(is_on: bool) -> str:
    return f"{'☑' if is_on else '☐'} Decimals"


def _show(widget: ipywidgets.DOMWidget, is_shown: bool) -> None:
    widget.layout.display = None if is_shown else "none"
