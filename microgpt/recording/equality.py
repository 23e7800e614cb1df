"""Whether two recordings of a function are equal, and in words where they are not."""

from microgpt.errors import CaptureError
from microgpt.recording.recorder import Recording, ArrayRef


def difference(first: Recording, second: Recording) -> str | None:
    """The first launch in which two recordings differ, in words; None if they are equal."""
    for number, (old, new) in enumerate(zip(first.lines, second.lines, strict=False)):
        where = f"launch {number} {new.name}"
        if old.name != new.name:
            return f"launch {number}: recorded {old.name}, this time {new.name} ({new.source})"
        if len(old.described) != len(new.described):
            return f"{where}: another number of arguments ({new.source})"
        for before, now in zip(old.described, new.described, strict=True):
            if before != now or type(before) is not type(now):
                return f"{where}: recorded {before}, this time {now} ({new.source})"
            if _is_older(now) and (
                first.older[before.identity]() is not second.older[now.identity]()
            ):
                return f"{where}: another array of shape {now.shape} each time ({new.source})"
    if len(first.lines) != len(second.lines):
        return f"recorded {len(first.lines)} launches, this time {len(second.lines)}"
    if first.described_result != second.described_result:
        return f"it returned {first.described_result}, this time {second.described_result}"
    for before, now in zip(first.older, second.older, strict=True):
        if before() is not now():
            return "it returned another array each time"
    return None


def require_lasting(recording: Recording, name: str) -> None:
    """Refuse a recording with an older array that is gone after the call: it can never settle."""
    for number, line in enumerate(recording.lines):
        for role in line.described:
            if _is_older(role) and recording.older[role.identity]() is None:
                raise CaptureError(
                    f"launch {number} {line.name} ({line.source}) was given an array that "
                    "is gone after the call: made inside by NumPy, or its name bound anew. A "
                    "replay would see its old numbers; keep it, or pass it as an argument"
                )
    if any(array() is None for array in recording.older):
        raise CaptureError(
            f"{name} returned an array that it made itself, not by the back end; a "
            "replay would return its old numbers. Return tensors"
        )


def changed_argument(recording: Recording, place: int) -> str:
    """What is said of an array argument that is not what it was before the call."""
    given = [
        f"{line.name} ({line.source})"
        for line in recording.lines
        if any(isinstance(r, ArrayRef) and r[:2] == ("argument", place) for r in line.described)
    ]
    return (
        f"array argument {place} was changed in place, which the caller would not see, by one of "
        f"{', '.join(given) or 'the lines of the function'}; return the result instead"
    )


def _is_older(described: object) -> bool:
    return isinstance(described, ArrayRef) and described.kind == "older"
