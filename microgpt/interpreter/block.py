"""One block of threads: who runs next, who waits for whom, and who never comes."""

import itertools
from collections.abc import Callable, Generator
from typing import Any

from microgpt.errors import KernelError
from microgpt.interpreter import report
from microgpt.interpreter.rewriting import ACCESS
from microgpt.interpreter.shadow import Moment
from microgpt.interpreter.stand_ins import WARP_SIZE, Dim3
from microgpt.interpreter.warps import BLOCK_WAITS, block_vote, exchange, shuffle_sources

Order = Callable[[list[Any]], list[Any]]
ALL_LANES = 0xFFFFFFFF


class Thread:
    """A thread of a block. `waiting` is what it waits for, its arguments and the line, or None."""

    __slots__ = (
        "answer", "copy_groups", "generator", "index", "label", "lane", "number", "open_copies",
        "waiting", "warp",
    )  # fmt: skip

    def __init__(self, number: int, sizes: Dim3, block: int):
        self.number, self.index = number, sizes.position(number)
        self.warp, self.lane = divmod(number, WARP_SIZE)
        self.label = f"{_shown(self.index, sizes)} of block {block}"
        self.generator: Generator[Any, Any, None] | None = None
        self.answer: Any = None
        self.waiting: tuple[Any, tuple[Any, ...], int] | None = None
        self.open_copies: list[Any] = []
        self.copy_groups: list[list[Any]] = []


class Block:
    """The threads of one block; `rounds()` runs them until all have ended."""

    def __init__(self, launch: Any, number: int, sizes: Dim3, index: Dim3):
        self.launch, self.number, self.index = launch, number, index
        self.threads = [Thread(n, sizes, number) for n in range(sizes.size)]
        self.phase, self.round = 0, 0
        self.shared_arrays: dict[Any, Any] = {}
        self.shared_bytes = 0
        self._warp_phases = [0] * (self.threads[-1].warp + 1)

    def rounds(self, order: Order) -> Generator[None, None, None]:
        """Run every thread to where it waits, again and again; yield after each round."""
        ready = order(self.threads)
        while ready:
            for thread in ready:
                self._run(thread)
            yield
            self.round += 1
            ready = order([thread for thread in ready if _waits_for(thread, (ACCESS,))])
            if ready:
                continue
            ready = order(self._meet_in_warps()) or order(self._meet_at_barrier())
        self.launch.end_block(self)

    def _run(self, thread: Thread) -> None:
        """Run a thread until it waits or ends."""
        launch = self.launch
        launch.begin(self, thread, self._moment(thread))
        thread.waiting = None
        if not launch.kernel.waits:
            launch.function(*launch.arguments)
        else:
            try:
                if thread.generator is None:
                    thread.generator = launch.function(*launch.arguments)
                thread.waiting = thread.generator.send(thread.answer)
            except StopIteration:
                pass
        if launch.trace is not None and (
            thread.waiting is None or thread.waiting[0] in BLOCK_WAITS
        ):
            line = None if thread.waiting is None else thread.waiting[2]
            launch.trace.add_stop(self.number, thread.number, self.phase, line)
        if thread.waiting is None and (thread.open_copies or any(thread.copy_groups)):
            launch.find_abandoned_copies(thread)

    def _moment(self, thread: Thread) -> Moment:
        return Moment(
            thread.number, self.number, self.phase, thread.warp, self._warp_phases[thread.warp],
            thread.label,
        )  # fmt: skip

    # -- barriers -------------------------------------------------------------------------------

    def _meet_at_barrier(self) -> list[Thread]:
        """All threads that still run stand at a barrier: begin the next phase."""
        waiting = [thread for thread in self.threads if thread.waiting is not None]
        if not waiting:
            return []
        states = [thread.waiting for thread in waiting if thread.waiting]
        self._check_barrier(waiting, [line for _, _, line in states])
        votes = [bool(arguments[0]) if arguments else False for _, arguments, _ in states]
        for thread, (what, _, _) in zip(waiting, states, strict=True):
            thread.answer = block_vote(what, votes)
        self.phase += 1
        return waiting

    def _check_barrier(self, waiting: list[Thread], lines: list[int]) -> None:
        launch = self.launch
        first, last = min(lines), max(lines)
        if first != last:
            one = waiting[lines.index(first)]
            other = waiting[lines.index(last)]
            launch.find(
                report.BARRIER, last, f"line {last}: thread {other.label} waits at this barrier, "
                f"and thread {one.label} at that of line {first}; let all threads of a block come "
                "to the same barrier, outside every branch", self.phase,
                involved=self._groups_at_barrier(waiting),
            )  # fmt: skip
        gone = [thread for thread in self.threads if thread.waiting is None]
        if gone:
            launch.find(
                report.BARRIER, first, f"line {first}: {len(waiting)} of {len(self.threads)} "
                f"threads wait at this barrier, and {len(gone)} never come, thread {gone[0].label} "
                "among them; on a GPU nobody can say what happens: move the barrier out of the "
                "branch, and let no thread return before it", self.phase,
                involved=self._groups_at_barrier(waiting),
            )  # fmt: skip

    def _groups_at_barrier(self, waiting: list[Thread]) -> tuple[report.Involved, ...]:
        """Return who waits at which line, in the order of the lines, and who has ended."""
        by_line: dict[int, list[Thread]] = {}
        for thread in waiting:
            by_line.setdefault(thread.waiting[2] if thread.waiting else 0, []).append(thread)
        groups = [(by_line[line], "waits", line) for line in sorted(by_line)]
        ended = [thread for thread in self.threads if not thread.waiting]
        return tuple(
            report.Involved(
                self.number, tuple(thread.number for thread in threads),
                threads[0].label.partition(" of ")[0], action, line=line,
            )
            for threads, action, line in [*groups, *([(ended, "ended", 0)] if ended else [])]
        )  # fmt: skip

    # -- warps ----------------------------------------------------------------------------------

    def _meet_in_warps(self) -> list[Thread]:
        """Let the lanes that wait for their warp exchange numbers; return them."""
        met: list[Thread] = []
        for warp, lanes in itertools.groupby(self.threads, lambda thread: thread.warp):
            waiting = [
                thread
                for thread in lanes
                if thread.waiting and thread.waiting[0] not in BLOCK_WAITS
            ]
            if not waiting:
                continue
            if any(_waits_for(thread, ("syncwarp",)) for thread in waiting):
                self._warp_phases[warp] += 1
            for group in _groups(waiting):
                self._exchange(group, min(WARP_SIZE, len(self.threads) - warp * WARP_SIZE))
            met += waiting
        return met

    def _exchange(self, group: list[Thread], num_lanes: int) -> None:
        """Answer each lane of a group, which waits for the same at the same line."""
        arguments: dict[int, tuple[Any, ...]] = {}
        operation: Any = None
        line = 0
        for thread in group:
            assert thread.waiting is not None
            operation, arguments[thread.lane], line = thread.waiting
        self._check_mask(group[0], operation, arguments, num_lanes, line)
        if isinstance(operation, str):
            self._check_sources(group[0], operation, arguments, line)
            results = exchange(operation, arguments)
        else:
            self.launch.begin(self, group[0], self._moment(group[0]))
            self.launch.line = line
            given = [arguments.get(lane) for lane in range(WARP_SIZE)]
            results = dict(enumerate(operation(given)))
        for thread in group:
            thread.answer = results[thread.lane]

    def _check_mask(
        self, first: Thread, operation: Any, arguments: dict[int, Any], num_lanes: int, line: int
    ) -> None:
        is_collective = not isinstance(operation, str)
        given = next(iter(arguments.values()))
        mask = ALL_LANES if is_collective or not given else int(given[0]) & ALL_LANES
        num_lanes = WARP_SIZE if is_collective else num_lanes  # even in a smaller block
        missing = [n for n in range(num_lanes) if mask >> n & 1 and n not in arguments]
        unasked = [n for n in arguments if not mask >> n & 1]
        if missing or unasked:
            lane = (missing or unasked)[0]
            reason = "is in the mask and never comes" if missing else "comes and is not in the mask"
            self.launch.find(
                report.WARP, line, f"line {line}: lane {lane} of warp {first.warp} of block "
                f"{self.number} {reason}; put the exchange where all lanes of its mask come, and "
                "outside every branch that depends on the thread", self.phase,
            )  # fmt: skip

    def _check_sources(
        self, first: Thread, operation: str, arguments: dict[int, Any], line: int
    ) -> None:
        """A shuffle reads from lanes that are there, or from beyond the warp's ends."""
        for lane, source in shuffle_sources(operation, arguments).items():
            if 0 <= source < WARP_SIZE and source not in arguments:
                self.launch.find(
                    report.WARP, line, f"line {line}: lane {lane} of warp {first.warp} of block "
                    f"{self.number} reads from lane {source}, which is not there; give it a lane "
                    "of its mask, or put the lane into the mask and let it come", self.phase,
                )  # fmt: skip


def _shown(index: Dim3, sizes: Dim3) -> str:
    """Return a thread's index with as many axes as its block has."""
    if sizes.z > 1:
        return f"({index.x}, {index.y}, {index.z})"
    return f"({index.x}, {index.y})" if sizes.y > 1 else str(index.x)


def _waits_for(thread: Thread, what: tuple[str, ...]) -> bool:
    return thread.waiting is not None and thread.waiting[0] in what


def _groups(waiting: list[Thread]) -> list[list[Thread]]:
    """Return the threads of a warp by what they wait for, with which mask and at which line."""
    groups: dict[Any, list[Thread]] = {}
    for thread in waiting:
        if thread.waiting is None:
            raise KernelError(f"thread {thread.label} does not wait")
        what, arguments, line = thread.waiting
        mask = int(arguments[0]) if isinstance(what, str) and arguments else ALL_LANES
        groups.setdefault((line, str(what), mask), []).append(thread)
    return list(groups.values())
