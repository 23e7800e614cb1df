"""Check the committed notebooks' prose and cells: `python notebooks/rules.py [NAME ...]`."""

import sys

from course.rules.command import main

if __name__ == "__main__":
    sys.exit(main())
