"""The table of `ops/arithmetic.py`: expressions at the edges, with their values and slopes.

The standard library only, so that the script that writes PyTorch's numbers reads the very same.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import microgpt


class EdgeCase(NamedTuple):
    expression: str
    x: float
    value: float
    slope: float
    of_value: str  # "same", or the name of the exception that a Value raises

    @property
    def name(self):
        return f"{self.expression} at {self.x:g}"

    def __call__(self, node):
        return eval(self.expression, {"x": node, "abs": abs})


def edge_cases():
    text = (Path(microgpt.__file__).parent / "ops" / "arithmetic.py").read_text("utf-8")
    rows = [
        re.split("  +", line.strip()) for line in ast.get_docstring(ast.parse(text)).split("\n")
    ]
    table = [row for row in rows if len(row) == 5][1:]
    return [EdgeCase(row[0], *map(float, row[1:4]), row[4]) for row in table]
