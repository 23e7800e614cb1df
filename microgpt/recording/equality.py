"""Compare two recordings of a function, and describe their first difference."""

from microgpt.errors import CaptureError
from microgpt.recording.recorder import EXTERNAL, INPUT, ArrayRef, Recording


def first_difference(first: Recording, second: Recording) -> str | None:
    """Describe the first difference of two recordings; None if they are equal."""
    for number, (old, new) in enumerate(zip(first.launches, second.launches, strict=False)):
        launch = f"launch {number} {new.name}"
        if old.name != new.name:
            return f"launch {number}: recorded {old.name}, this time {new.name} ({new.source})"
        if len(old.refs) != len(new.refs):
            return f"{launch}: another number of arguments ({new.source})"
        for before, now in zip(old.refs, new.refs, strict=True):
            if before != now or type(before) is not type(now):
                return f"{launch}: recorded {before}, this time {now} ({new.source})"
            if _is_external(now) and (
                first.externals[before.number]() is not second.externals[now.number]()
            ):
                return f"{launch}: another array of shape {now.shape} each time ({new.source})"
    if len(first.launches) != len(second.launches):
        return f"recorded {len(first.launches)} launches, this time {len(second.launches)}"
    if first.result_signature != second.result_signature:
        return f"it returned {first.result_signature}, this time {second.result_signature}"
    for external, again in zip(first.externals, second.externals, strict=True):
        if external() is not again():
            return "it returned another array each time"
    return None


def check_externals_alive(recording: Recording, name: str) -> None:
    """Raise if an external array was freed after the call: no second recording could equal it."""
    for number, launch in enumerate(recording.launches):
        for ref in launch.refs:
            if _is_external(ref) and recording.externals[ref.number]() is None:
                raise CaptureError(
                    f"launch {number} {launch.name} ({launch.source}) was given an array that "
                    "is gone after the call: made inside by NumPy, or its name bound anew. A "
                    "replay would see its old numbers; keep it, or pass it as an argument"
                )
    if any(external() is None for external in recording.externals):
        raise CaptureError(
            f"{name} returned an array that it made itself, not by the back end; a "
            "replay would return its old numbers. Return tensors"
        )


def changed_input_message(recording: Recording, index: int) -> str:
    """Return the error message for an array argument that the call changed in place."""
    launches = [
        f"{launch.name} ({launch.source})"
        for launch in recording.launches
        if any(isinstance(ref, ArrayRef) and ref[:2] == (INPUT, index) for ref in launch.refs)
    ]
    return (
        f"array argument {index} was changed in place, which the caller would not see, by one of "
        f"{', '.join(launches) or 'the lines of the function'}; return the result instead"
    )


def _is_external(ref: object) -> bool:
    return isinstance(ref, ArrayRef) and ref.origin == EXTERNAL
