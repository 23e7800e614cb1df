"""Measure on five seeds what the notebooks claim: `python notebooks/measure.py [NAME ...]`."""

import sys

from measuring.command import main

if __name__ == "__main__":
    sys.exit(main())
