"""Why two shapes cannot be broadcast, and which shape could."""

from itertools import combinations
from math import prod

Shape = tuple[int, ...]
MAX_AXES, MAX_SIZE = 3, 4
AXES = ("the last axis", "the second axis from the right", "the third axis from the right")


def first_clash(a: Shape, b: Shape) -> int | None:
    """Return the first axis, counted from the right and from 0, whose sizes clash; `None` if none.

    Two sizes clash unless they are equal or one of them is 1.
    """
    pairs = zip(reversed(a), reversed(b), strict=False)
    return next((axis for axis, (m, n) in enumerate(pairs) if m != n and 1 not in (m, n)), None)


def clash_sentence(a: Shape, b: Shape) -> str:
    """Return where two shapes clash, and a shape that would fit in place of one of them."""
    axis = first_clash(a, b)
    assert axis is not None
    sizes = f"{a[-1 - axis]} against {b[-1 - axis]}"
    return f"{a} and {b} clash at {AXES[axis]}: {sizes}. {fitting_shape(a, b)} would fit."


def fitting_shape(a: Shape, b: Shape) -> Shape:
    """Return a shape that can be broadcast with one of two shapes that clash, made of the other.

    The shape with fewer axes gets axes of size 1, if that helps; otherwise its sizes that clash
    become 1.
    """
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    for num_axes in range(len(shorter) + 1, len(longer) + 1):
        for kept in combinations(range(num_axes), len(shorter)):
            sizes = iter(shorter)
            candidate = tuple(next(sizes) if axis in kept else 1 for axis in range(num_axes))
            if first_clash(longer, candidate) is None:
                return candidate
    aligned = zip(shorter, longer[-len(shorter) :], strict=True)
    return tuple(n if n == m or m == 1 else 1 for n, m in aligned)


def is_larger_than_both(a: Shape, b: Shape, result: Shape) -> bool:
    """Whether broadcasting made more numbers than either operand has."""
    return prod(result) > max(prod(a), prod(b))
