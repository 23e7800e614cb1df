"""`Tape`: the graph of a `Value`, stored as a table.

    >>> a, b = Value(2.0), Value(3.0)
    >>> tape, row = record([a * b + a])
    >>> tape.backward()
    >>> print(tape.table())
    row  what  of           data    grad
      0  leaf                  2       4
      1  leaf                  3       2
      2  *     0, 1            6       1
      3  +     2, 0            8       1

It is the same graph, only stored differently. A `Value` is an object that points at the objects
it was computed from; a row says the same with two row numbers. A thousand objects become five
arrays, and a loop over arrays is something a compiler understands: the numbers are those of
`Value` to the last bit, some three hundred times faster. What is lost is freedom. A table holds
one graph, and Python's own decisions are no part of it: a graph of another shape has to be
recorded again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import topological_order
from microgpt.autograd.value import Value
from microgpt.errors import Described, SettingError

TWO_OPERANDS = ("+", "*", "**", "max")


class Tape:
    """A graph of single numbers in five arrays: row i holds all there is to know of number i.

    `operation[i]` says how it is computed (a place in `operations`), `first[i]` and `second[i]`
    from which rows; `data[i]` is the number, and `grad[i]` the slope of the latest result with
    respect to it. The first `leaves` rows are given, not computed: weights, constants, exponents.
    """

    def __init__(self, rows: Sequence[tuple[str, int, int, float]]):
        self.loops = _loops()
        self.operations: tuple[str, ...] = self.loops.OPERATIONS
        if not rows:
            raise SettingError("rows", "at least one recorded result", rows)
        names, first, second, data = zip(*rows, strict=True)
        unknown = set(names) - set(self.operations)
        if unknown:
            raise SettingError(
                "the graph's operations",
                f"among {', '.join(self.operations[1:])}",
                Described(f"{', '.join(sorted(map(repr, unknown)))} too"),
            )
        codes = {name: code for code, name in enumerate(self.operations)}
        self.operation = np.array([codes[name] for name in names], np.uint8)
        self.first, self.second = np.array(first, np.uint32), np.array(second, np.uint32)
        self.data, self.grad = np.array(data, np.float64), np.zeros(len(names))
        self.leaves = names.count("leaf")
        # To the chain rule a maximum is a plain number, which the walk must not enter.
        self._seen = self.operation == codes["max"]
        self._order, self._stack = np.empty_like(self.first), np.empty_like(self.first)

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts().items())
        return f"<Tape of {len(self):,} rows: {counts}>"

    def counts(self) -> dict[str, int]:
        """How many rows there are of each operation, the most frequent first."""
        return dict(Counter(self.operations[code] for code in self.operation).most_common())

    def forward(self, start: int = 0, stop: int | None = None) -> None:
        """Compute the rows from `start` to before `stop` anew; without them, all."""
        start, stop, _ = slice(start, stop).indices(len(self))
        start = max(start, self.leaves)
        run = self.loops.forward.serial
        reached = run(self.data, self.operation, self.first, self.second, start, stop)
        if reached < stop:
            self._refuse(reached)

    def walk(self, root: int, floor: int = 0) -> np.ndarray:
        """The computed rows from `floor` on that `root` depends on, in the order of `Value`."""
        arrays = self._order, self._stack, self._seen, self.first, self.second
        root = range(len(self))[root]  # the loop asks nothing
        count = self.loops.walk.serial(*arrays, root, max(floor, self.leaves))
        return self._order[:count].copy()

    def backward(self, root: int = -1) -> None:
        """Put the slope of row `root` with respect to every row into `grad`."""
        root = range(len(self))[root]
        self.grad.fill(0.0)
        self.grad[root] = 1.0
        self.backward_in_order(self.walk(root))

    def backward_in_order(self, order: np.ndarray) -> None:
        """Hand gradients back along a walk, from its last row to its first."""
        run = self.loops.backward.serial
        run(self.grad, self.data, self.operation, self.first, self.second, order)

    def table(self, start: int = 0, stop: int | None = None) -> str:
        """The rows from `start` to before `stop` as text; without `stop`, twenty of them."""
        lines = ["row  what  of           data    grad"]
        for i in range(len(self))[start : start + 20 if stop is None else stop]:
            name, operands = self.operations[self.operation[i]], ""
            if name != "leaf":
                operands = str(self.first[i])
                if name in TWO_OPERANDS:
                    operands += f", {self.second[i]}"
            numbers = f"{self.data[i]:7.4g} {self.grad[i]:7.4g}"
            lines.append(f"{i:3d}  {name:4s}  {operands:9s} {numbers}")
        return "\n".join(lines)

    def _refuse(self, i: int) -> None:
        """Repeat row i on a `Value`, which says in its own words what is wrong."""
        name, x = self.operations[self.operation[i]], Value(float(self.data[self.first[i]]))
        _ = x ** float(self.data[self.second[i]]) if name == "**" else getattr(x, name)()
        raise ValueError(f"row {i} of the tape, {name} of {x.data}, has no result")


def record(
    results: Iterable[Value],
    leaves: Iterable[Value] = (),
    greatest: Mapping[Value, Sequence[Value]] | None = None,
) -> tuple[Tape, dict[Value, int]]:
    """The graph of `results` as a tape, and the row of each of its Values.

    `leaves` get the first rows. All that the first result depends on comes before what else the
    second depends on, and so on. `greatest` names plain numbers that are to be computed anew, each
    as the greatest of some Values, which must be results before it is used.
    """
    greatest = greatest or {}
    order: list[Any] = topological_order(Value(0.0, tuple(results)))[:-1]
    rows: list[tuple[str, int, int, float]] = []
    row: dict[Value, int] = {}
    maxima: dict[int, int] = {}

    def write(what: str, first: int, second: int, data: float) -> int:
        rows.append((what, first, second, data))
        return len(rows) - 1

    for node in (*leaves, *order):
        if not node.inputs and node not in row and node not in greatest:
            row[node] = write("leaf", 0, 0, node.data)
    powers = sorted({node.op for node in order if node.op.startswith("**")})
    exponents = {op: write("leaf", 0, 0, _exponent(op)) for op in powers}
    for node in order:
        if node in greatest:
            among = greatest[node]
            if id(among) not in maxima:
                last = row[among[0]]
                for value in among:
                    last = write("max", last, row[value], max(rows[last][3], value.data))
                maxima[id(among)] = last
            row[node] = maxima[id(among)]
        elif node.op in exponents:
            row[node] = write("**", row[node.inputs[0]], exponents[node.op], node.data)
        elif node.inputs:
            operands = row[node.inputs[0]], row[node.inputs[-1]]
            row[node] = write(node.op, *operands, node.data)
    return Tape(rows), row


def _exponent(op: str) -> float:
    """The exponent of a power, as data: 1.5 of "**1.5"."""
    try:
        return float(op[2:])
    except ValueError:
        raise SettingError(
            "the exponent of a power on a tape", "an int or a float", Described(op[2:])
        ) from None


def _loops() -> Any:
    """The compiled loops; where Numba is not installed, the back end says so."""
    backends.get("numba")
    from microgpt.backends.numba_cpu import tape

    return tape
