"""A matplotlib figure that a notebook displays without pyplot."""

import io
import warnings

from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#777777"  # Okabe & Ito 2008


class CaptionedFigure(Figure):
    """A matplotlib figure with a caption, which is also its alternative text."""

    caption = ""

    def _repr_png_(self) -> bytes:
        return self.png(110)

    def png(self, dpi: int) -> bytes:
        """Return the figure as PNG; characters missing from the font become boxes, silently."""
        stream = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            self.savefig(stream, format="png", dpi=dpi)
        return _quantize(stream, self.caption)

    def __repr__(self) -> str:
        return self.caption or super().__repr__()


def _quantize(stream: io.BytesIO, caption: str) -> bytes:
    """Reduce the PNG to 64 colours, a third of its size, because notebooks store many of them."""
    from PIL import Image, PngImagePlugin

    metadata, output = PngImagePlugin.PngInfo(), io.BytesIO()
    metadata.add_itxt("Description", caption)
    quantized = Image.open(stream).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    quantized.save(output, "PNG", optimize=True, pnginfo=metadata)
    return output.getvalue()
