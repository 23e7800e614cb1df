"""The arrays of a launch as cells, at one step of one phase."""

from dataclasses import dataclass, field
from math import prod

from microgpt.interpreter import ArrayShape, Clash
from microgpt.viz.thread_theatre import READS, WRITES, ArrayPicture, Cell, ClashNote
from microgpt.widgets.theatre_kernels import KernelLaunch
from microgpt.widgets.theatre_runs import Position, TracedRun, element_of

ROW = 32  # cells in a row: the banks of shared memory
MAX_CELLS = 256  # of an array; longer ones are drawn as a strip
STRIP_CELLS = 64


@dataclass
class _Touched:
    """Numbers of elements of one array, by what happened to them in this phase so far."""

    read: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)
    now: set[int] = field(default_factory=set)
    clashing: set[int] = field(default_factory=set)


def build_arrays(
    launch: KernelLaunch, run: TracedRun, position: Position
) -> tuple[ArrayPicture, ...]:
    """Return the arrays: those that are only read, then shared memory, then what is written."""
    touched = _touched(run, position)
    written = {one.array for one in run.report.accesses if one.operation == "write"}
    shapes = run.report.arrays
    inputs = [one for one in shapes if one.space == "global" and one.name not in written]
    shared = [one for one in shapes if one.space == "shared"]
    outputs = [one for one in shapes if one.space == "global" and one.name in written]
    pictures = [_picture(launch, run, shape, None, touched, position) for shape in inputs]
    for block in range(launch.num_blocks):
        pictures += [_picture(launch, run, one, block, touched, position) for one in shared]
    pictures += [_picture(launch, run, shape, None, touched, position) for shape in outputs]
    return tuple(pictures)


def flat_index(element: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """Return the number of an element, counted row by row."""
    at = 0
    for i, size in zip(element, shape, strict=True):
        at = at * size + i
    return at


def _touched(run: TracedRun, position: Position) -> dict[tuple[str, int | None], _Touched]:
    phase, index = position
    shapes = {(one.name, one.space): one.shape for one in run.report.arrays}
    found: dict[tuple[str, int | None], _Touched] = {}
    for number, step in enumerate(run.phases[phase][: index + 1]):
        for access in step.accesses:
            shape = shapes.get((access.array, access.space))
            if shape is None:  # an array of one thread's own
                continue
            array, block, element = element_of(access)
            marks = found.setdefault((array, block), _Touched())
            at = flat_index(element, shape)
            if step.operation != WRITES:
                marks.read.add(at)
            if step.operation != READS:
                marks.written.add(at)
            if number == index:
                marks.now.add(at)
    return found


def _picture(
    launch: KernelLaunch, run: TracedRun, shape: ArrayShape, block: int | None,
    touched: dict[tuple[str, int | None], _Touched], position: Position,
) -> ArrayPicture:  # fmt: skip
    marks = touched.get((shape.name, block), _Touched())
    size = max(prod(shape.shape), 1)
    clashes = _clashes(run, shape, block, position)
    marks.clashing = {flat_index(clash.element, shape.shape) for clash in clashes}
    filled = set(range(size))
    if block is not None:
        filled = {
            flat_index(element, shape.shape)
            for (name, owner, element), written in run.first_writes.items()
            if (name, owner) == (shape.name, block) and written <= position
        }
    per_cell = -(-size // STRIP_CELLS) if size > MAX_CELLS else 1
    cells = tuple(
        _cell(range(first, min(first + per_cell, size)), marks, filled)
        for first in range(0, size, per_cell)
    )
    last_axis = shape.shape[-1] if shape.shape else 1
    is_table = len(shape.shape) > 1 and last_axis <= ROW and per_cell == 1
    notes = tuple(
        _note(clash, flat_index(clash.element, shape.shape) // per_cell, launch.num_blocks)
        for clash in clashes
    )
    return ArrayPicture(
        shape.name, shape.shape, block, last_axis if is_table else ROW, cells, per_cell, notes
    )


def _cell(elements: range, marks: _Touched, filled: set[int]) -> Cell:
    return Cell(
        not any(one in filled for one in elements),
        any(one in marks.read for one in elements),
        any(one in marks.written for one in elements),
        any(one in marks.now for one in elements),
        any(one in marks.clashing for one in elements),
    )


def _clashes(
    run: TracedRun, shape: ArrayShape, block: int | None, position: Position
) -> list[Clash]:
    """Return the clashes at an array in this phase whose second access was made by now."""
    return [
        clash
        for clash in run.report.clashes
        if (clash.array, clash.space) == (shape.name, shape.space)
        and (block is None or clash.blocks[1] == block)
        and run.position(clash.access)[0] == position[0]
        and run.position(clash.access) <= position
    ]


def _note(clash: Clash, cell: int, num_blocks: int) -> ClashNote:
    labels = [
        label.partition(" of block")[0] if num_blocks == 1 else label for label in clash.labels
    ]
    first, second = (
        f"thread {label} {did}" for label, did in zip(labels, clash.operations, strict=True)
    )
    return ClashNote(cell, f"{clash.array}[{', '.join(map(str, clash.element))}]", first, second)
