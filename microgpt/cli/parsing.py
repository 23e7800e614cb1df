"""argparse with one-line errors that give the expected value, the actual one and a remedy."""

import argparse
import re
from typing import Any, NoReturn

from microgpt.cli.error_messages import OptionNotation
from microgpt.errors import closest, did_you_mean
from microgpt.plain_text import join_or

# Arguments that may be empty; an empty string elsewhere is usually an unset shell variable.
MAY_BE_EMPTY = ("prompt", "sample_prompt", "tokens")
_ARGUMENT = re.compile(r"argument (?P<name>\S+): (?P<problem>.*)", re.DOTALL)
_CHOICE = re.compile(r"invalid choice: (?P<got>'.*?'|\".*?\")\W.*?\(choose from (?P<choices>.*)\)")


class Parser(argparse.ArgumentParser):
    """An ArgumentParser with one-line errors; those of `int` and `float` name the expected type."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.register("type", int, _integer)
        self.register("type", float, _number)

    def error(self, message: str) -> NoReturn:
        sentence = _one_line(message)
        more = " See" if sentence.endswith("?") else "; see"
        self.exit(2, f"{self.prog}: {sentence}{more} `{self.prog} --help`\n")

    def notation(self) -> OptionNotation:
        """Return the notation in which errors name this parser's options."""
        return OptionNotation(self._actions)

    def check_no_rest(self, rest: list[str]) -> None:
        """Exit with an error if arguments are left over; suggest the closest option."""
        if not rest:
            return
        options = [option for action in self._actions for option in action.option_strings]
        for argument in rest:
            if argument.startswith("-") and len(argument) > 1:
                name = argument.partition("=")[0]
                nearest = did_you_mean(closest(name, options))
                self.error(f"there is no option {name}{nearest}")
        self.error(f"unexpected argument {rest[0]!r}")

    def check_not_empty(self, options: argparse.Namespace) -> None:
        """Exit with an error if a value is "": as a path it would mean the current folder."""
        for action in self._actions:
            value = getattr(options, action.dest, None)
            empty = value == "" or (isinstance(value, list) and "" in value)
            if empty and action.dest not in MAY_BE_EMPTY:
                name = "/".join(action.option_strings) or action.metavar or action.dest
                self.error(f"{name} needs a value; got an empty one")


def _one_line(message: str) -> str:
    """Rewrite an argparse error in the style of the package's errors."""
    match = _ARGUMENT.fullmatch(message)
    if match is None:
        return message.replace("the following arguments are required", "something is missing")
    name, problem = match["name"], match["problem"]
    if problem == "expected one argument":
        option = name.rpartition("/")[2]
        return f"{name} needs a value (one that begins with a dash: {option}=VALUE)"
    if choice := _CHOICE.fullmatch(problem):
        choices = [word.strip(" '\"") for word in choice["choices"].split(",")]
        got, nearest = choice["got"], did_you_mean(closest(choice["got"][1:-1], choices))
        if name == "COMMAND":
            all_commands = f"; known: {', '.join(choices)}"
            return f"there is no command {got}{nearest or all_commands}"
        return f"{name} must be {join_or(choices)}; got {got}{nearest}"
    return f"{name} {problem.removeprefix('option ')}"


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # also for thousands of digits, which `int` rejects
        raise argparse.ArgumentTypeError(f"must be an integer; got {_short(text)}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number; got {_short(text)}") from None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}…")
