"""Whether each prediction is answered as its author noted: `# source: answer: 28.9`."""

import re
from typing import Any

from .percent_source import ANSWER_PREFIX

NOTE = re.compile(r"answer: (.+)")


def wrong_answers(notebook: Any) -> list[str]:
    """A sentence for each answer of an executed notebook that does not say what is noted.

    The notes stand in the cell tagged `predict:<id>`, the answer is the text that the cell tagged
    `answer:<id>` shows. A prediction without such a note has no answer of its own.
    """
    noted: dict[str, str] = {}
    problems = []
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            prefix, _, id = tag.partition(":")
            if prefix == "predict":
                for note in cell.metadata.get("notes", []):
                    if match := NOTE.fullmatch(note):
                        noted[id] = match[1]
            elif tag.startswith(ANSWER_PREFIX) and id in noted:
                shown = " ".join(_texts(cell)).strip()
                # 1 is not the answer in 1,770 or in 1.5
                if not re.search(rf"(?<![\w.,]){re.escape(noted[id])}(?![\w]|[.,]\d)", shown):
                    problems.append(
                        f"cell {cell.id!r} answers {shown!r}; its note says {noted[id]!r}"
                    )
    return problems


def _texts(cell: Any) -> list[str]:
    """What a cell shows as text."""
    return [
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
    ]
