"""The saved position of batches: validated before anything continues from it."""

from typing import Any

import numpy as np

from microgpt.errors import FormatError


def check_state(state: Any, **expected: Any) -> int:
    """The number of batches drawn; a FormatError if other data or settings gave the state."""
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
    """A non-negative integer of a state."""
    found = state.get(name)  # JSON gives plain numbers
    if type(found) is not int or not 0 <= found < 2**63:
        raise FormatError(f"a state's {name!r} is an integer from 0 on; got {found!r:.80}")
    return found


def restore_rng(state: Any) -> np.random.Generator:
    """NumPy's PCG64 generator in the given `bit_generator.state`."""
    bit_generator = np.random.PCG64(0)
    try:
        bit_generator.state = state
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise FormatError(
            f"a state's 'rng' must describe NumPy's PCG64; got {state!r:.80} ({error})"
        ) from None
    return np.random.Generator(bit_generator)
