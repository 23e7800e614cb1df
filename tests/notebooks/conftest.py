"""The folder `notebooks/` is where the package `course` is imported from."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "notebooks"))
