"""The rule for numbers that a reader cannot judge alone: they are printed between neighbours."""

import re

from .code_cells import output_text
from .page import Page


def numbers_are_framed(page: Page) -> list[str]:
    """A cell tagged `frames:<number>` prints each neighbour in numbers.toml beside a number."""
    frames = {id: page.cells[index] for index, id in page.tagged_cells("frames")}
    violations = []
    for entry in page.framed:
        cell = frames.pop(entry["number"], None)
        if cell is None:
            violations.append(f"no cell is tagged frames:{entry['number']}")
            continue
        lines = output_text(cell).splitlines()
        violations += [
            f"cell {cell.name!r} does not print a number beside {neighbour!r}"
            for neighbour in entry["neighbours"]
            if not any(neighbour in line and re.search(r"\d", line) for line in lines)
        ]
    return violations + [
        f"cell {cell.name!r} frames {number!r}, which numbers.toml does not list"
        for number, cell in frames.items()
    ]


RULES = [numbers_are_framed]
