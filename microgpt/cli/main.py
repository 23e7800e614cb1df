"""The command `microgpt`: one module for each of its commands."""

import argparse
import io
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
    gpu_report,
    grade,
    lab,
    reference,
    reproduce,
    sample,
    tokenize_,
    train,
    warmup,
)
from microgpt.cli.error_messages import message
from microgpt.cli.parsing import Parser
from microgpt.cli.streams import flush_streams, open_missing_streams
from microgpt.errors import MicrogptError, Notation, closest, did_you_mean
from microgpt.plain_text import join_or

COMMANDS = (
    *(lab, tokenize_, train, sample, reference, doctor_, warmup, bench, gpu_report),
    *(export, check_state, reproduce),
    *(exercises, assignment, grade),
)
GLOBAL_OPTIONS = ("-h", "--help", "--version")  # the only options before a command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; an error is printed on one line."""
    open_missing_streams()
    args = list(sys.argv[1:] if arguments is None else arguments)
    # Arguments after -- go to JupyterLab; argparse would take the first for a folder.
    end = args.index("--") if args[:1] == ["lab"] and "--" in args else len(args)
    options = _parse(args[:end])
    options.passed_on = args[end + 1 :]
    notation = options.parser.notation()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            # NumPy's floating-point warnings: training and sampling report NaN themselves.
            warnings.filterwarnings("ignore", ".* encountered in ", RuntimeWarning)
            warnings.showwarning = _print_warnings(notation)
            if options.backend:
                from microgpt import backends

                backends.use(options.backend)
            return options.run(options)
    except BrokenPipeError:
        raise
    except MemoryError as error:
        what = message(error, notation).partition(" with shape")[0]
        print(f"microgpt: this needs more memory than there is: {what}", file=sys.stderr)
        return 1
    except (MicrogptError, OSError) as error:
        print(f"microgpt: {message(error, notation)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("microgpt: interrupted", file=sys.stderr)
        return 130


def _parse(args: list[str]) -> argparse.Namespace:
    """Parse the arguments; exit with status 2 and a one-line message if one is wrong."""
    commands = parser()
    first = args[0] if args else ""
    if first.startswith("-") and not any(name.startswith(first) for name in GLOBAL_OPTIONS):
        nearest = did_you_mean(closest(first, GLOBAL_OPTIONS))
        commands.error(f"there is no option {first} before a command{nearest}")
    options, rest = commands.parse_known_args(args)
    options.parser.check_no_rest(rest)
    options.parser.check_not_empty(options)
    return options


def _print_warnings(notation: Notation) -> Callable[..., None]:
    """Return a function for `warnings.showwarning` that prints a warning on one line."""

    def show(warning: Warning | str, *_: Any, **__: Any) -> None:
        text = message(warning, notation) if isinstance(warning, Warning) else warning
        print(f"microgpt: note: {text}", file=sys.stderr)

    return show


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Help formatter that shows defaults, except None and the False of a switch."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.dest == "backend":
            from microgpt import backends  # which loads NumPy: only this line of help needs it

            default = backends.default_name()
            marked = (f"{name} (default)" if name == default else name for name in backends.names())
            return f"{action.help}: {join_or([*marked])}"
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def parser() -> Parser:
    """Build the command line's parser; each command's help is its module's first docstring line."""
    top = Parser(prog="microgpt", description="Train a small GPT, sample it.")
    top.add_argument("--version", action="version", version=f"microgpt-lab {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        summary = str(module.__doc__)
        name = module.__name__.rpartition(".")[2].rstrip("_")  # doctor_: `doctor` is a function
        command = commands.add_parser(
            name.replace("_", "-"),
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=summary,
            formatter_class=_Help,
        )
        command.add_argument("--backend", help="what computes")
        module.add_arguments(command)
        command.set_defaults(run=module.run, parser=command)
    return top


def entry_point() -> None:
    """Entry point of the installed command.

    A closed pipe (`| head`) gives no traceback, and characters that the terminal cannot encode are
    escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status = 1
    try:
        status = main()
    except BrokenPipeError:
        pass
    except SystemExit as exit:  # of argparse, after a mistake or --help
        status = exit.code if isinstance(exit.code, int) else 0
    sys.exit(status if flush_streams() else status or 1)
