"""Standard streams that are missing, closed, or no longer read."""

import os
import sys
from typing import IO, Any


def open_missing_streams() -> None:
    """Replace standard streams that are missing or closed by ones that go nowhere.

    A command may be started without (`>&-`, a service, pythonw). Their numbers are taken too: the
    next file to be opened would get one, and whatever a library prints would be written into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the smallest free number, which is this one
            os.set_inheritable(opened, True)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, _open_devnull(mode))


def _open_devnull(mode: str) -> IO[Any]:
    return open(os.devnull, mode, encoding="utf-8")


def flush_streams() -> bool:
    """Write out what was printed; return whether that worked; a closed pipe needs no message."""
    complete = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            # What is left in the stream would raise again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            complete = False
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                print(f"microgpt: {error.strerror}", file=sys.stderr)
    return complete
