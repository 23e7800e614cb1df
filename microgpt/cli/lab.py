"""Copy the notebooks into your folder and open JupyterLab; the kernels compile meanwhile."""

import argparse
import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

DEFAULT_FOLDER = "microgpt-notebooks"
JUPYTER_OPTIONS = ("--port", "--ip", "--notebook-dir", "--allow-root", "--log-level", "--debug")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [-h] [FOLDER] [--no-browser] [--copy-only] [--backend NAME] [-- …]"
    parser.epilog = (
        "Notebooks you changed are never written over: new versions arrive beside them. What "
        "stands after -- goes to JupyterLab: microgpt lab -- --port 8899"
    )
    parser.add_argument(
        "folder", nargs="?", default=DEFAULT_FOLDER, metavar="FOLDER", help="where to work"
    )
    parser.add_argument("--no-browser", action="store_true", help="start JupyterLab only")
    parser.add_argument("--copy-only", action="store_true", help="copy the notebooks only")
    parser.add_argument(*JUPYTER_OPTIONS, action=_Misplaced, nargs="?", help=argparse.SUPPRESS)


class _Misplaced(argparse.Action):
    """Catches JupyterLab options before `--` and explains them; argparse only says "unknown"."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        parser.error(
            "put -- before JupyterLab's own options: microgpt lab --no-browser -- --port 8899"
        )


def run(options: argparse.Namespace) -> int:
    from microgpt.cli.notebook_sync import sync_notebooks
    from microgpt.diagnostics import shadowing_paths
    from microgpt.errors import MicrogptError

    folder = Path(options.folder).expanduser()
    synced = sync_notebooks(folder)
    print(synced, flush=True)
    for path in shadowing_paths([folder.resolve()]):
        print(f"microgpt: note: notebooks would load {path} in place of microgpt; rename it",
              file=sys.stderr)  # fmt: skip
    if options.copy_only:
        return 0
    if find_spec("jupyterlab") is None:
        raise MicrogptError(
            f"JupyterLab is not installed for {sys.executable}; run `pip install "
            f'"microgpt-lab[lab]"`, or open {folder} in another program that runs notebooks'
        )
    # Open the learner's own copy, not a newer version beside it.
    first = min(name for name in synced.names if name.endswith(".ipynb"))
    page = f"--LabApp.default_url=/lab/tree/{quote(first)}"  # also in the URL that it prints
    command = [sys.executable, "-m", "jupyterlab", str(folder), page, *options.passed_on]
    if options.no_browser and "--no-browser" not in command:
        command.append("--no-browser")
    environment = dict(os.environ)
    if options.backend:
        environment["MICROGPT_BACKEND"] = options.backend
    with _compiler():
        return _wait_for(subprocess.Popen(command, env=environment))


def _compiler() -> AbstractContextManager[None]:
    """Compile the kernels while notebooks are open, if they are not compiled yet.

    The first notebook needs few of them, and those are compiled first.
    """
    from microgpt import backends
    from microgpt.cli.warmup import check_cache_folder, compiling_in_background
    from microgpt.errors import NotWritable

    uses_numba = backends.available("numba") and backends.selected_name() in (None, "numba")
    if not uses_numba or backends.kernels_compiled():
        return nullcontext()
    try:
        check_cache_folder()
    except NotWritable as error:
        print(f"microgpt: note: {error}", file=sys.stderr)
        return nullcontext()
    print(
        "the kernels are compiled meanwhile, once, which takes about a minute: until then, "
        "cells that compute answer later",
        flush=True,
    )
    return compiling_in_background()


def _wait_for(server: subprocess.Popen) -> int:
    """Wait for the server and return its exit status.

    Ctrl-C is left to JupyterLab, which asks for confirmation; SIGTERM is passed on to it.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        while True:
            try:
                status = server.wait()
                return status if status >= 0 else 128 - status  # as shells report a signal
            except KeyboardInterrupt:
                continue
    finally:
        signal.signal(signal.SIGTERM, before)
