"""Where a run stands in its data: checked before anything goes on from there."""

from typing import Any

import numpy as np

from microgpt.errors import FormatError


def check(state: Any, **expected: Any) -> int:
    """How many batches a state says were drawn; refused if other data or settings gave it."""
    if not isinstance(state, dict):
        raise FormatError(f"a state of batches is a dictionary; got {state!r:.80}")
    for name, value in expected.items():
        found = state.get(name)
        if type(found) is not type(value) or found != value:
            raise FormatError(
                f"this state is from batches with {name} = {found!r:.80}, these have {value!r}; "
                "go on with the same data and the same settings"
            )
    return count(state, "drawn")


def count(state: dict[str, Any], name: str) -> int:
    """A whole number from 0 on, out of a state."""
    found = state.get(name)  # JSON gives plain numbers
    if type(found) is not int or not 0 <= found < 2**63:
        raise FormatError(f"a state's {name!r} is a whole number from 0 on; got {found!r:.80}")
    return found


def generator(state: Any) -> np.random.Generator:
    """The random numbers that go on from where `state`, a generator's own description, is."""
    bits = np.random.PCG64(0)
    try:
        bits.state = state
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise FormatError(
            f"a state's 'rng' must describe NumPy's PCG64; got {state!r:.80} ({error})"
        ) from None
    return np.random.Generator(bits)
