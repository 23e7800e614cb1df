"""Measure how fast this machine trains and draws, engine by engine."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--works", type=_names, help="some of recipe,batch,char,gpt2,generate,"
                        "names,start,scaling (default: all)")  # fmt: skip
    parser.add_argument("--contenders", type=_names, help="some of value,tape,numpy,numba,replayed,"
                        "memory, or peers by name (default: all)")  # fmt: skip
    parser.add_argument("--peers", type=_names, help="libraries to compare with: "
                        "torch,jax")  # fmt: skip
    parser.add_argument("--peer-python", metavar="PATH",
                        help="the Python that has the peers (default: this one)")  # fmt: skip
    parser.add_argument("--check", action="store_true", help="only compare the peers' losses with "
                        "ours, before and after training from equal weights")  # fmt: skip
    parser.add_argument("--corpus", default="names", help="the recipe's names; names-mini needs no "
                        "network")  # fmt: skip
    parser.add_argument("--rounds", type=int, help="turns of each contender (default: 7)")
    parser.add_argument("--quick", action="store_true", help="short and rough")
    parser.add_argument("--marks", action="store_true", help="say which marks are met")
    parser.add_argument("--json", metavar="FILE", help="write everything measured")
    parser.add_argument("--svg", metavar="FILE", help="write a bar chart")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from microgpt.benchmark.implementations import LIBRARIES
    from microgpt.benchmark.runner import Bench
    from microgpt.benchmark.table import marks_text, text
    from microgpt.errors import SettingError

    if options.backend:
        raise SettingError("bench runs every back end; choose among them with --contenders")
    peers, peer_python = tuple(options.peers or ()), options.peer_python or sys.executable
    for name in peers:
        if name not in LIBRARIES:
            raise SettingError(f"there is no peer {name!r}; known: {', '.join(LIBRARIES)}")
    if options.check:
        return _check(peers, peer_python)
    for path in (options.json, options.svg):
        _try(path)
    bench = Bench(
        options.works,
        options.contenders,
        peers,
        peer_python,
        options.rounds,
        options.quick,
        options.corpus,
    )
    status = 0
    with tqdm(total=len(bench), unit="", disable=None) as bar:
        try:
            for moment in bench:
                bar.set_postfix_str(moment.text, refresh=False)
                bar.update(moment.done - bar.n)
        except KeyboardInterrupt:
            print("microgpt: interrupted; what follows was measured before", file=sys.stderr)
            status = 130
    print(text(bench.results))
    if options.marks:
        print(f"\n{marks_text(bench.results)}")
    if options.json is not None:
        _write(options.json, _json(bench.results))
    if options.svg is not None:
        _write(options.svg, _svg(bench.results))
    return status


def _try(path: str | None) -> None:
    """Refuse a file that cannot be written now, not after minutes of measuring."""
    from microgpt.checkpoints import ensure_writable
    from microgpt.errors import NotWritable

    if path is not None and Path(path).is_dir():
        raise NotWritable(f"{path} is a folder; name a file to write")
    if path is not None:
        ensure_writable(Path(path).parent)


def _json(results: Any) -> str:
    from microgpt.benchmark.report import as_dict

    return json.dumps(as_dict(results), indent=1, ensure_ascii=False) + "\n"


def _svg(results: Any) -> str:
    from microgpt.benchmark.report import bars
    from microgpt.benchmark.table import machine
    from microgpt.viz.benchmark_bars import benchmark_bars, standalone

    return standalone(benchmark_bars(bars(results), machine(results)))


def _write(path: str, content: str) -> None:
    from microgpt._io.atomic_write import atomic_write

    with atomic_write(Path(path)) as stream:
        stream.write(content.encode())
    print(f"\nwritten: {path}")


def _check(peers: tuple[str, ...], peer_python: str) -> int:
    from microgpt.benchmark.parity_check import CLOSE, compare
    from microgpt.errors import SettingError

    if not peers:
        raise SettingError("--check compares with peers; say which: --peers torch,jax")
    status = 0
    for what, ours, theirs in compare(peers, peer_python):
        same = abs(ours - theirs) <= CLOSE * abs(ours)
        status = status if same else 1
        print(f"{what}: loss {theirs:.6f}, ours {ours:.6f}: {'equal' if same else 'NOT equal'} "
              f"to {CLOSE:g}")  # fmt: skip
    return status
