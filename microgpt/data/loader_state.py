"""Validate the saved position of a batch iterator before it is restored."""

from typing import Any

import numpy as np

from microgpt.errors import FormatError


def check_state(state: Any, **expected: Any) -> int:
    """Return the number of batches drawn; raise FormatError if data or settings do not match."""
    if not isinstance(state, dict):
        raise FormatError(f"a state of batches is a dictionary; got {state!r:.80}")
    for name, value in expected.items():
        found = state.get(name)
        if type(found) is not type(value) or found != value:
            raise FormatError(
                f"this state is from batches with {name} = {found!r:.80}, these have {value!r}; "
                "go on with the same data and the same settings"
            )
    return read_count(state, "batches_drawn")


def read_count(state: dict[str, Any], name: str) -> int:
    """Return a non-negative integer of a state."""
    found = state.get(name)  # JSON gives plain ints
    if type(found) is not int or not 0 <= found < 2**63:
        raise FormatError(f"a state's {name!r} is an integer from 0 on; got {found!r:.80}")
    return found


def restore_rng(state: Any) -> np.random.Generator:
    """Return NumPy's PCG64 generator with the given `bit_generator.state`."""
    bit_generator = np.random.PCG64(0)
    try:
        bit_generator.state = state
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise FormatError(
            f"a state's 'rng' must describe NumPy's PCG64; got {state!r:.80} ({error})"
        ) from None
    return np.random.Generator(bit_generator)
