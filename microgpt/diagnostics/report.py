"""`Report`: a one-sentence summary and its findings, shown as text or as a collapsible card."""

import html
import re
from dataclasses import dataclass

from microgpt.plain_text import text_table

SYMBOLS = {"ok": "✓", "note": "○", "problem": "✗"}

# JupyterLab's theme colours if they are defined, else the page's.
_CARD = (
    "font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 14px; "
    "line-height: 1.5; color: var(--jp-ui-font-color1, inherit)"
)


@dataclass(frozen=True)
class Finding:
    """The result of one check: its state ("ok", "note" or "problem") and what to do."""

    subject: str
    state: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.advice}" if self.advice else self.text


@dataclass(frozen=True)
class Report:
    """The result of `doctor`: a summary `sentence` and findings; a brief report omits these."""

    sentence: str
    findings: tuple[Finding, ...]
    brief: bool = False

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings with the state "problem"."""
        return tuple(finding for finding in self.findings if finding.state == "problem")

    def __repr__(self) -> str:
        if self.brief:
            return self.sentence
        rows = (
            (f"{SYMBOLS[finding.state]} {finding.state}", finding.subject, str(finding))
            for finding in self.findings
        )
        return "\n".join([self.sentence, *text_table(rows)])

    def _repr_html_(self) -> str:
        if self.brief:
            return f'<div style="{_CARD}">{_format_html(self.sentence)}</div>'
        lines = "".join(
            f"<li>{SYMBOLS[finding.state]} {finding.state} · "
            f"<b>{html.escape(finding.subject)}</b>: {_format_html(str(finding))}</li>"
            for finding in self.findings
        )
        unfolded = " open" if self.problems else ""
        return (
            f'<details{unfolded} style="{_CARD}"><summary>{_format_html(self.sentence)}</summary>'
            f'<ul style="list-style: none; padding-left: 1em">{lines}</ul></details>'
        )


def _format_html(text: str) -> str:
    """Escape a text for HTML, and show `commands` as code that may wrap anywhere."""
    code = '<code style="overflow-wrap: anywhere; color: inherit">\\1</code>'
    return re.sub(r"`([^`]+)`", code, html.escape(text))
