"""`Bench`: the contenders of each work in processes of their own, taking turns in blocks."""

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from microgpt.benchmark import machine_info, workloads
from microgpt.benchmark.implementations import Contender, check_names, counted, entrants, needed
from microgpt.benchmark.processes import library_versions
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.scaling import ROOFS, points
from microgpt.benchmark.worker_pool import Crew
from microgpt.benchmark.workload_inputs import NAMES, Inputs, Task
from microgpt.benchmark.workloads import Work
from microgpt.errors import SettingError

SHARE = 0.8  # of the free memory that contenders may hold together
ROUNDS = {False: 7, True: 2}  # usually, and quick
QUICKER = 5


@dataclass(frozen=True)
class Moment:
    """What comes next; `done` counts up to the length of the bench."""

    done: int
    text: str


class Bench:
    """Go over it to measure; what was measured so far is in `results`.

    `names` and `contenders` choose works and who takes part, `peers` names other libraries, which
    must be installed for `peer_python`. Each contender has `rounds` blocks; `quick` makes
    everything short and rough.
    """

    def __init__(
        self,
        names: list[str] | None = None,
        contenders: list[str] | None = None,
        peers: tuple[str, ...] = (),
        peer_python: str = "",
        rounds: int | None = None,
        quick: bool = False,
        corpus: str = "names",
    ):
        if rounds is not None and rounds < 1:
            raise SettingError(f"rounds must be 1 or above; got {rounds}")
        self.cores, self.quick, self.corpus = machine_info.cores(), quick, corpus
        self.rounds, self.peer_python = rounds or ROUNDS[quick], peer_python
        check_names(contenders, self.cores)
        self.plan = [
            (work, found)
            for work in workloads.chosen(names)
            if (found := entrants(work.name, self.cores, peers, contenders, quick))
        ]
        if not self.plan:
            raise SettingError("none of the chosen contenders takes part in the chosen works")
        self.results = Results(machine=machine_info.describe())
        if quick:
            fewer = f"{NAMES[True]} names in the place of {NAMES[False]:,}"
            self.results.notes.append(f"quick and rough: short blocks, {fewer}")
        if peers:
            self.results.machine["peers"] = library_versions(peer_python, needed(peers))
        self._done = 0

    def __len__(self) -> int:
        """How many moments there are: for each task and contender, its start and its blocks."""
        tasks = {"scaling": len(points(self.quick)) + len(ROOFS)}
        each = self.rounds + 1
        return sum(tasks.get(work.name, 1) * len(found) * each for work, found in self.plan)

    def __iter__(self) -> Iterator[Moment]:
        load = machine_info.load()  # before anybody works: later it would count the contenders
        self.results.loads += [] if load is None else [load]
        with tempfile.TemporaryDirectory(prefix="microgpt-bench-") as name:
            folder = Path(name)
            inputs = Inputs(folder, self.corpus, self.quick, self.results.notes)
            for work, contenders in self.plan:
                tasks = inputs.tasks(work.name)
                for together in self._groups(work, contenders):
                    with Crew(folder, self.cores, self.peer_python) as crew:
                        for task in tasks:
                            yield from self._take_turns(crew, work, together, task)

    def _groups(self, work: Work, contenders: list[Contender]) -> list[list[Contender]]:
        """All contenders together if there is memory for all, else one after the other."""
        free, wanted = machine_info.free_memory(), len(contenders) * work.mib * 2**20
        if work.name == "start" or free is None or wanted <= SHARE * free:
            return [contenders]
        self.results.notes.append(
            f"the contenders of {work.name!r} want {wanted / 2**30:.0f} GiB together and "
            f"{free / 2**30:.0f} GiB are free, so they ran one after the other, not in turns"
        )
        return [[contender] for contender in contenders]

    def _take_turns(
        self, crew: Crew, work: Work, contenders: list[Contender], task: Task
    ) -> Iterator[Moment]:
        entries = [Measurement(work, contender, task.name) for contender in contenders]
        self.results.measurements += entries
        for entry in entries:
            yield self._moment(entry, "gets ready")
            crew.prepare(entry, task)
        seconds = work.seconds / (QUICKER if self.quick else 1)
        order = random.Random(0)
        for number in range(self.rounds):
            # Nobody is always the first, nor always behind the same neighbour.
            for entry in order.sample(entries, len(entries)):
                yield self._moment(entry, f"block {number + 1} of {self.rounds}")
                crew.block(entry, task, seconds)

    def _moment(self, entry: Measurement, what: str) -> Moment:
        self._done += 1
        task = f" ({entry.task}, {counted(entry.contender.threads)})" if entry.task else ""
        return Moment(self._done, f"{entry.work.name}{task}: {entry.contender.name} {what}")
