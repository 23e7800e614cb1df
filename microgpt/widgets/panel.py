"""`Panel`: the base class of all live views.

A panel has a state, a pure function that renders it, controls that change it, and an HTML widget
that shows the result. Callbacks may run on any thread while a cell is running, so all of them go
through `update` or `on_move`: these hold the package's lock, show a MicrogptError as the caption,
and any other exception as an error card.
"""

import itertools
import secrets
import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets

from microgpt.backends import LOCK
from microgpt.errors import MicrogptError, StateError
from microgpt.viz.drawing import Drawing
from microgpt.viz.html import Rendered
from microgpt.widgets.controls import Collapsible, EchoGuard, box
from microgpt.widgets.css import style_widget
from microgpt.widgets.notebook_context import current_cell, display_above, in_control_message
from microgpt.widgets.still_output import RUN_CELL, still_output
from microgpt.widgets.view_memory import recall_view
from microgpt.widgets.workers import LatestOnlyQueue, WaitingMoves

Render = Callable[[Any, Any], Rendered]

MOTION_PAUSE = 0.25  # seconds; pictures that follow each other faster do not glide
STILL_PAUSE = 0.5  # seconds without a new picture, after which the still picture is drawn

_panel_numbers = itertools.count(1)
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
    """A live view of `state`: `render(state, before)` returns its HTML and its caption.

    `before` is the state that was drawn last, so that what changed can move, or `None` if nothing
    is to move. `draw_still(state)` returns the picture for readers without a kernel. `controls`
    share the grid of the card with the parts of the HTML; each name in `css_class`, "mg-" before
    it, selects rules that say what stands where. `numbers_table(state)` returns the HTML that the
    button "numbers" unfolds; `toggles` are more buttons beside that one, `folded` what they unfold.
    If the cell runs again and makes a panel with the same `arguments`, that one continues this
    one's state: see `take_over`. With `dims_refused`, the picture is dimmed while a change, such as
    a text, is refused: it is that of before.
    """

    dims_refused = False

    def __init__(
        self,
        state: Any,
        render: Render,
        draw_still: Callable[[Any], Drawing],
        *,
        css_class: str = "plain",
        controls: Sequence[ipywidgets.Widget] = (),
        toggles: Sequence[ipywidgets.Widget] = (),
        folded: Sequence[ipywidgets.Widget] = (),
        numbers_table: Callable[[Any], str] | None = None,
        arguments: tuple[Any, ...] | None = None,
    ):
        self.state, self.render, self.draw_still = state, render, draw_still
        self._echo_guard = EchoGuard()
        is_live = current_cell() is not None
        self.view_id = f"mg-{secrets.token_hex(4) if is_live else next(_panel_numbers)}"
        self.message, self.error, self.caption = "", "", ""
        self._drawn: tuple[Any, float] | None = None  # the state drawn last, and when
        self._static_display: Any = None
        self._waiting = WaitingMoves()
        self._moves, self._stills = LatestOnlyQueue(), LatestOnlyQueue()
        self.picture = _html_widget("mg-picture")
        self.caption_box = _html_widget("mg-caption")
        self._numbers_table = numbers_table
        self.numbers = Collapsible("numbers", ipywidgets.HTML(), self._on_toggle)
        if numbers_table is not None:
            toggles, folded = [self.numbers.toggle, *toggles], [self.numbers.content, *folded]
        parts = [*controls, self.picture, self.caption_box]
        if toggles:
            parts.append(box("mg-toggles", toggles))
        for content in folded:
            content.add_class("mg-folded")
        card = box("mg-card", [*parts, *folded, style_widget()])
        for name in css_class.split():
            card.add_class(f"mg-{name}")
        self.box = box("mg-host", [card])
        self.box.add_class(self.view_id)
        earlier = recall_view(self, arguments)
        if earlier is not None:
            self.state = self.take_over(earlier.state)
        self.redraw()

    def take_over(self, earlier_state: Any) -> Any:
        """Return the state that continues `earlier_state`, that of this cell's earlier run."""
        return earlier_state

    def update(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Set the state to `function(state, …)` and draw it; show a MicrogptError as caption.

        Moves of controls that wait to be drawn are made before it.
        """
        with LOCK:
            state, message = self.state, ""
            for change in (*self._waiting.take(), lambda state: function(state, *args, **kwargs)):
                try:
                    state = change(state)
                except MicrogptError as error:
                    message = str(error)
                except Exception as error:
                    self._show_error(error)
                    return
            self._show(state, message)

    def change(self, function: Callable[..., Any], *args: Any) -> None:
        """Answer a control as `update` does, then bring the still picture up to date."""
        self.update(function, *args)
        self.draw_still_later()

    def observe(self, widget: ipywidgets.Widget, on_value: Callable[[Any], None]) -> None:
        """Call `on_value(value)` when a reader changes a control, not when `sync_controls` does."""

        def on_change(change: Any) -> None:
            if not self._echo_guard.is_setting:
                on_value(change["new"])

        widget.observe(on_change, "value")

    def on_move(self, control: str, function: Callable[..., Any], *args: Any) -> None:
        """Answer a moved control as `change` does, but for a move in the browser without waiting.

        A slider sends dozens of moves in a second, and a picture may take longer than the time
        between two. So they are drawn on another thread, and of those that arrive while it draws,
        only the latest of each control is.
        """
        if not in_control_message():
            self.change(function, *args)
            return
        self._waiting.add(control, lambda state: function(state, *args))
        self._moves.submit(self._draw_waiting)
        self.draw_still_later()

    def is_waiting(self, control: str) -> bool:
        """Whether a move of this control is not drawn yet: it shows more than the state has."""
        return control in self._waiting

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
        previous, now, before = (self.state, self.message), time.monotonic(), None
        if self._drawn is not None and now - self._drawn[1] > MOTION_PAUSE:
            before = self._drawn[0]
        try:
            rendered = self.render(state, before)
            self.state, self.message = state, message
            with self._echo_guard:
                self.sync_controls()
        except Exception as error:
            self.state, self.message = previous
            self._show_error(error)
            return
        self._drawn = state, now
        self.caption, self.error = message or rendered.caption, ""
        refused = " mg-refused" if message and self.dims_refused else ""
        self.picture.value = f'<div class="mg {self.view_id}-view{refused}">{rendered.html}</div>'
        lines = escape(self.caption).replace(" %", "\u00a0%")  # a sign stays with its number
        self.caption_box.value = f'<p class="mg-say">{lines}</p>'

    def run_guarded(self, action: Callable[[], None]) -> None:
        """Run `action`, such as filling a section, under the lock; turn errors into a card."""
        with LOCK:
            try:
                action()
            except Exception as error:
                self._show_error(error)

    def sync_controls(self) -> None:
        """Set the controls and fill the open sections from the state.

        Where a change was refused there is a `message`: what was typed is left to be mended.
        """
        self.fill_open_sections()

    def fill_open_sections(self) -> None:
        """Fill the sections that are open; closed sections are not computed."""
        if self._numbers_table is not None and self.numbers.is_open:
            table = self._numbers_table(self.state)
            self.numbers.content.value = f'<div class="mg">{table}</div>'

    def _on_toggle(self) -> None:
        self.run_guarded(self.fill_open_sections)

    def _show_error(self, error: Exception) -> None:
        """Show an error card in place of the picture; the state does not change."""
        self.error = f"{type(error).__name__}: {error}"
        record_error(self, error)
        self.picture.value = (
            '<div class="mg"><div class="mg-error">'
            "<p><strong>This view met an error.</strong> Move a control, or run the cell again; "
            f"`mg.doctor()` may say more.</p><p>{escape(self.error[:300])}</p></div></div>"
        )

    def png(self) -> bytes:
        """Return the still picture as a PNG, for readers without a kernel."""
        return self._still()[0].png()

    def _still(self) -> tuple[Drawing, str]:
        """Return the still picture and its caption, both of one state."""
        with LOCK:
            if self._drawn is None:
                raise StateError(f"there is no picture to show: {self.error}")
            drawing = self.draw_still(self._drawn[0])
            drawing.caption = self.caption
            return drawing, self.caption

    def static_output(self) -> dict[str, str]:
        """Return the still picture and its caption as a MIME bundle that needs no kernel."""
        return still_output(*self._still(), self.view_id)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return the live view; display a static picture above it, hidden while the view is live.

        They are two outputs because the widget is gone when a saved notebook is opened again:
        JupyterLab then shows "model not found" in place of the whole output that contained the
        widget.
        """
        if self._drawn is not None:
            handle = display_above(self.static_output())
            self._static_display = handle if current_cell() is not None else None
        data = self.box._repr_mimebundle_()
        bundle = dict(data[0] if isinstance(data, tuple) else data)
        return bundle | {"text/plain": f"{self.caption or self.error} {RUN_CELL}"}

    def update_static_output(self) -> None:
        """Replace the static picture, so that the saved notebook shows the current state."""
        if self._static_display is not None and self._drawn is not None:
            self._static_display.update(self.static_output(), raw=True)

    def draw_still_later(self) -> None:
        """Call `settle`: for a control once none has moved for a while, else at once.

        The still picture takes far longer to draw than a move of a control.
        """
        if in_control_message():
            self._stills.submit(self._settle_in_a_pause)
        else:
            self.settle_guarded()

    def _settle_in_a_pause(self) -> None:
        self._draw_waiting()  # else the still picture could be that of the state before the move
        while self._drawn and (wait := self._drawn[1] + STILL_PAUSE - time.monotonic()) > 0:
            time.sleep(wait)
        self.settle_guarded()

    def settle_guarded(self) -> None:
        """Call `settle`; record an error, which a thread has nobody to raise to."""
        try:
            self.settle()
        except Exception as error:
            record_error(self, error)

    def settle(self) -> None:
        """Bring the still picture up to date, unless the last change was refused."""
        if not self.message:
            self.update_static_output()

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.caption or self.error}"


def _html_widget(css_class: str) -> ipywidgets.HTML:
    widget = ipywidgets.HTML()
    widget.add_class(css_class)
    return widget
