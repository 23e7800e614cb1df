"""Who takes part: the ladder of this package's engines, and others' libraries where asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from microgpt.errors import SettingError

LIBRARIES = ("torch", "jax")


@dataclass(frozen=True, eq=False)
class Contender:
    """One way of doing a work: `words` for the table, `options` for the program that does it.

    `library` is what it needs beside this package; "" is this package itself.
    """

    name: str
    words: str
    threads: int
    options: dict[str, Any] = field(default_factory=dict)
    library: str = ""


# Rung -> its words and options. Each stores the same model differently, or runs it differently.
LADDER: dict[str, tuple[str, dict[str, Any]]] = {
    "value": ("Value: every number a Python object", {"engine": "value"}),
    "tape": ("tape: the same graph in arrays, one loop", {"engine": "tape"}),
    "numpy": ("NumPy: whole arrays", {"engine": "tensor", "backend": "numpy"}),
    "numba": (
        "Numba: compiled kernels, called one by one",
        {"engine": "tensor", "backend": "numba"},
    ),
    "replayed": (
        "replayed: the same kernels, recorded once",
        {"engine": "tensor", "backend": "numba", "captured": True},
    ),
}  # fmt: skip
ON_ARRAYS = ("numpy", "numba", "replayed")
RUNGS = {
    "recipe": tuple(LADDER),
    "batch": ON_ARRAYS,
    "char": ON_ARRAYS,
    "gpt2": ON_ARRAYS,
    "generate": (*ON_ARRAYS, "memory"),
    "names": ("value", *ON_ARRAYS),
    "start": tuple(LADDER),
    "scaling": ("replayed",),
}
# Not a rung: what the memory of this machine gives at most, measured in turns with the others.
MEMORY = Contender(
    "memory", "only reading memory, as fast as this machine does", 0,
    {"engine": "tensor", "backend": "numba", "kind": "reading", "mib": 512},
)  # fmt: skip
VALUE_NAMES = {False: 20, True: 4}  # how many names a block of `Value` takes: usually, and quick


def entrants(
    work: str, cores: int, libraries: tuple[str, ...] = (), only: list[str] | None = None,
    quick: bool = False,
) -> list[Contender]:  # fmt: skip
    """The contenders of a work; `only` keeps those of that name."""
    found = [_rung(name, cores, quick) for name in RUNGS[work]]
    if work == "scaling":
        found = [_rung("replayed", n, quick, counted(n)) for n in thread_counts(cores)]
    for library in libraries:
        peers = {"torch": _torch, "jax": _jax}[library]
        counts = thread_counts(cores, most_only=work == "gpt2")
        found += [peer for threads in counts for peer in peers(work, threads)]
    return [contender for contender in found if only is None or contender.name in only]


def thread_counts(cores: int, most_only: bool = False) -> list[int]:
    """One thread, two, and as many as there are cores."""
    return [cores] if most_only else sorted({1, min(2, cores), cores})


def check_names(only: list[str] | None, cores: int) -> None:
    """Refuse names that no contender of any work has."""
    known = {
        contender.name: None for work in RUNGS for contender in entrants(work, cores, LIBRARIES)
    }
    for name in only or ():
        if name not in known:
            raise SettingError(f"there is no contender {name!r}; known: {', '.join(known)}")


def needed(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """What must be installed for these peers: with PyTorch comes GPT-2 of transformers."""
    return (*libraries, "transformers") if "torch" in libraries else libraries


def counted(threads: int) -> str:
    """How many threads, in words."""
    return "1 thread" if threads == 1 else f"{threads} threads"


def _rung(name: str, threads: int, quick: bool, more: str = "") -> Contender:
    if name == "memory":
        return Contender(name, MEMORY.words, threads, MEMORY.options)
    words, options = LADDER[name]
    sample = {"value": VALUE_NAMES[quick], "tape": 1000}
    if name in sample:
        options = options | {"sample": sample[name]}
    words = f"{words}, {more}" if more else words
    return Contender(name, words, 1 if name in sample else threads, options)


def _peer(library: str, words: str, threads: int, **options: Any) -> Contender:
    label = {"torch": "PyTorch", "jax": "JAX"}[library]
    name = "-".join([library, *(w.replace(",", "").replace(" ", "-") for w in words.split(", "))])
    return Contender(
        f"{name}-{threads}", f"{label} {words}, {counted(threads)}", threads, options, library
    )


def _torch(work: str, threads: int) -> Iterator[Contender]:
    """Training with the fused optimiser; own lengths are compiled once for all lengths."""
    if work == "recipe":
        for padded, how in ((False, "own lengths"), (True, "padded")):
            yield _peer("torch", f"eager, {how}", threads, padded=padded)
            yield _peer("torch", f"compiled, {how}", threads, padded=padded, compiled=True)
    elif work in ("batch", "char", "gpt2"):
        yield _peer("torch", "eager", threads)
        yield _peer("torch", "compiled", threads, compiled=True)
    elif work == "generate":
        yield _peer("torch", "own loop", threads)
        yield _peer("torch", "transformers", threads, transformers=True)
    elif work == "names":
        yield _peer("torch", "own loop", threads)
    elif work == "start" and threads == 1:
        yield _peer("torch", "eager", threads, padded=True)


def _jax(work: str, threads: int) -> Iterator[Contender]:
    """Weights as a dictionary (a tree) or one flat array, donated to the step; or all in a scan."""
    shapes = {"tree": {}, "flat": {"flat": True}}
    if work in ("recipe", "batch", "char"):
        for shape, options in shapes.items():
            if work == "recipe":
                yield _peer("jax", f"step, own lengths, {shape}", threads, **options)
            padded = ", padded" if work == "recipe" else ""
            yield _peer("jax", f"step{padded}, {shape}", threads, padded=True, **options)
            yield _peer("jax", f"scan{padded}, {shape}", threads, padded=True, scan=True, **options)
    elif work == "gpt2":
        yield _peer("jax", "step, tree", threads)
    elif work == "start" and threads == 1:
        yield _peer("jax", "step, padded, tree", threads, padded=True)
