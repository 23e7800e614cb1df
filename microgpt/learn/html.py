"""HTML cards for notebooks, readable in light and dark themes."""

from html import escape

TEXT_COLOUR = "var(--jp-ui-font-color1, inherit)"
BORDER_COLOUR = "var(--jp-border-color1, #8a8a8a)"
# The edge colour only repeats the state's label and symbol; it carries no information of its own.
EDGE_COLOURS = {
    "correct": "var(--jp-success-color1, #2e7d32)",
    "not yet": "var(--jp-warn-color1, #b26a00)",
    "not attempted": BORDER_COLOUR,
}
CARD_STYLE = (
    "border:1px solid {border};border-left:6px solid {edge};border-radius:3px;color:{text};"
    "padding:8px 14px;margin:6px 0;max-width:760px;font-size:14px;line-height:1.5"
)


def card(edge_colour: str, title: str, body_html: str) -> str:
    """Return a bordered box with a bold title; `title` is plain text, `body_html` is HTML."""
    style = CARD_STYLE.format(border=BORDER_COLOUR, edge=edge_colour, text=TEXT_COLOUR)
    return f'<div role="group" style="{style}"><strong>{escape(title)}</strong>{body_html}</div>'


def result_card(state: str, title: str, lines: list[tuple[str, str]]) -> str:
    """Return the card of a check: the first line as a paragraph, the others as labelled rows."""
    (label, text), *rows = lines
    prefix = f"<em>{escape(label)}:</em> " if label else ""
    body = f'<p style="margin:4px 0">{prefix}{escape(text)}</p>' if text else ""
    if rows:
        items = "".join(
            f'<dt style="float:left;clear:left;min-width:6.5em"><em>{escape(label)}</em></dt>'
            f'<dd style="margin:0 0 2px 7em;overflow-wrap:anywhere">{escape(text)}</dd>'
            for label, text in rows
        )
        body += f'<dl style="margin:4px 0">{items}</dl>'
    return card(EDGE_COLOURS[state], title, body)


def text_card(title: str, text: str, is_code: bool) -> str:
    """Return the card of a hint, a solution or a report: a title and a text."""
    tag, style = ("pre", "white-space:pre-wrap") if is_code else ("p", "margin:4px 0")
    return card(BORDER_COLOUR, title, f'<{tag} style="{style}">{escape(text)}</{tag}>')
