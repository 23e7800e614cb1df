"""The sections of a workbook: from one line that begins with `# %%` to the next.

A section whose line names an exercise, as in `# %% 03.softmax: …`, is a part. It is open while it
has a line such as `softmax = library("03.softmax")`.
"""

import re
from dataclasses import dataclass
from importlib import resources

TEMPLATE = "my_microgpt.py"
HEADING = re.compile(r"^# %%(?: (\d\d\.\w+):)?[^\r\n]*", re.MULTILINE)
OPEN_LINE = r"^{name}[ \t]*=[ \t]*library\([\"']{id}[\"']\)[^\r\n]*"


@dataclass(frozen=True)
class Section:
    """A part of a workbook: the exercise's `id` and answer's `name`, and its `text`."""

    id: str
    name: str
    start: int
    end: int
    text: str

    @property
    def open_line(self) -> re.Match[str] | None:
        """The line of the text that takes the library's function; None if there is none."""
        pattern = OPEN_LINE.format(name=self.name, id=re.escape(self.id))
        return re.search(pattern, self.text, re.MULTILINE)

    @property
    def heading(self) -> str:
        """The section's first line."""
        return self.text.splitlines()[0]


def find_sections(text: str) -> dict[str, Section]:
    """Return the parts of a workbook's text by id, in their order; of two with one id, the last."""
    headings = list(HEADING.finditer(text))
    starts = [heading.start() for heading in headings]
    sections = {}
    for heading, start, end in zip(headings, starts, [*starts[1:], len(text)], strict=False):
        if id := heading[1]:
            name = id.partition(".")[2]
            sections[id] = Section(id, name, start, end, text[start:end])
    return sections


def template() -> str:
    """Return the workbook as it is on the first day."""
    return (resources.files("microgpt.learn.workbooks") / TEMPLATE).read_text("utf-8")


def part_ids() -> list[str]:
    """Return the ids of the exercises that have a part, in order."""
    return list(find_sections(template()))


def find_part(text: str, line_number: int) -> str | None:
    """Return the id of the part that has the line of that number, from 1; None if none has it."""
    lines = text.splitlines(keepends=True)
    offset = sum(map(len, lines[: line_number - 1]))
    parts = find_sections(text).values()
    return next((part.id for part in parts if part.start <= offset < part.end), None)


def replace_section(text: str, section: Section, new: str) -> str:
    """Return a workbook's text with another text for a section."""
    return text[: section.start] + new + text[section.end :]
