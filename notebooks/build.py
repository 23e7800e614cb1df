"""Build the notebooks from notebooks/src: `python notebooks/build.py [NAME ...] [--check]`."""

import sys

from course.build_command import main

if __name__ == "__main__":
    sys.exit(main())
