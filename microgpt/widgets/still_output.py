"""The still picture that a notebook stores for a view, and the rules that hide it beside the view.

The widget of a view is gone when a saved notebook is opened again, so a PNG with a caption is
displayed above it, as an output of its own.
"""

import base64
from html import escape

from microgpt.viz.drawing import Drawing

RUN_CELL = "Run this cell to use it."

# JupyterLab shows "model not found" in place of a widget whose kernel is gone.
_HIDE_DEAD_VIEW = (
    ".jp-OutputArea-child:has(.mg-still) + .jp-OutputArea-child"
    " > .jp-OutputArea-output.lm-Panel:not(:has(*)){display:none}"
)


def still_output(drawing: Drawing, caption: str, view_id: str) -> dict[str, str]:
    """Return a picture and its caption as a MIME bundle that needs no kernel.

    Where the view with the class `view_id` stands in a later output of the same cell, whatever the
    front end wraps both in, the still picture disappears.
    """
    png = base64.b64encode(drawing.png()).decode()
    still, live = f"mg-still-{view_id}", f".{view_id}"
    beside = f":not(:has({live})):has(~ {live},~ * {live})"  # not a cell that has both
    hide = f"*:has(.{still}){beside}{{display:none!important}}"
    text = escape(caption)
    html = (
        f'<style>{hide}{_HIDE_DEAD_VIEW}</style><figure class="mg-still {still}" style="margin:0">'
        f'<img alt="{text}" style="max-width:100%;height:auto" width="{drawing.width:g}" '
        f'src="data:image/png;base64,{png}"><figcaption>{text} {RUN_CELL}</figcaption></figure>'
    )
    return {"text/html": html, "image/png": png, "text/plain": caption}
