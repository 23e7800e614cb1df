"""`ThreadTheatre`: a kernel run thread by thread, beside what its threads do to each other."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import ipywidgets

from microgpt.interpreter import ORDERS
from microgpt.interpreter.gallery import TASKS
from microgpt.viz.html import Rendered
from microgpt.viz.thread_theatre import (
    Scene,
    accesses_table,
    draw_theatre,
    render_limits,
    render_theatre,
)
from microgpt.widgets.controls import Collapsible, LabeledSlider, box, button
from microgpt.widgets.panel import Panel
from microgpt.widgets.theatre_kernels import GalleryChoice, OwnKernel, find_kernel
from microgpt.widgets.theatre_state import TheatreState, describe, start_state, versions

MAX_SIZES = 3  # number boxes for the sizes of the inputs
MAX_NUMBER = 9999  # that a box takes; what does not fit on the stage is refused in a sentence


class ThreadTheatre(Panel):
    """A live view of a GPU kernel: its threads, access by access, and the arrays they touch.

    `kernel` is one of `mg.interpreter.gallery.KERNELS`, such as "block sum", or a kernel of your
    own: with up to 2 `blocks` of up to 64 `threads`, each a number or one along each axis, and its
    `arguments`, which are copied. It is run in three orders before it is shown, and what is wrong
    is told for all of them; moving through the run does not run it again. Another order opens at
    its first clash, if it has one. The menu offers the
    kernels of one task, which are answers to an exercise, and says so; beside a kernel of your own
    it offers none. With `counts`, the view also tells what the kernel asks of memory. Raises
    SettingError for an unknown name or sizes that do not fit, KernelError for a kernel that cannot
    be run: one that raises, or does not end.
    """

    def __init__(
        self,
        kernel: str | Callable[..., Any] = "block sum",
        *,
        blocks: int | Sequence[int] = 1,
        threads: int | Sequence[int] = 32,
        arguments: Sequence[Any] = (),
        counts: bool = False,
    ):
        self.has_counts, self.task_name = counts, ""
        if isinstance(kernel, str):
            choice = GalleryChoice.of(find_kernel(kernel))
            state, self.task_name = start_state(choice), choice.kernel.task.name
            key: tuple[Any, ...] = (kernel,)
        else:
            own = OwnKernel.of(kernel, blocks, threads, arguments)
            state, key = start_state(own, own), own.key()
        self._make_controls()
        self.limits = Collapsible(
            "what the interpreter cannot see",
            ipywidgets.HTML(f'<div class="mg">{render_limits()}</div>'),
            lambda: None,
        )
        super().__init__(
            state,
            self._render,
            lambda state: draw_theatre(self._scene(state)),
            css_class="theatre",
            controls=self._lay_out(),
            toggles=[self.limits.toggle],
            folded=[self.limits.content],
            numbers_table=lambda state: accesses_table(state.phase + 1, state.table_rows()),
            arguments=(*key, counts),
        )

    def _render(self, state: TheatreState, before: TheatreState | None) -> Rendered:
        is_same_run = before is not None and before.runs is state.runs
        return render_theatre(
            self._scene(state), self._scene(before) if before and is_same_run else None
        )

    def _scene(self, state: TheatreState) -> Scene:
        return replace(state.scene, has_counts=self.has_counts)

    def take_over(self, earlier_state: TheatreState) -> TheatreState:
        """Go on with what the cell's earlier run showed; a kernel of one's own is the new one."""
        own = self.state.own
        if own is None:
            return earlier_state
        return self.state.at_moment_of(earlier_state)

    def show_kernel(
        self,
        kernel: Callable[..., Any],
        *,
        blocks: int | Sequence[int] = 1,
        threads: int | Sequence[int] = 32,
        arguments: Sequence[Any] = (),
    ) -> None:
        """Show another kernel of your own; for one that cannot be run, a sentence says why."""
        self.change(lambda state: state.with_own(OwnKernel.of(kernel, blocks, threads, arguments)))

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.kernel_select = ipywidgets.Dropdown(description="Kernel")
        self.version_select = ipywidgets.Dropdown(description="Version")
        self.version_select.add_class("mg-version")
        self.size_boxes = [
            ipywidgets.BoundedIntText(value=1, min=0, max=MAX_NUMBER) for _ in range(MAX_SIZES)
        ]
        self.threads_box = ipywidgets.BoundedIntText(
            value=1, min=0, max=MAX_NUMBER, description="threads"
        )
        self.order_select = ipywidgets.Dropdown(options=ORDERS, description="Order")
        self.again_button = button(
            "Start over", partial(self.change, TheatreState.started_over),
            "run the kernel again, from new numbers",
        )  # fmt: skip
        self.phase_slider = self._slider("Phase", "phase", TheatreState.with_phase)
        self.access_slider = self._slider("Access", "access", TheatreState.with_step)
        self.back_button = button(
            "◀ Back", partial(self.change, TheatreState.previous_step), "to the access before"
        )
        self.next_button = button(
            "Next ▶", partial(self.change, TheatreState.next_step), "to the next access", "primary"
        )
        self.line_box = ipywidgets.BoundedIntText(value=1, min=0, max=1, description="Line")
        self.line_box.add_class("mg-picker")
        self.observe(self.kernel_select, partial(self.change, TheatreState.with_task))
        self.observe(self.version_select, partial(self.change, TheatreState.with_version))
        for size_box in (*self.size_boxes, self.threads_box):
            self.observe(size_box, lambda _: self.change(self._with_typed_sizes))
        self.observe(self.order_select, partial(self.change, TheatreState.with_order))
        self.observe(self.line_box, partial(self.change, TheatreState.with_line))

    def _with_typed_sizes(self, state: TheatreState) -> TheatreState:
        """Take all sizes that are shown: one that was refused may fit now that another changed."""
        sizes = tuple(size_box.value for size_box in self.size_boxes)
        return state.with_sizes(sizes, self.threads_box.value)

    def _slider(
        self, label: str, control: str, function: Callable[..., TheatreState]
    ) -> LabeledSlider:
        return LabeledSlider(
            lambda number, maximum: f"{label} (of {maximum:g})", 1, 2, 1,
            lambda number, _: self.on_move(control, function, number),
        )  # fmt: skip

    def _lay_out(self) -> list[ipywidgets.Widget]:
        self.size_row = box("mg-sizes", self.size_boxes)
        return [
            box(
                "mg-set",
                [
                    self.kernel_select, self.version_select, self.size_row,
                    box("mg-team", [self.threads_box]),
                ],
            ),
            box("mg-again", [self.order_select, self.again_button]),
            box(
                "mg-move",
                [
                    self.phase_slider.widget, self.access_slider.widget,
                    box("mg-pick", [self.line_box]),
                    box("mg-act", [self.back_button, self.next_button]),
                ],
            ),
        ]  # fmt: skip

    def sync_controls(self) -> None:
        """Show the state in the controls; leave a size that was refused for the user to mend."""
        state = self.state
        self._sync_kernel(state)
        self.order_select.value = state.order
        for control, slider, number, maximum in (
            ("phase", self.phase_slider, state.phase + 1, state.num_phases),
            ("access", self.access_slider, state.step + 1, len(state.steps)),
        ):
            if self.is_waiting(control):
                continue
            slider.set_maximum(max(maximum, 2), max(maximum, 1))  # a slider needs two positions
            slider.value = number
            slider.set_off(maximum < 2)
            slider.slider.disabled = slider.box.disabled = maximum < 2
        lines = [line.number for line in state.scene.code]
        self.line_box.min = 0  # never, for a moment, above the maximum
        self.line_box.max = lines[-1]
        self.line_box.min = lines[0]
        self.line_box.value = state.line if state.line in lines else lines[0]
        self.back_button.disabled, self.next_button.disabled = state.is_at_start, state.is_at_end
        self.fill_open_sections()

    def _sync_kernel(self, state: TheatreState) -> None:
        source = state.source
        tasks = [(TASKS[self.task_name].title, self.task_name)] if self.task_name else []
        if state.own is not None:
            tasks.append((f"mine: {state.own.function.__name__}", ""))
        if self.kernel_select.options != tuple(tasks):
            self.kernel_select.options = tasks
        self.kernel_select.value = describe(source)
        is_gallery = isinstance(source, GalleryChoice)
        for widget in (self.version_select, self.size_row):
            widget.layout.display = None if is_gallery else "none"
        if isinstance(source, GalleryChoice):
            options = tuple((one.title, one.name) for one in versions(describe(source)))
            if self.version_select.options != options:
                self.version_select.options = options
            self.version_select.value = source.kernel.name
            if not self.message:
                self._sync_sizes(source)
        self.threads_box.disabled = len(source.block) > 1
        if not self.message:
            self.threads_box.value = prod(source.block)

    def _sync_sizes(self, source: GalleryChoice) -> None:
        for axis, size_box in enumerate(self.size_boxes):
            is_used = axis < len(source.sizes)
            size_box.layout.display = None if is_used else "none"
            if is_used:
                size_box.description = source.size_labels[axis]
                size_box.value = source.sizes[axis]
