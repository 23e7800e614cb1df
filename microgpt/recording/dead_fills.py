"""`drop_dead_fills`: gradients that a launch can overwrite are not filled with zeros before.

`zero_grad` fills all gradients, and a weight's is then read, added to and written. Where nothing
looks at it in between, it need not be filled nor read: GPT-2's are half a gigabyte. Compilers call
such a fill a dead store. If a replay fails on its way, such a gradient still holds the numbers of
the call before, not zeros.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

from microgpt.backends import Backend
from microgpt.recording.recorder import EXTERNAL, ArrayRef, RecordedLaunch

# Kernels whose last argument, `accumulate`, says whether they add to one of their arrays or
# overwrite it, with the position of that array.
ACCUMULATED = {"linear_backward": 1}
MIN_BYTES = 2**17  # below, a launch for each gap between gradients takes longer than the fill


class Span(NamedTuple):
    """The bytes from `start` to `end` of an array that owns its memory."""

    owner: tuple[str, int]
    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        return self.owner == other.owner and self.start < other.end and other.start < self.end

    def is_inside(self, other: "Span") -> bool:
        return self.owner == other.owner and other.start <= self.start and self.end <= other.end


def drop_dead_fills(launches: Sequence[RecordedLaunch], backend: Backend) -> list[RecordedLaunch]:
    """The launches; a large gradient that a later launch can overwrite is not filled before it."""
    result = [[launch] for launch in launches]
    for number, fill in enumerate(launches):
        if fill.name != "fill_" or fill.refs[0].origin != EXTERNAL or fill.refs[1] != 0:
            continue
        filled, overwritten = _span(fill.refs[0]), []
        if filled is None:
            continue
        for writer, span in _overwriting(launches, number + 1, filled):
            launch = launches[writer]
            result[writer] = [_with_last_argument(launch, 0)]
            overwritten.append(span)
        if overwritten:
            gaps = _gaps(filled, sorted(overwritten))
            result[number] = [_fill_part(fill, gap, backend) for gap in gaps]
    return [launch for replaced in result for launch in replaced]


def _overwriting(
    launches: Sequence[RecordedLaunch], start: int, filled: Span
) -> Iterator[tuple[int, Span]]:
    """Yield the launches that can overwrite a part of `filled`, since none before touches it."""
    if filled.end - filled.start < MIN_BYTES:
        return
    touched: list[Span] = []
    for number in range(start, len(launches)):
        launch = launches[number]
        spans = [_span(ref) if isinstance(ref, ArrayRef) else None for ref in launch.refs]
        position = ACCUMULATED.get(launch.name)
        if position is not None:
            target = spans[position]
            others = [*touched, *(span for i, span in enumerate(spans) if span and i != position)]
            if (
                target is not None
                and target.end - target.start >= MIN_BYTES
                and target.is_inside(filled)
                and not any(map(target.overlaps, others))
            ):
                yield number, target
        touched += [span for span in spans if span and span.overlaps(filled)]


def _span(ref: ArrayRef) -> Span | None:
    """The bytes of a view, which kernels take only without gaps; None if it has no elements."""
    if not prod(ref.shape):
        return None
    steps = [(n - 1) * stride for n, stride in zip(ref.shape, ref.strides, strict=True)]
    start = ref.offset + sum(step for step in steps if step < 0)
    end = ref.offset + sum(step for step in steps if step > 0) + ref.dtype.itemsize
    return Span((ref.origin, ref.number), start, end)


def _gaps(filled: Span, parts: list[Span]) -> Iterator[Span]:
    """What `parts`, in order, leave of a span."""
    start = filled.start
    for part in parts:
        if start < part.start:
            yield filled._replace(start=start, end=part.start)
        start = part.end
    if start < filled.end:
        yield filled._replace(start=start)


def _with_last_argument(launch: RecordedLaunch, value: Any) -> RecordedLaunch:
    arguments, refs = [*launch.arguments[:-1], value], (*launch.refs[:-1], value)
    return RecordedLaunch(launch.name, launch.call, arguments, refs, launch.source)


def _fill_part(fill: RecordedLaunch, part: Span, backend: Backend) -> RecordedLaunch:
    """A fill of a part of what `fill` fills, a flat array."""
    ref, (array, number) = fill.refs[0], fill.arguments
    size = ref.dtype.itemsize
    view = array[(part.start - ref.offset) // size : (part.end - ref.offset) // size]
    part_ref = ref._replace(offset=part.start, shape=(view.size,))
    call = backend.kernels["fill_"].select_variant((view, number))
    return RecordedLaunch("fill_", call, [view, number], (part_ref, number), fill.source)
