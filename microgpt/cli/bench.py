"""Measure how fast this machine trains and generates, engine by engine."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workloads",
        type=_names,
        help="some of recipe,batch,char,gpt2,generate,names,start,scaling,products (default: all)",
    )
    parser.add_argument(
        "--implementations",
        type=_names,
        help="some of value,tape,numpy,numba,replayed,memory, or peers by name (default: all)",
    )
    parser.add_argument("--peers", type=_names, help="libraries to compare with: torch,jax")
    parser.add_argument(
        "--peer-python", metavar="PATH", help="the Python that has the peers (default: this one)"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="only compare the peers' losses with ours, before and after training from equal "
        "weights",
    )
    parser.add_argument(
        "--corpus", default="names", help="the recipe's names; names-mini needs no network"
    )
    parser.add_argument("--rounds", type=int, help="blocks of each implementation (default: 7)")
    parser.add_argument("--quick", action="store_true", help="short and rough")
    parser.add_argument(
        "--isa", default="native",
        help="limit us and the peers to the same instructions: avx2, avx512 (default: native, all)",
    )  # fmt: skip
    parser.add_argument(
        "--targets", action="store_true", help="print which performance targets are met"
    )
    parser.add_argument("--json", metavar="FILE", help="write everything measured as JSON")
    parser.add_argument("--svg", metavar="FILE", help="write a bar chart")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def run(options: argparse.Namespace) -> int:
    from microgpt.benchmark.implementations import PEER_LIBRARIES
    from microgpt.benchmark.runner import Benchmark
    from microgpt.benchmark.table import format_results, format_targets
    from microgpt.cli.progress import Progress
    from microgpt.config.checks import check_choice
    from microgpt.errors import SettingError

    if options.backend:
        raise SettingError(
            "backend",
            "left out, since bench runs every back end",
            options.backend,
            "choose among them with {implementations}",
        )
    peers, peer_python = tuple(options.peers or ()), options.peer_python or sys.executable
    for name in peers:
        check_choice("peers", name, PEER_LIBRARIES)
    if options.check:
        return _check(peers, peer_python)
    for path in (options.json, options.svg):
        _check_writable(path)
    benchmark = Benchmark(
        options.workloads,
        options.implementations,
        peers,
        peer_python,
        options.rounds,
        options.quick,
        options.corpus,
        options.isa,
    )
    if options.svg is not None and all(w.name == "scaling" for w, _ in benchmark.plan):
        raise SettingError("svg", "left out, since scaling has no bars", options.svg)
    status = 0
    with Progress(len(benchmark)) as progress:
        try:
            for event in benchmark:
                progress.update(event.done - progress.done, event.message)
        except KeyboardInterrupt:
            print("microgpt: interrupted; what follows was measured before", file=sys.stderr)
            status = 130
    results = benchmark.results
    print(format_results(results))
    if options.targets:
        print(f"\n{format_targets(results)}")
    if options.json is not None:
        _write(options.json, _json(results))
    if options.svg is not None:
        _write(options.svg, _svg(results))
    return status


def _check_writable(path: str | None) -> None:
    """Raise NotWritable if the file cannot be written, before minutes of measuring."""
    from microgpt.checkpoints import ensure_writable
    from microgpt.errors import NotWritable

    if path is not None and Path(path).is_dir():
        raise NotWritable(f"{path} is a folder; name a file to write")
    if path is not None:
        ensure_writable(Path(path).parent)


def _json(results: Any) -> str:
    from microgpt.benchmark.report import results_dict

    return json.dumps(results_dict(results), indent=1, ensure_ascii=False) + "\n"


def _svg(results: Any) -> str:
    from microgpt.benchmark.report import bar_groups
    from microgpt.benchmark.table import describe_machine
    from microgpt.viz.benchmark_bars import benchmark_bars, standalone_svg

    return standalone_svg(benchmark_bars(bar_groups(results), describe_machine(results)))


def _write(path: str, content: str) -> None:
    from microgpt._io.atomic_write import atomic_write

    with atomic_write(Path(path)) as stream:
        stream.write(content.encode())
    print(f"\nwritten: {path}")


def _check(peers: tuple[str, ...], peer_python: str) -> int:
    from microgpt.benchmark.parity_check import RELATIVE_TOLERANCE, compare_losses
    from microgpt.cli.progress import Progress
    from microgpt.errors import SettingError

    if not peers:
        raise SettingError("peers", "given with {check}", remedy="name some: torch,jax", check=True)
    status = 0
    with Progress(None, description="comparing losses") as progress:
        for label, ours, theirs in compare_losses(peers, peer_python):
            equal = math.isclose(ours, theirs, rel_tol=RELATIVE_TOLERANCE)
            status = status if equal else 1
            progress.print(
                f"{label}: loss {theirs:.6f}, ours {ours:.6f}: {'equal' if equal else 'NOT equal'} "
                f"to {RELATIVE_TOLERANCE:g}"
            )
    return status
