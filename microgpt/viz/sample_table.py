"""`SampleTable`: generated texts side by side, a column for each temperature."""

from html import escape

from microgpt.viz.formatting import visible
from microgpt.viz.looks import style_sheet


class SampleTable:
    """A table that a notebook displays: `texts[temperature]`, each with its memorization label.

    `labels[temperature]` holds one label ("trained on", "new", …) per text; "" is no label.
    """

    def __init__(self, texts: dict[float, tuple[str, ...]], labels: dict[float, tuple[str, ...]]):
        self.texts, self.labels = texts, labels

    def __getitem__(self, temperature: float) -> tuple[str, ...]:
        return self.texts[temperature]

    def _rows(self) -> list[list[str]]:
        columns = [
            [
                labelled_text(visible(text, 24), label)
                for text, label in zip(texts, self.labels[temperature], strict=True)
            ]
            for temperature, texts in self.texts.items()
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def _repr_html_(self) -> str:
        header = "".join(f'<th scope="col">T = {T:g}</th>' for T in self.texts)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return (
            f'<style>{style_sheet("base")}</style><div class="mg"><table class="mg-table"><thead><tr>{header}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def __repr__(self) -> str:
        rows = [[f"T = {T:g}" for T in self.texts], *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )


def labelled_text(text: str, label: str) -> str:
    """Return a text with its memorization label; an empty text becomes "(empty)"."""
    return f"{text or '(empty)'} · {label}" if label else text or "(empty)"
