"""The command `microgpt`: one module for each of its commands."""

import argparse
import io
import os
import sys
import warnings
from collections.abc import Callable, Sequence
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
from microgpt.cli.parsing import Parser, meant
from microgpt.cli.wording import in_options, of_error
from microgpt.errors import MicrogptError

COMMANDS = (
    *(lab, tokenize_, train, sample, reference, doctor_, warmup, bench),
    *(export, check_state, reproduce),
    *(exercises, assignment, grade),
)
WHOLE = ("-h", "--help", "--version")  # the options that stand before a command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what is wrong is said in one sentence, with a non-zero exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # What stands behind -- is left to JupyterLab; argparse would take it for a folder.
    end = words.index("--") if words[:1] == ["lab"] and "--" in words else len(words)
    options = _parsed(words[:end])
    options.passed_on = words[end + 1 :]
    named = options.parser.options()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            # NumPy's; training and sampling say themselves what became of it.
            warnings.filterwarnings("ignore", ".* encountered in ", RuntimeWarning)
            warnings.showwarning = _notes(named)
            if options.backend:
                from microgpt import backends

                backends.use(options.backend)
            return options.run(options)
    except BrokenPipeError:
        raise
    except MemoryError as error:
        said = of_error(error, named)
        print(f"microgpt: this needs more memory than there is: {said}", file=sys.stderr)
        return 1
    except (MicrogptError, OSError) as error:
        print(f"microgpt: {of_error(error, named)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("microgpt: interrupted", file=sys.stderr)
        return 130


def _parsed(words: list[str]) -> argparse.Namespace:
    """The options of the command; exit status 2 and one line where a word is wrong."""
    whole = parser()
    first = words[0] if words else ""
    if first.startswith("-") and not any(name.startswith(first) for name in WHOLE):
        whole.error(f"there is no option {first} before a command{meant(first, WHOLE)}")
    options, rest = whole.parse_known_args(words)
    options.parser.refuse_unknown(rest)
    options.parser.refuse_empty(options)
    return options


def _notes(named: dict[str, str]) -> Callable[..., None]:
    def say(message: Any, *_: Any, **__: Any) -> None:
        print(f"microgpt: note: {in_options(str(message), named)}", file=sys.stderr)

    return say


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults there are; of a switch, that it is off is no news."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def parser() -> Parser:
    """The command line: a module's first docstring line says what its command does."""
    whole = Parser(prog="microgpt", description="Train a small GPT, sample it.")
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
        part.set_defaults(run=module.run, parser=part)
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
