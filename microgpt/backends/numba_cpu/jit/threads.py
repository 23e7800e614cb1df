"""Numba's threads: start them, and name their layer; as a program, print what came of it as JSON.

`doctor` runs the program: started threads would stay, and a numba that cannot be loaded would take
the session with it. So it imports numba alone.
"""

import json
import os
import warnings
from functools import cache
from typing import Any

import numba

SETTING = "NUMBA_THREADING_LAYER"
LAYERS = ("tbb", "omp", "workqueue")  # in the order in which Numba tries them
UNSAFE_LAYER = "workqueue"


@cache
def start_threads() -> str:
    """Start Numba's threads, and return the name of their layer; warn if it is the unsafe one.

    On OpenMP they have a short spin, which a busy machine needs. The setting is removed at once:
    inherited by other libraries it would slow them. Empty NUMBA_THREADING_… variables are as none.
    """
    settings: Any = numba.core.config
    settings.THREADING_LAYER = settings.THREADING_LAYER or "default"
    settings.THREADING_LAYER_PRIORITY = settings.THREADING_LAYER_PRIORITY or list(LAYERS)
    unset = "GOMP_SPINCOUNT" not in os.environ
    if unset:
        os.environ["GOMP_SPINCOUNT"] = "2000"
    try:
        numba.get_num_threads()
    except ValueError:
        raise _layer_error(settings.THREADING_LAYER) from None
    finally:
        if unset:
            del os.environ["GOMP_SPINCOUNT"]
    layer = numba.threading_layer()
    if layer == UNSAFE_LAYER:
        warnings.warn(f"{limits(layer)}; {advice(layer)}", stacklevel=2)
    return layer


def threads_started() -> bool:
    """Whether they are started, here or by a parallel function of somebody else's."""
    try:
        return bool(numba.threading_layer())
    except ValueError:
        return False


def limits(layer: str) -> str:
    """What must not be done with this layer; "" if there is nothing."""
    if layer != UNSAFE_LAYER:
        return ""
    return (
        f"Numba runs parallel functions on {UNSAFE_LAYER!r}, which ends the process if two Python "
        "threads run any at once: do not call parallel Numba functions of your own beside a model "
        "in another thread"
    )


def advice(layer: str) -> str:
    """How to get a layer without limits: Numba takes the unsafe one only if it has no other."""
    if layer != UNSAFE_LAYER:
        return ""
    if os.environ.get(SETTING):
        return f"unset {SETTING}, and Numba takes the safest that there is"
    return "`pip install tbb` installs a layer without this limit"


def _layer_error(layer: str) -> Exception:
    from microgpt.errors import Described, SettingError

    return SettingError(
        SETTING,
        f"one of {', '.join(LAYERS)} that is installed",
        Described(layer),
        "unset it, and Numba takes the safest that there is",
    )


def main() -> dict[str, Any]:
    """Start the threads; return their layer, number, limits and advice, or the error."""
    try:
        layer = start_threads()
    except ValueError as error:
        return {"error": str(error)}
    threads = numba.get_num_threads()
    return {"layer": layer, "threads": threads, "limits": limits(layer), "advice": advice(layer)}


if __name__ == "__main__":
    print(json.dumps(main()))
