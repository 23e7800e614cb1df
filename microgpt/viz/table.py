"""HTML tables of the numbers in a picture."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def html_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "", text_columns: int = 1
) -> str:
    """Return a table that scrolls if it is long; all text is escaped.

    The first `text_columns` columns hold texts, which stand on the left; numbers on the right.
    """

    def cell(name: str, index: int, value: object, attributes: str = "") -> str:
        css_class = ' class="mg-text"' if index < text_columns else ""
        return f"<{name}{attributes}{css_class}>{escape(str(value))}</{name}>"

    head = "".join(cell("th", i, text, ' scope="col"') for i, text in enumerate(header))
    body = "".join(
        "<tr>" + "".join(cell("td", i, value) for i, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    caption_html = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        '<div class="mg-scroll" tabindex="0" role="group" aria-label="numbers">'
        f'<table class="mg-table">{caption_html}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
