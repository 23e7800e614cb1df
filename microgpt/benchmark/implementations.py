"""The implementations of each workload: this package's engines and, on request, other libraries."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from microgpt.config.checks import check_choice

PEER_LIBRARIES = ("torch", "jax")


@dataclass(frozen=True, eq=False)
class Implementation:
    """One implementation of a workload: its `label` in tables and its `options` for the worker.

    `library` is the library that it is written in; "" is this package.
    """

    name: str
    label: str
    threads: int
    options: dict[str, Any] = field(default_factory=dict)
    library: str = ""


# Engine -> its label and options. All run the same model; they differ in storage or execution.
ENGINES: dict[str, tuple[str, dict[str, Any]]] = {
    "value": ("Value: every number a Python object", {"engine": "value"}),
    "tape": ("tape: the same graph in arrays, one loop", {"engine": "tape"}),
    "numpy": ("NumPy: whole arrays", {"engine": "tensor", "backend": "numpy"}),
    "numba": (
        "Numba: compiled kernels, called one by one",
        {"engine": "tensor", "backend": "numba"},
    ),
    "replayed": (
        "replayed: the same kernels, captured once",
        {"engine": "tensor", "backend": "numba", "captured": True},
    ),
}  # fmt: skip
OURS = "replayed"  # the engine that is compared with the peers
ARRAY_ENGINES = ("numpy", "numba", "replayed")
WORKLOAD_ENGINES = {
    "recipe": tuple(ENGINES),
    "batch": ARRAY_ENGINES,
    "char": ARRAY_ENGINES,
    "gpt2": ARRAY_ENGINES,
    "generate": (*ARRAY_ENGINES, "memory"),
    "names": ("value", *ARRAY_ENGINES),
    "start": tuple(ENGINES),
    "scaling": ("replayed",),
    "products": ("replayed", "numpy"),
}
# Not an engine: this machine's memory bandwidth, measured in alternation with the engines.
MEMORY_BANDWIDTH = Implementation(
    "memory", "memory bandwidth: reading memory alone", 0,
    {"engine": "tensor", "backend": "numba", "type": "memory_bandwidth", "mib": 512},
)  # fmt: skip
NUM_VALUE_NAMES = {False: 20, True: 4}  # names in a unit of `Value`: by default, with --quick
NUM_TAPE_NAMES = 1000


def select_implementations(
    workload: str, cores: int, libraries: tuple[str, ...] = (), only: list[str] | None = None,
    quick: bool = False,
) -> list[Implementation]:  # fmt: skip
    """Return the implementations of a workload; `only` keeps those with these names."""
    selected = [_engine(name, cores, quick) for name in WORKLOAD_ENGINES[workload]]
    if workload == "scaling":
        selected = [
            _engine("replayed", threads, quick, format_threads(threads))
            for threads in thread_counts(cores)
        ]
    if workload == "products":
        # More threads are not always faster, so NumPy's BLAS has each number of them, as peers do.
        numpy = ENGINES["numpy"][1]
        selected = [_engine("replayed", cores, quick)] + [
            Implementation("numpy", f"NumPy's BLAS, {format_threads(threads)}", threads, numpy)
            for threads in thread_counts(cores)
        ]
    for library in libraries:
        peers = {"torch": _torch, "jax": _jax}[library]
        counts = thread_counts(cores, all_cores_only=workload == "gpt2")
        selected += [peer for threads in counts for peer in peers(workload, threads)]
    return [item for item in selected if only is None or item.name in only]


def thread_counts(cores: int, all_cores_only: bool = False) -> list[int]:
    """Return the thread counts to measure: 1, 2 and the number of cores."""
    return [cores] if all_cores_only else sorted({1, min(2, cores), cores})


def check_implementation_names(only: list[str] | None, cores: int) -> None:
    """Raise SettingError if no implementation of any workload has one of these names."""
    names = {
        implementation.name: None
        for workload in WORKLOAD_ENGINES
        for implementation in select_implementations(workload, cores, PEER_LIBRARIES)
    }
    for name in only or ():
        check_choice("implementations", name, tuple(names))


def required_libraries(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the libraries to install for these peers; PyTorch's also include transformers."""
    return (*libraries, "transformers") if "torch" in libraries else libraries


def format_threads(threads: int) -> str:
    """Format a count as "1 thread" or "2 threads"."""
    return "1 thread" if threads == 1 else f"{threads} threads"


def _engine(name: str, threads: int, quick: bool, suffix: str = "") -> Implementation:
    if name == "memory":
        return Implementation(name, MEMORY_BANDWIDTH.label, threads, MEMORY_BANDWIDTH.options)
    label, options = ENGINES[name]
    num_names = {"value": NUM_VALUE_NAMES[quick], "tape": NUM_TAPE_NAMES}
    if name in num_names:
        options, threads = options | {"num_names": num_names[name]}, 1
    return Implementation(name, f"{label}, {suffix}" if suffix else label, threads, options)


def _peer(library: str, variant: str, threads: int, **options: Any) -> Implementation:
    label = {"torch": "PyTorch", "jax": "JAX"}[library]
    name = "-".join([library, *(part.replace(" ", "-") for part in variant.split(", "))])
    return Implementation(
        f"{name}-{threads}",
        f"{label} {variant}, {format_threads(threads)}",
        threads,
        options,
        library,
    )


def _torch(workload: str, threads: int) -> Iterator[Implementation]:
    """Yield PyTorch's variants; all train with the fused optimizer.

    Compiled with "own lengths" (no padding), the model is compiled once for dynamic shapes.
    """
    if workload == "recipe":
        for padded, lengths in ((False, "own lengths"), (True, "padded")):
            yield _peer("torch", f"eager, {lengths}", threads, padded=padded)
            yield _peer("torch", f"compiled, {lengths}", threads, padded=padded, compiled=True)
    elif workload in ("batch", "char", "gpt2"):
        yield _peer("torch", "eager", threads)
        yield _peer("torch", "compiled", threads, compiled=True)
    elif workload == "products":
        yield _peer("torch", "eager", threads)
    elif workload == "generate":
        yield _peer("torch", "own loop", threads)
        yield _peer("torch", "transformers", threads, transformers=True)
    elif workload == "names":
        yield _peer("torch", "own loop", threads)
    elif workload == "start" and threads == 1:
        yield _peer("torch", "eager", threads, padded=True)


def _jax(workload: str, threads: int) -> Iterator[Implementation]:
    """Yield JAX's variants: weights as a dictionary ("tree") or one flat array.

    Each step is one jitted call with donated buffers; "scan" runs all steps in one `lax.scan`.
    """
    layouts = {"tree": {}, "flat": {"flat": True}}
    if workload in ("recipe", "batch", "char"):
        for layout, options in layouts.items():
            if workload == "recipe":
                yield _peer("jax", f"step, own lengths, {layout}", threads, **options)
            padded = ", padded" if workload == "recipe" else ""
            yield _peer("jax", f"step{padded}, {layout}", threads, padded=True, **options)
            yield _peer(
                "jax", f"scan{padded}, {layout}", threads, padded=True, scan=True, **options
            )
    elif workload == "gpt2":
        yield _peer("jax", "step, tree", threads)
    elif workload == "products":
        yield _peer("jax", "jitted", threads)
    elif workload == "start" and threads == 1:
        yield _peer("jax", "step, padded, tree", threads, padded=True)
