"""`python -m microgpt` is the command `microgpt`."""

from microgpt.cli import entry_point

if __name__ == "__main__":
    entry_point()
