"""Wait for another thread, by what it does and not by a clock."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object]) -> None:
    """Return once the condition holds; a test that waits for ever is ended by pytest's limit."""
    while not condition():
        time.sleep(0.005)
