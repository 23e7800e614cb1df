"""Python in which some libraries cannot be imported, as if they were not installed."""

CODE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def without(*names):
    """Code to put before a program: from then on it finds none of these."""
    return CODE.format(names=names)
