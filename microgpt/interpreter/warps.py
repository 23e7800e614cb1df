"""What the lanes of a warp exchange: shuffles and votes, as the CUDA C++ Programming Guide says."""

from collections.abc import Callable
from typing import Any

BLOCK_WAITS = ("syncthreads", "syncthreads_count", "syncthreads_and", "syncthreads_or")
SHUFFLES: dict[str, Callable[[int, int], int]] = {
    "shfl_sync": lambda lane, number: number % 32,
    "shfl_up_sync": lambda lane, number: lane - number,
    "shfl_down_sync": lambda lane, number: lane + number,
    "shfl_xor_sync": lambda lane, number: lane ^ number,
}
VOTES = ("ballot_sync", "all_sync", "any_sync", "match_any_sync")
WARP_WAITS = ("syncwarp", *SHUFFLES, *VOTES)


def exchange(operation: str, arguments: dict[int, tuple[Any, ...]]) -> dict[int, Any]:
    """Return what each lane gets; `arguments` are those of the lanes that are there.

    A shuffle from beyond the ends of the warp gives a lane its own number back.
    """
    if operation == "syncwarp":
        return dict.fromkeys(arguments)
    values = {lane: given[1] for lane, given in arguments.items()}
    if operation in SHUFFLES:
        sources = shuffle_sources(operation, arguments)
        return {lane: values.get(source, values[lane]) for lane, source in sources.items()}
    if operation == "match_any_sync":
        return {
            lane: sum(1 << other for other, value in values.items() if value == mine)
            for lane, mine in values.items()
        }
    votes = {lane: bool(value) for lane, value in values.items()}
    result = {
        "ballot_sync": sum(1 << lane for lane, vote in votes.items() if vote),
        "all_sync": int(all(votes.values())),
        "any_sync": int(any(votes.values())),
    }[operation]
    return dict.fromkeys(arguments, result)


def block_vote(operation: str, votes: list[bool]) -> int | None:
    """Return what `syncthreads_count`, `_and` or `_or` gives to every thread of a block."""
    results = {
        "syncthreads_count": sum(votes),
        "syncthreads_and": int(all(votes)),
        "syncthreads_or": int(any(votes)),
    }
    return results.get(operation)


def shuffle_sources(operation: str, arguments: dict[int, tuple[Any, ...]]) -> dict[int, int]:
    """Return the lane that each lane of a shuffle reads from; {} for what is no shuffle."""
    source = SHUFFLES.get(operation)
    if source is None:
        return {}
    return {lane: source(lane, int(given[2])) for lane, given in arguments.items()}
