"""`Panel`: what every live view is made of.

A panel has a state, a pure function that draws it, controls that change it, and one HTML that
shows it. Callbacks may run on any thread, beside a running cell: all go through `change`, which
holds the package's lock and turns whatever goes wrong into a sentence or a card.
"""

import base64
import itertools
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets

from microgpt.backends import LOCK
from microgpt.errors import MicrogptError
from microgpt.viz.drawing import Drawing
from microgpt.viz.static_image import fallback
from microgpt.widgets.controls import Fold
from microgpt.widgets.css import PANEL_STYLE, RUN, STILL_STYLE
from microgpt.widgets.notebook_context import live_cell, show_before

Render = Callable[[Any, str], tuple[Drawing, str]]

_names = itertools.count(1)
_errors: list[str] = []


def errors() -> list[str]:
    """What went wrong inside panels since this process began, one sentence each.

    A live view never raises; a test or the last cell of a notebook asks here.
    """
    return list(_errors)


def remember(panel: "Panel", error: Exception) -> None:
    """Let `errors` tell of what went wrong inside a panel."""
    _errors.append(f"{type(panel).__name__}: {type(error).__name__}: {error}")


class Panel:
    """A live view of `state`, drawn by `render(state, note) -> (drawing, sentence)`.

    `controls` stand beside or above the picture, `under` below it. `numbers` gives the table that a
    button shows, as HTML; `toggles` stand beside that button, `folded` is what they show. `static`
    says how the controls stand, for readers who do not run the notebook. The height is fixed.
    """

    def __init__(
        self,
        state: Any,
        render: Render,
        *,
        header: Sequence[ipywidgets.Widget] = (),
        controls: Sequence[ipywidgets.Widget] = (),
        under: Sequence[ipywidgets.Widget] = (),
        folded: Sequence[ipywidgets.Widget] = (),
        toggles: Sequence[ipywidgets.Widget] = (),
        numbers: Callable[[Any], str] | None = None,
        height: int = 520,
        beside: bool = False,
        sentence_first: bool = False,
    ):
        self.state, self.render = state, render
        self.name = f"mg{next(_names)}"
        self.note, self.error, self.sentence = "", "", ""
        self.drawing: Drawing | None = None
        self._shown_still: Any = None
        self.picture = ipywidgets.HTML()
        self.picture.add_class("mg-picture")
        self._numbers = numbers
        self.table = Fold("Numbers", ipywidgets.HTML(), lambda: self.guarded(self.fill))
        if numbers is not None:
            row = ipywidgets.HBox([self.table.toggle, *toggles])
            row.add_class("mg-row")
            folded = [row, self.table.part, *folded]
        folded = [*under, *folded]
        sides = ipywidgets.VBox(list(controls))
        sides.add_class("mg-controls")
        body = ipywidgets.Box([sides, self.picture])
        body.add_class("mg-body")
        if beside:
            body.add_class("mg-beside")
        top = ipywidgets.HBox(list(header))
        top.add_class("mg-header")
        self.box = ipywidgets.VBox([top] * bool(header) + [body, *folded, _style()])
        self.box.add_class("mg-panel")
        self.height, self.sentence_first = height, sentence_first
        self.redraw()

    def change(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        """Make `function(state, …)` the state and draw it; a MicrogptError becomes a sentence."""
        with LOCK:
            try:
                new, note = function(self.state, *arguments, **named), ""
            except MicrogptError as error:
                new, note = self.state, str(error)
            except Exception as error:
                self._fail(error)
                return
            self._show(new, note)

    def redraw(self) -> None:
        """Draw the state as it is; what cannot be drawn becomes a card."""
        with LOCK:
            self._show(self.state, self.note)

    def _show(self, state: Any, note: str) -> None:
        """Draw a state, and only then make it the panel's: one that cannot be drawn is dropped."""
        before = self.state, self.note
        try:
            drawing, sentence = self.render(state, note)
            drawing.name = self.name
            html = self._html(drawing.svg(), sentence)
            self.state, self.note = state, note
            self.refresh()
        except Exception as error:
            self.state, self.note = before
            self._fail(error)
            return
        self.drawing, self.sentence, self.error = drawing, sentence, ""
        self.picture.value = html

    def guarded(self, act: Callable[[], None]) -> None:
        """Run what a folded part does, with the lock and the card of `change`."""
        with LOCK:
            try:
                act()
            except Exception as error:
                self._fail(error)

    def refresh(self) -> None:
        """Bring controls and folded parts in line with the state; panels that have more do more."""
        self.fill()

    def fill(self) -> None:
        """Fill the folded parts that are open; the others cost nothing."""
        if self._numbers is not None and self.table.open:
            self.table.part.value = f'<div class="mg-view">{self._numbers(self.state)}</div>'

    def _html(self, svg: str, sentence: str) -> str:
        said = f'<p class="mg-caption">{escape(sentence)}</p>'
        inner = said + svg if self.sentence_first else svg + said
        return f'<div class="mg-view" style="height:{self._picture_height}px">{inner}</div>'

    @property
    def _picture_height(self) -> int:
        return self.height

    def _fail(self, error: Exception) -> None:
        """A card in place of the picture; the state stays what it was."""
        self.error = f"{type(error).__name__}: {error}"
        remember(self, error)
        self.picture.value = (
            f'<div class="mg-view mg-error" style="height:{self._picture_height}px">'
            "<p><strong>This view met an error.</strong> Move a control, or run the cell again; "
            f"`mg.doctor()` may say more.</p><p>{escape(self.error[:300])}</p></div>"
        )

    def static(self) -> list[str]:
        """How the controls stand, line by line, for the picture of a notebook that is not run."""
        return []

    def png(self) -> bytes:
        """The picture with its controls written out, for readers without a running kernel."""
        with LOCK:
            still = self._still()
        return still.png()

    def _still(self) -> Drawing:
        if self.drawing is None:
            raise MicrogptError(f"there is no picture to show: {self.error}")
        return fallback(self.drawing, self.static())

    def still(self) -> dict[str, str]:
        """The picture and its sentence as an output that needs no kernel."""
        with LOCK:  # one state in both
            still, said = self._still(), escape(self.sentence)
        png = base64.b64encode(still.png()).decode()
        html = (
            f'{STILL_STYLE}<figure class="mg-still" style="margin:0"><img alt="{said}" '
            f'src="data:image/png;base64,{png}"><figcaption>{said} {RUN}</figcaption></figure>'
        )
        return {"text/html": html, "image/png": png, "text/plain": self.sentence}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The live view; above it goes a still picture, which hides while the view is alive.

        Two outputs, because a notebook that was saved with a live view and opened again would show
        "model not found" in the place of any other part of the same output.
        """
        if self.drawing is not None:
            shown = show_before(self.still())
            self._shown_still = shown if live_cell() is not None else None
        data = self.box._repr_mimebundle_()
        bundle = dict(data[0] if isinstance(data, tuple) else data)
        return bundle | {"text/plain": f"{self.sentence or self.error} {RUN}"}

    def keep(self) -> None:
        """Put the picture as it is now into the notebook, for when it is saved and opened again."""
        if self._shown_still is not None and self.drawing is not None:
            self._shown_still.update(self.still(), raw=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.sentence or self.error}"


def _style() -> ipywidgets.Widget:
    sheet = ipywidgets.HTML(PANEL_STYLE)
    sheet.add_class("mg-style")
    return sheet
