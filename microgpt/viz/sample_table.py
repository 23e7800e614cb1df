"""`SampleTable`: generated texts side by side, a column for each temperature."""

from microgpt.plain_text import pluralize, text_table
from microgpt.viz.formatting import visible, width_in_em
from microgpt.viz.html import Markup, join, tag
from microgpt.viz.looks import style_sheet
from microgpt.viz.origin_marks import MARKS, origin_legend, origin_mark

QUESTION = "What does the temperature change?"
MAX_NAME, MAX_TEXT = 24, 60  # letters that are shown; a text that is no name may wrap


class SampleTable:
    """A table that a notebook displays: `texts[temperature]`, each with its memorization label.

    `labels[temperature]` holds one label ("trained on", "new", …) per text; "" is no label.
    `noun` is what a text is called.
    """

    def __init__(
        self,
        texts: dict[float, tuple[str, ...]],
        labels: dict[float, tuple[str, ...]],
        noun: str = "text",
    ):
        self.texts, self.labels, self.noun = texts, labels, noun

    def __getitem__(self, temperature: float) -> tuple[str, ...]:
        return self.texts[temperature]

    def _columns(self, max_text: int) -> list[tuple[str, list[tuple[str, str]], str]]:
        """Return for each temperature its name, the texts with their labels, and a count.

        Texts that are no names are shortened to `max_text` letters.
        """
        columns = []
        for temperature, texts in self.texts.items():
            cells = [
                (visible(text, MAX_NAME if label else max_text) or "(empty)", label)
                for text, label in zip(texts, self.labels[temperature], strict=True)
            ]
            distinct = len(set(texts))
            count = f"{pluralize(distinct, f'different {self.noun}')} of {len(texts)}"
            columns.append((f"T = {temperature:g}", cells, count))
        return columns

    def _repr_html_(self) -> str:
        """Return one table row with a column of lines in each cell.

        Where the style sheet is removed, as on GitHub, that is still a table; with it, the columns
        wrap in a narrow notebook.
        """
        cells = [
            tag(
                "td",
                tag("strong", name),
                _lines(lines),
                tag("span", count, css_class="lab"),
            )
            for name, lines, count in self._columns(MAX_TEXT)
        ]
        table = tag("table", tag("tbody", tag("tr", *cells)), role="presentation")
        legend = origin_legend(label for labels in self.labels.values() for label in labels)
        body = tag("div", tag("h3", QUESTION, css_class="q"), table, legend, css_class="table-card")
        sheet = style_sheet("base", "table")
        return f'<style>{sheet}</style><div class="mg">{body}</div>'

    def __repr__(self) -> str:
        """Return the columns as plain text, with the marks and their legend."""
        columns = [
            [name, *[f"{MARKS[label][0]} {text}" if label in MARKS else text
                     for text, label in cells], count]
            for name, cells, count in self._columns(MAX_NAME)
        ]  # fmt: skip
        lines = text_table(zip(*columns, strict=True))
        if any(label in MARKS for labels in self.labels.values() for label in labels):
            lines.append("   ".join(f"{mark} {label}" for label, (mark, _) in MARKS.items()))
        return "\n".join(lines)


def _lines(lines: list[tuple[str, str]]) -> Markup:
    """Return the texts of a column, in letters so large that the longest name fits."""
    width = max((width_in_em(text) for text, label in lines if label), default=1.0)
    items = []
    for text, label in lines:
        css_class = "line" if label else "line empty" if text == "(empty)" else "line text"
        mark = join(origin_mark(label), " ") if label else ""
        items.append(
            tag("div", mark, tag("span", text), css_class=css_class, role="listitem",
                title=label or None)
        )  # fmt: skip
    return tag("div", *items, role="list", style=f"--w:{width:.1f}")


def labelled_text(text: str, label: str) -> str:
    """Return a text with its memorization label; an empty text becomes "(empty)"."""
    return f"{text or '(empty)'} · {label}" if label else text or "(empty)"
