"""HTML for a notebook: cards and texts that can be read in light and in dark themes."""

from html import escape

TEXT = "var(--jp-ui-font-color1, inherit)"
LINE = "var(--jp-border-color1, #8a8a8a)"
# The edge's colour goes with the state's word and symbol; it says nothing that they do not.
EDGES = {
    "correct": "var(--jp-success-color1, #2e7d32)",
    "not yet": "var(--jp-warn-color1, #b26a00)",
    "not attempted": "var(--jp-border-color1, #8a8a8a)",
}
CARD = (
    "border:1px solid {line};border-left:6px solid {edge};border-radius:3px;color:{text};"
    "padding:8px 14px;margin:6px 0;max-width:760px;font-size:14px;line-height:1.5"
)


def card(edge: str, head: str, body: str) -> str:
    """A bordered box: `head` is text, `body` is HTML already."""
    style = CARD.format(line=LINE, edge=edge, text=TEXT)
    return f'<div role="group" style="{style}"><strong>{escape(head)}</strong>{body}</div>'


def result_card(state: str, head: str, lines: list[tuple[str, str]]) -> str:
    """The card of a check: the sentence first, then a labelled line for each part."""
    (label, sentence), *rows = lines
    before = f"<em>{escape(label)}:</em> " if label else ""
    body = f'<p style="margin:4px 0">{before}{escape(sentence)}</p>' if sentence else ""
    if rows:
        cells = "".join(
            f'<dt style="float:left;clear:left;min-width:6.5em"><em>{escape(label)}</em></dt>'
            f'<dd style="margin:0 0 2px 7em;overflow-wrap:anywhere">{escape(text)}</dd>'
            for label, text in rows
        )
        body += f'<dl style="margin:4px 0">{cells}</dl>'
    return card(EDGES[state], head, body)


def note_card(head: str, text: str, code: bool) -> str:
    """A hint or a solution: a heading and a text, as it stands."""
    tag, style = ("pre", "white-space:pre-wrap") if code else ("p", "margin:4px 0")
    return card(LINE, head, f'<{tag} style="{style}">{escape(text)}</{tag}>')
