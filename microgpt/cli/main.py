"""The command `microgpt`: one module for each of its commands."""

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from microgpt import __version__
from microgpt.cli import (
    assignment,
    bench,
    check_state,
    doctor_,
    exercises,
    export,
    grade,
    lab,
    reference,
    reproduce,
    sample,
    tokenize_,
    train,
    warmup,
)
from microgpt.errors import MicrogptError

COMMANDS = (
    *(lab, tokenize_, train, sample, reference, doctor_, warmup, bench),
    *(export, check_state, reproduce),
    *(exercises, assignment, grade),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what is wrong is said in one sentence, with a non-zero exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # What stands behind -- is left to JupyterLab; argparse would take it for a folder.
    end = words.index("--") if words[:1] == ["lab"] and "--" in words else len(words)
    options = parser().parse_args(words[:end])
    options.passed_on = words[end + 1 :]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = _say_warning
            if options.backend:
                from microgpt import backends

                backends.use(options.backend)
            return options.run(options)
    except BrokenPipeError:
        raise
    except MemoryError as error:
        print(f"microgpt: this needs more memory than there is: {error}", file=sys.stderr)
        return 1
    except (MicrogptError, OSError) as error:
        print(f"microgpt: {_sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("microgpt: interrupted", file=sys.stderr)
        return 130


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _say_warning(message: Any, *_: Any, **__: Any) -> None:
    print(f"microgpt: note: {message}", file=sys.stderr)


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults there are; of a switch, that it is off is no news."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def parser() -> argparse.ArgumentParser:
    """The command line: a module's first docstring line says what its command does."""
    whole = argparse.ArgumentParser(prog="microgpt", description="Train a small GPT, sample it.")
    whole.add_argument("--version", action="version", version=f"microgpt-lab {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        what = str(module.__doc__)
        name = module.__name__.rpartition(".")[2].rstrip("_")  # it may share a function's name
        part = commands.add_parser(
            name.replace("_", "-"),
            help=what[0].lower() + what[1:].rstrip("."),
            description=what,
            formatter_class=_Help,
        )
        part.add_argument("--backend", help="numba (default) or numpy")
        module.arguments(part)
        part.set_defaults(run=module.run)
    return whole


def entry_point() -> None:
    """What the installed command runs.

    A closed pipe (`| head`) is not an error, and what a terminal cannot show is escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
