"""Fill an array from a file, without a copy in between."""

from pathlib import Path
from typing import Any

import numpy as np

from microgpt.errors import FormatError


def read_exactly(stream: Any, array: np.ndarray, file: Path) -> None:
    """Fill a C-contiguous array with the next bytes of an unbuffered stream of `file`."""
    view = array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")
    while view:
        count = stream.readinto(view)
        if not count:
            raise FormatError(f"{file} ends {len(view):,} bytes too early; fetch or write it again")
        view = view[count:]
