"""`Crew`: the started contenders of one work, asked for their first calls and their blocks."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from microgpt.benchmark.implementations import Contender
from microgpt.benchmark.processes import Failed, Process, command, environment
from microgpt.benchmark.results import Measurement
from microgpt.benchmark.workload_inputs import Task

# Seconds before a block, in which the last contender's threads fall asleep: OpenMP of LLVM and
# Intel lets them spin for 0.2.
PAUSE = 0.3


class Crew:
    """Contenders whose processes live until the `with` block ends.

    Of the work "start", a block is a process of its own. What goes wrong with one contender is
    written into its measurement, and the others go on.
    """

    def __init__(self, folder: Path, cores: int, peer_python: str):
        self.folder, self.cores, self.peer_python = folder, cores, peer_python
        self.stack = ExitStack()
        self.processes: dict[Contender, Process] = {}

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stack.close()

    def prepare(self, entry: Measurement, task: Task) -> None:
        """Start the contender if it is not running, give it its task, time its first call."""
        act = self._first_start if entry.work.name == "start" else self._first_call
        self._guarded(entry, lambda: act(entry, task))

    def block(self, entry: Measurement, task: Task, seconds: float) -> None:
        """Let the contender work for `seconds`."""
        time.sleep(PAUSE)
        if entry.work.name == "start":
            self._guarded(entry, lambda: entry.blocks.append([self._one_start(entry, task)]))
        elif not entry.trouble:
            self._guarded(entry, lambda: self._one_block(entry, seconds))

    def _guarded(self, entry: Measurement, act: Callable[[], Any]) -> None:
        if entry.trouble:
            return
        try:
            act()
        except Failed as error:
            entry.trouble, entry.blocks = str(error), []
            process = self.processes.get(entry.contender)
            if process is not None and not process.answers:
                # It would compute beside the others, or answer the next question with this answer.
                del self.processes[entry.contender]
                process.end()

    def _first_call(self, entry: Measurement, task: Task) -> None:
        contender = entry.contender
        if contender not in self.processes:
            self.processes[contender] = self.stack.enter_context(self._started(contender))
        answer = self.processes[contender].ask(do="prepare", task=_request(task, contender))
        entry.first, entry.count, entry.about = answer["first"], answer["count"], answer["about"]
        entry.peak = answer["peak"]

    def _one_block(self, entry: Measurement, seconds: float) -> None:
        answer = self.processes[entry.contender].ask(do="block", seconds=seconds)
        entry.blocks.append(answer["seconds"])
        entry.peak = answer["peak"]

    def _first_start(self, entry: Measurement, task: Task) -> None:
        entry.first = self._one_start(entry, task)

    def _one_start(self, entry: Measurement, task: Task) -> float:
        """Seconds from starting Python to the end of the first step."""
        with self._started(entry.contender) as process:
            answer = process.ask(do="prepare", task=_request(task, entry.contender), warm=0)
            taken = time.perf_counter() - process.begun
        entry.about, entry.peak = answer["about"], answer["peak"]
        return taken

    def _started(self, contender: Contender) -> Process:
        return Process(
            command(contender, self.peer_python),
            environment(contender, self.cores),
            self.folder / f"{contender.name}-{contender.threads}.log",
        )


def _request(task: Task, contender: Contender) -> dict[str, Any]:
    return task.request | contender.options | {"threads": contender.threads}
