"""How a kernel's lines went through memory: sectors of global memory, banks of shared memory.

Global memory moves in sectors of 32 bytes; what a warp asks for at once, in a request, shares them.
Shared memory has 32 banks of 4 bytes: a request takes as many passes as the most different words
that one bank must give (CUDA C++ Best Practices Guide).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from microgpt.interpreter.report import Access
from microgpt.interpreter.stand_ins import WARP_SIZE

SECTOR_BYTES = 32
NUM_BANKS, BANK_BYTES = 32, 4


@dataclass(frozen=True)
class LineTraffic:
    """What a line asked of one array, over all blocks.

    `accesses` of single threads came in `requests` of warps. `cost` is how many sectors those moved
    (global memory) or passes they took (shared memory), `min_cost` how many would have done had
    the numbers lain side by side, `max_cost` that of the costliest request.
    """

    line: int
    array: str
    operation: str
    space: str
    accesses: int
    requests: int
    cost: int
    min_cost: int
    max_cost: int


def count_traffic(accesses: Iterable[Access]) -> tuple[LineTraffic, ...]:
    """Return the traffic of each line, array and operation, in the order of the lines."""
    requests: dict[tuple, dict[tuple, list[Access]]] = defaultdict(lambda: defaultdict(list))
    for access in accesses:
        line = access.line, access.array, access.operation, access.space
        warp = access.block, access.thread // WARP_SIZE, access.phase, access.request
        requests[line][warp].append(access)
    found = []
    for line, of_line in sorted(requests.items()):
        costs = [_cost(request) for request in of_line.values()]
        found.append(
            LineTraffic(
                *line,
                accesses=sum(map(len, of_line.values())),
                requests=len(costs),
                cost=sum(cost for cost, _ in costs),
                min_cost=sum(minimum for _, minimum in costs),
                max_cost=max(cost for cost, _ in costs),
            )
        )
    return tuple(found)


def _cost(request: list[Access]) -> tuple[int, int]:
    """Return the sectors or passes of one request, and the least possible."""
    addresses = {access.address for access in request}
    itemsize, space = request[0].itemsize, request[0].space
    if space == "global":
        sectors = {
            sector
            for address in addresses
            for sector in range(
                address // SECTOR_BYTES, (address + itemsize - 1) // SECTOR_BYTES + 1
            )
        }
        return len(sectors), -(-len(addresses) * itemsize // SECTOR_BYTES)
    if space == "local":
        return 0, 0
    banks: dict[int, set[int]] = defaultdict(set)
    for address in addresses:
        for word in range(address // BANK_BYTES, (address + itemsize - 1) // BANK_BYTES + 1):
            banks[word % NUM_BANKS].add(word)
    words = sum(map(len, banks.values()))
    return max(map(len, banks.values())), -(-words // NUM_BANKS)
