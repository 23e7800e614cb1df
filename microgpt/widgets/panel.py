"""`Panel`: the base class of all live views.

A panel has a state, a pure function that draws it, controls that change it, and an HTML widget that
shows the picture. Callbacks may run on any thread while a cell is running, so all of them go
through `update` or `on_move`: these hold the package's lock, show a MicrogptError as the caption,
and any other exception as an error card.
"""

import base64
import itertools
import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets

from microgpt.backends import LOCK
from microgpt.errors import MicrogptError, StateError
from microgpt.viz.drawing import Drawing
from microgpt.viz.static_image import static_image
from microgpt.widgets.controls import Collapsible
from microgpt.widgets.css import PANEL_STYLE, RUN_CELL, STATIC_STYLE
from microgpt.widgets.notebook_context import current_cell, display_above, in_control_message
from microgpt.widgets.workers import LatestOnlyQueue

Render = Callable[[Any, str], tuple[Drawing, str]]

_panel_ids = itertools.count(1)
_errors: list[str] = []


def errors() -> list[str]:
    """Return the errors inside panels since this process began, one sentence each.

    A live view never raises; tests and the last cell of a notebook check this list.
    """
    return list(_errors)


def record_error(panel: "Panel", error: Exception) -> None:
    """Add an exception that was caught inside a panel to `errors()`."""
    _errors.append(f"{type(panel).__name__}: {type(error).__name__}: {error}")


class Panel:
    """A live view of `state`, drawn by `render(state, message) -> (drawing, caption)`.

    `controls` stand above the picture, or beside it with `controls_beside`; `below` stand under it.
    `numbers_table(state)` returns the HTML that the button "Numbers" shows. `toggles` are more
    buttons beside that one, and `collapsed` the sections that they open. Override `control_lines()`
    to list the controls' values in the static picture. The height is fixed.
    """

    def __init__(
        self,
        state: Any,
        render: Render,
        *,
        header: Sequence[ipywidgets.Widget] = (),
        controls: Sequence[ipywidgets.Widget] = (),
        below: Sequence[ipywidgets.Widget] = (),
        toggles: Sequence[ipywidgets.Widget] = (),
        collapsed: Sequence[ipywidgets.Widget] = (),
        numbers_table: Callable[[Any], str] | None = None,
        height: int = 520,
        controls_beside: bool = False,
        caption_first: bool = False,
    ):
        self.state, self.render = state, render
        self.id_prefix = f"mg{next(_panel_ids)}"
        self.message, self.error, self.caption = "", "", ""
        self.drawing: Drawing | None = None
        self._static_display: Any = None
        self._waiting: dict[str, Callable[[Any], Any]] = {}  # moves not drawn yet, by control
        self._waiting_lock = threading.Lock()  # never held while anything is computed
        self._moves = LatestOnlyQueue()
        self.picture = ipywidgets.HTML()
        self.picture.add_class("mg-picture")
        self._numbers_table = numbers_table
        self.numbers = Collapsible("Numbers", ipywidgets.HTML(), self._on_toggle)
        if numbers_table is not None:
            toggle_row = ipywidgets.HBox([self.numbers.toggle, *toggles])
            toggle_row.add_class("mg-row")
            below = [*below, toggle_row, self.numbers.content]
        control_box = ipywidgets.VBox(list(controls))
        control_box.add_class("mg-controls")
        body = ipywidgets.Box([control_box, self.picture])
        body.add_class("mg-body")
        if controls_beside:
            body.add_class("mg-beside")
        header_box = ipywidgets.HBox(list(header))
        header_box.add_class("mg-header")
        parts = [body, *below, *collapsed, _style_sheet()]
        self.box = ipywidgets.VBox([header_box] * bool(header) + parts)
        self.box.add_class("mg-panel")
        self.height, self.caption_first = height, caption_first
        self.redraw()

    def update(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Set the state to `function(state, …)` and draw it; show a MicrogptError as caption.

        Moves of controls that wait to be drawn are made before it.
        """
        with LOCK:
            state, message = self.state, ""
            for change in (*self._take_waiting(), lambda state: function(state, *args, **kwargs)):
                try:
                    state = change(state)
                except MicrogptError as error:
                    message = str(error)
                except Exception as error:
                    self._show_error(error)
                    return
            self._show(state, message)

    def on_move(self, control: str, function: Callable[..., Any], *args: Any) -> None:
        """Answer a moved control as `update` does, but for a move in the browser without waiting.

        A slider sends dozens of moves in a second, and a picture may take longer than the time
        between two. So they are drawn on another thread, and of those that arrive while it draws,
        only the latest of each control is.
        """
        if not in_control_message():
            self.update(function, *args)
            return
        with self._waiting_lock:
            self._waiting.pop(control, None)  # so that the latest move is the last one made
            self._waiting[control] = lambda state: function(state, *args)
        self._moves.submit(self._draw_waiting)

    def is_waiting(self, control: str) -> bool:
        """Whether a move of this control is not drawn yet: it shows more than the state has."""
        return control in self._waiting

    def _take_waiting(self) -> list[Callable[[Any], Any]]:
        with self._waiting_lock:
            waiting, self._waiting = self._waiting, {}
        return list(waiting.values())

    def _draw_waiting(self) -> None:
        with LOCK:
            if self._waiting:
                self.update(lambda state: state)

    def redraw(self) -> None:
        """Draw the current state again; show an error card if that fails."""
        with LOCK:
            self._show(self.state, self.message)

    def _show(self, state: Any, message: str) -> None:
        """Draw `state`, then make it the panel's state; if drawing fails, keep the previous one."""
        previous = self.state, self.message
        try:
            drawing, caption = self.render(state, message)
            drawing.id_prefix = self.id_prefix
            html = self._html(drawing.svg(), caption)
            self.state, self.message = state, message
            self.sync_controls()
        except Exception as error:
            self.state, self.message = previous
            self._show_error(error)
            return
        self.drawing, self.caption, self.error = drawing, caption, ""
        self.picture.value = html

    def run_guarded(self, action: Callable[[], None]) -> None:
        """Run `action`, such as filling a section, under the lock; turn errors into a card."""
        with LOCK:
            try:
                action()
            except Exception as error:
                self._show_error(error)

    def sync_controls(self) -> None:
        """Set the controls and fill the open sections from the state."""
        self.fill_open_sections()

    def fill_open_sections(self) -> None:
        """Fill the sections that are open; closed sections are not computed."""
        if self._numbers_table is not None and self.numbers.is_open:
            table = self._numbers_table(self.state)
            self.numbers.content.value = f'<div class="mg-view">{table}</div>'

    def _on_toggle(self) -> None:
        self.run_guarded(self.fill_open_sections)

    def _html(self, svg: str, caption: str) -> str:
        paragraph = f'<p class="mg-caption">{escape(caption)}</p>'
        content = paragraph + svg if self.caption_first else svg + paragraph
        return f'<div class="mg-view" style="height:{self._picture_height}px">{content}</div>'

    @property
    def _picture_height(self) -> int:
        return self.height

    def _show_error(self, error: Exception) -> None:
        """Show an error card in place of the picture; the state does not change."""
        self.error = f"{type(error).__name__}: {error}"
        record_error(self, error)
        self.picture.value = (
            f'<div class="mg-view mg-error" style="height:{self._picture_height}px">'
            "<p><strong>This view met an error.</strong> Move a control, or run the cell again; "
            f"`mg.doctor()` may say more.</p><p>{escape(self.error[:300])}</p></div>"
        )

    def control_lines(self) -> list[str]:
        """Return the controls' values, one per line, for the static picture."""
        return []

    def png(self) -> bytes:
        """Return the picture with its controls' values as a PNG, for readers without a kernel."""
        with LOCK:
            drawing = self._static_drawing()
        return drawing.png()

    def _static_drawing(self) -> Drawing:
        if self.drawing is None:
            raise StateError(f"there is no picture to show: {self.error}")
        return static_image(self.drawing, self.control_lines())

    def static_output(self) -> dict[str, str]:
        """Return the picture and its caption as a MIME bundle that needs no kernel."""
        with LOCK:  # so that picture and caption show one state
            drawing, caption = self._static_drawing(), escape(self.caption)
        png = base64.b64encode(drawing.png()).decode()
        html = (
            f'{STATIC_STYLE}<figure class="mg-static" style="margin:0"><img alt="{caption}" '
            f'src="data:image/png;base64,{png}"><figcaption>{caption} {RUN_CELL}</figcaption>'
            "</figure>"
        )
        return {"text/html": html, "image/png": png, "text/plain": self.caption}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return the live view; display a static picture above it, hidden while the view is live.

        They are two outputs because the widget is gone when a saved notebook is opened again:
        JupyterLab then shows "model not found" in place of the whole output that contained the
        widget.
        """
        if self.drawing is not None:
            handle = display_above(self.static_output())
            self._static_display = handle if current_cell() is not None else None
        data = self.box._repr_mimebundle_()
        bundle = dict(data[0] if isinstance(data, tuple) else data)
        return bundle | {"text/plain": f"{self.caption or self.error} {RUN_CELL}"}

    def update_static_output(self) -> None:
        """Replace the static picture, so that the saved notebook shows the current state."""
        if self._static_display is not None and self.drawing is not None:
            self._static_display.update(self.static_output(), raw=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.caption or self.error}"


def _style_sheet() -> ipywidgets.Widget:
    sheet = ipywidgets.HTML(PANEL_STYLE)
    sheet.add_class("mg-style")
    return sheet
