"""A matplotlib figure that a notebook displays without pyplot."""

import base64
import io
import warnings
from html import escape
from typing import Any

from matplotlib.figure import Figure

from microgpt.viz.looks import in_dark_theme, light_theme_colour

LABEL_POINTS = 9.4  # 13 pixels, the size of labels
DPI = 110  # of the picture in a notebook
CSS_CLASS = "mg-plot"
FRAME = (
    f"max-width:100%;height:auto;border:1px solid {light_theme_colour('hair')};border-radius:10px"
)
DARK = "filter:invert(.9) hue-rotate(180deg)"  # the card's ground becomes that of dark cards


class CaptionedFigure(Figure):
    """A matplotlib figure with a caption, which is also its alternative text."""

    caption = ""

    def add_plot(self) -> Any:
        """Add axes in the colours of the views: no frame, faint horizontal lines, grey labels."""
        self.set_facecolor(light_theme_colour("card"))
        axes = self.add_subplot(facecolor="none")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(light_theme_colour("hair"))
        axes.grid(axis="y", color=light_theme_colour("grid"))
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        style_labels(axes)
        return axes

    def _repr_png_(self) -> bytes:
        return self.png(DPI)

    def _repr_html_(self) -> str:
        """Return the picture with its caption, which screen readers say in its place.

        In a dark theme the page shows light as dark, with the same hues, like the cards around it.
        """
        png, text = base64.b64encode(self.png(DPI)).decode(), escape(self.caption)
        rules = f".{CSS_CLASS} img{{{FRAME}}}" + in_dark_theme(f".{CSS_CLASS} img", DARK)
        return (
            f'<style>{rules}</style><figure class="{CSS_CLASS}" style="margin:0"><img alt="{text}" '
            f'src="data:image/png;base64,{png}"><figcaption>{text}</figcaption></figure>'
        )

    def png(self, dpi: int) -> bytes:
        """Return the figure as PNG; characters missing from the font become boxes, silently."""
        stream = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            self.savefig(stream, format="png", dpi=dpi)
        return _quantize(stream, self.caption)

    def __repr__(self) -> str:
        return self.caption or super().__repr__()


def style_labels(axes: Any) -> None:
    """Give the labels of axes and their ticks the size and the colour of labels."""
    colour = light_theme_colour("ink2")
    axes.tick_params(colors=colour, labelsize=LABEL_POINTS)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=colour, fontsize=LABEL_POINTS)


def _quantize(stream: io.BytesIO, caption: str) -> bytes:
    """Reduce the PNG to 64 colours, a third of its size, because notebooks store many of them.

    Maximum coverage keeps the colours of small marks; the median cut would mix them with others.
    """
    from PIL import Image, PngImagePlugin

    metadata, output = PngImagePlugin.PngInfo(), io.BytesIO()
    metadata.add_itxt("Description", caption)
    picture, method = Image.open(stream).convert("RGB"), Image.Quantize.MAXCOVERAGE
    quantized = picture.quantize(64, method, dither=Image.Dither.NONE)
    quantized.save(output, "PNG", optimize=True, pnginfo=metadata)
    return output.getvalue()
