"""Writes edges.json: PyTorch's values and slopes of the table in `ops/arithmetic.py`, in float64.

python tests/golden/write_edges.py        (needs torch; the tests do not)
"""

import json
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "helpers"), str(HERE.parent.parent)]

from edge_cases import edge_cases  # noqa: E402


def main() -> None:
    numbers = {}
    for case in edge_cases():
        x = torch.tensor(case.x, dtype=torch.float64, requires_grad=True)
        y = case(x)
        y.backward()
        numbers[case.name] = [repr(y.item()), repr(x.grad.item())]
    (HERE / "edges.json").write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
    print(f"{len(numbers)} edges of torch {torch.__version__}")


if __name__ == "__main__":
    main()
