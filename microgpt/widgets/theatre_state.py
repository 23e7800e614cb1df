"""`TheatreState`: which kernel the theatre runs, in which order, and what moment is shown."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from microgpt.interpreter.gallery import KERNELS, TASKS, GalleryKernel
from microgpt.viz.thread_theatre import AccessRow, Scene
from microgpt.widgets.theatre_kernels import (
    GalleryChoice,
    KernelLaunch,
    OwnKernel,
    Sizes,
    check_source,
)
from microgpt.widgets.theatre_runs import IN_STEP, Step, TracedRun, run_in_all_orders
from microgpt.widgets.theatre_scene import build_scene, build_table


@dataclass(frozen=True, eq=False)
class TheatreState:
    """A kernel's runs in all orders, and the step of the phase that is shown, both from 0.

    `own` is the learner's kernel, if there is one, also while another is shown. `chosen_line` is a
    line that touches no memory; any other line is that of the step.
    """

    source: GalleryChoice | OwnKernel
    own: OwnKernel | None
    launch: KernelLaunch
    runs: dict[str, TracedRun]
    order: str = IN_STEP
    phase: int = 0
    step: int = 0
    chosen_line: int | None = None

    @property
    def run(self) -> TracedRun:
        """The run in the order that is shown."""
        return self.runs[self.order]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the phase that is shown."""
        return self.run.phases[self.phase]

    @property
    def num_phases(self) -> int:
        """The number of phases in this order."""
        return len(self.run.phases)

    @property
    def line(self) -> int | None:
        """The number of the line that is lit, as it is shown."""
        if self.chosen_line is not None or not self.steps:
            return self.chosen_line
        return self.steps[self.step].line - self.launch.line_shift

    @cached_property
    def scene(self) -> Scene:
        """All that is shown, as plain data."""
        return build_scene(self.launch, self.runs, self.order, (self.phase, self.step), self.line)

    def table_rows(self) -> list[AccessRow]:
        """The accesses of the phase that is shown."""
        return build_table(self.launch, self.run, self.phase)

    # -- what runs ------------------------------------------------------------------------------

    def with_source(self, source: GalleryChoice | OwnKernel) -> "TheatreState":
        """Run another kernel, or the same in other sizes, and begin at its first access.

        Raises KernelError or SettingError for one that cannot be run.
        """
        return replace(start_state(source, self.own), order=self.order)

    def with_task(self, name: str) -> "TheatreState":
        """Run the right kernel of a task, or the learner's own, whose name is ""."""
        if not name:
            return self if self.own is None else self.with_source(self.own)
        return self.with_source(GalleryChoice.of(right_kernel(name)))

    def with_version(self, name: str) -> "TheatreState":
        """Run another kernel of the task."""
        if not isinstance(self.source, GalleryChoice):
            return self
        return self.with_source(self.source.with_version(KERNELS[name]))

    def with_sizes(self, sizes: Sizes, threads: int) -> "TheatreState":
        """Change the sizes of the inputs and the threads of a block, where there are any."""
        return self.with_source(self.source.with_sizes(sizes, threads))

    def started_over(self) -> "TheatreState":
        """Run again from new numbers; a learner's own kernel from its arguments."""
        source = self.source
        if isinstance(source, GalleryChoice):
            source = replace(source, seed=source.seed + 1)
        return self.with_source(source)

    def with_own(self, own: OwnKernel) -> "TheatreState":
        """Run a kernel of the learner's, which stays in the menu."""
        return replace(self, own=own).with_source(own)

    # -- what is shown --------------------------------------------------------------------------

    def with_order(self, order: str) -> "TheatreState":
        """Show the run in another order: its first clash, or else the same phase."""
        run = self.runs[order]
        phase, step = run.first_clash or (min(self.phase, len(run.phases) - 1), 0)
        return replace(self, order=order, phase=phase, step=step, chosen_line=None)

    def with_phase(self, number: float) -> "TheatreState":
        """Show the first access of a phase, counted from 1."""
        phase = min(max(int(number), 1), self.num_phases) - 1
        return replace(self, phase=phase, step=0, chosen_line=None)

    def with_step(self, number: float) -> "TheatreState":
        """Show an access of this phase, counted from 1."""
        step = max(min(int(number), len(self.steps)) - 1, 0)
        return replace(self, step=step, chosen_line=None)

    def next_step(self) -> "TheatreState":
        """Show the next access, which may be in the next phase; after the last, stay."""
        if self.step + 1 < len(self.steps):
            return replace(self, step=self.step + 1, chosen_line=None)
        if self.phase + 1 < self.num_phases:
            return replace(self, phase=self.phase + 1, step=0, chosen_line=None)
        return self

    def previous_step(self) -> "TheatreState":
        """Show the access before, which may be in the phase before; before the first, stay."""
        if self.step > 0:
            return replace(self, step=self.step - 1, chosen_line=None)
        if self.phase > 0:
            step = max(len(self.run.phases[self.phase - 1]) - 1, 0)
            return replace(self, phase=self.phase - 1, step=step, chosen_line=None)
        return self

    @property
    def is_at_start(self) -> bool:
        """Whether there is no access before."""
        return self.phase == self.step == 0

    @property
    def is_at_end(self) -> bool:
        """Whether there is no access after."""
        return self.phase + 1 == self.num_phases and self.step + 1 >= len(self.steps)

    def with_line(self, number: int) -> "TheatreState":
        """Choose a line, and show its next access from here on; then from the beginning."""
        in_file = number + self.launch.line_shift
        here = self.phase, self.step
        found = [
            (phase, index)
            for phase, steps in enumerate(self.run.phases)
            for index, step in enumerate(steps)
            if step.line == in_file
        ]
        if not found:
            return replace(self, chosen_line=number)
        phase, step = next((one for one in found if one >= here), found[0])
        return replace(self, phase=phase, step=step, chosen_line=None)

    def at_moment_of(self, other: "TheatreState") -> "TheatreState":
        """Show the same moment as another state, as far as there is one."""
        state = self.with_order(other.order).with_phase(other.phase + 1)
        return state.with_step(other.step + 1)


def start_state(source: GalleryChoice | OwnKernel, own: OwnKernel | None = None) -> TheatreState:
    """Return the state at the first access of a kernel.

    Raises KernelError or SettingError for one that cannot be run.
    """
    launch = source.launch()
    check_source(launch)
    return TheatreState(source, own, launch, run_in_all_orders(launch))


def right_kernel(task: str) -> GalleryKernel:
    """Return the first right kernel of a task."""
    kernels = versions(task)
    return next(kernel for kernel in kernels if kernel.is_right)


def versions(task: str) -> list[GalleryKernel]:
    """Return all kernels of a task, the right one first."""
    return [kernel for kernel in KERNELS.values() if kernel.task is TASKS[task]]


def describe(source: Any) -> str:
    """Return the name of what a source runs: that of its task, "" for a learner's own kernel."""
    return source.kernel.task.name if isinstance(source, GalleryChoice) else ""
