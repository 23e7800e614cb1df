"""The loops of a function: what jumps back to a block that all ways into it pass.

A block dominates another if every way from the entry to that one passes it. An edge back to a
dominator makes a loop: the dominator is its header, and its body all from which the edge is reached
without passing the header. See Aho, Lam, Sethi & Ullman, "Compilers", 9.6.
"""

from dataclasses import dataclass

from microgpt.backends.assembly.functions import Function


@dataclass(frozen=True)
class Loop:
    """A loop: the number of its header, those of all its blocks, and how many loops it is in."""

    header: int
    blocks: frozenset[int]
    depth: int
    innermost: bool


def find_loops(function: Function) -> list[Loop]:
    """Return the loops of a function; edges back to one header are one loop."""
    order = _reverse_postorder(function)
    dominators = _immediate_dominators(function, order)
    bodies: dict[int, set[int]] = {}
    before = _predecessors(function, order)
    for block in order:
        for header in function.blocks[block].successors:
            if _dominates(dominators, header, block):
                body = bodies.setdefault(header, {header})
                pending = [block]
                while pending:
                    number = pending.pop()
                    if number not in body:
                        body.add(number)
                        pending += before[number]
    return [
        Loop(
            header,
            frozenset(body),
            depth=sum(header in other for other in bodies.values()),
            innermost=not any(other in body for other in bodies if other != header),
        )
        for header, body in sorted(bodies.items())
    ]


def _reverse_postorder(function: Function) -> list[int]:
    """The reachable blocks, each before those that follow it, but for edges back."""
    finished, seen = [], {0}
    stack = [(0, iter(sorted(function.blocks[0].successors)))]
    while stack:
        number, following = stack[-1]
        for successor in following:
            if successor not in seen:
                seen.add(successor)
                stack.append((successor, iter(sorted(function.blocks[successor].successors))))
                break
        else:
            finished.append(number)
            stack.pop()
    return finished[::-1]


def _predecessors(function: Function, order: list[int]) -> dict[int, list[int]]:
    before: dict[int, list[int]] = {number: [] for number in order}
    for number in order:
        for successor in function.blocks[number].successors:
            before[successor].append(number)
    return before


def _immediate_dominators(function: Function, order: list[int]) -> dict[int, int]:
    """The nearest dominator of each block, by Cooper, Harvey & Kennedy (2001)."""
    rank = {number: i for i, number in enumerate(order)}
    before = _predecessors(function, order)
    nearest = {order[0]: order[0]}
    changed = True
    while changed:
        changed = False
        for number in order[1:]:
            known = [other for other in before[number] if other in nearest]
            common = known[0]
            for other in known[1:]:
                while common != other:
                    if rank[common] > rank[other]:
                        common = nearest[common]
                    else:
                        other = nearest[other]
            if nearest.get(number) != common:
                nearest[number] = common
                changed = True
    return nearest


def _dominates(nearest: dict[int, int], header: int, block: int) -> bool:
    while block != header and nearest[block] != block:
        block = nearest[block]
    return block == header
