"""Build the notebooks from notebooks/src: `python notebooks/build.py [NAME ...] [--check]`."""

import sys

from course.building import main

if __name__ == "__main__":
    sys.exit(main())
