"""A figure that shows itself in a notebook, without pyplot."""

import io

from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#777777"  # Okabe & Ito 2008


class Picture(Figure):
    """A matplotlib figure with a caption, which is also its alternative text."""

    caption = ""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110, metadata={"Description": self.caption})
        return stream.getvalue()

    def __repr__(self) -> str:
        return self.caption or super().__repr__()
