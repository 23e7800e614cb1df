"""argparse with errors of one line: what was expected, what came, what to do."""

import argparse
import re
from typing import Any, NoReturn

from microgpt.cli.error_messages import OptionNotation
from microgpt.errors import closest, did_you_mean

# Where an empty string means something; elsewhere it is a variable of the shell that was not set.
MAY_BE_EMPTY = ("prompt", "sample_prompt", "tokens")
_ARGUMENT = re.compile(r"argument (?P<name>\S+): (?P<problem>.*)", re.DOTALL)
_CHOICE = re.compile(r"invalid choice: (?P<got>'.*?'|\".*?\")\W.*?\(choose from (?P<choices>.*)\)")


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line; `int` and `float` name the expected type."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.register("type", int, _integer)
        self.register("type", float, _number)

    def error(self, message: str) -> NoReturn:
        sentence = _one_line(message)
        more = " See" if sentence.endswith("?") else "; see"
        self.exit(2, f"{self.prog}: {sentence}{more} `{self.prog} --help`\n")

    def notation(self) -> OptionNotation:
        """How errors write the settings that are options here."""
        return OptionNotation(self._actions)

    def check_no_rest(self, rest: list[str]) -> None:
        """Stop with an error where arguments are left over; suggests the nearest option."""
        if not rest:
            return
        options = [option for action in self._actions for option in action.option_strings]
        for argument in rest:
            if argument.startswith("-") and len(argument) > 1:
                name = argument.partition("=")[0]
                nearest = did_you_mean(closest(name, options))
                self.error(f"there is no option {name}{nearest}")
        self.error(f"nothing is expected where {rest[0]!r} stands")

    def check_not_empty(self, options: argparse.Namespace) -> None:
        """Stop with an error at an empty name, which would be taken for the current folder."""
        for action in self._actions:
            value = getattr(options, action.dest, None)
            empty = value == "" or (isinstance(value, list) and "" in value)
            if empty and action.dest not in MAY_BE_EMPTY:
                name = "/".join(action.option_strings) or action.metavar or action.dest
                self.error(f"{name} wants a value; got an empty one")


def _one_line(message: str) -> str:
    """An error of argparse in the form of all other errors."""
    match = _ARGUMENT.fullmatch(message)
    if match is None:
        return message.replace("the following arguments are required", "something is missing")
    name, problem = match["name"], match["problem"]
    if problem == "expected one argument":
        option = name.rpartition("/")[2]
        return f"{name} wants a value (one that begins with a dash: {option}=VALUE)"
    if choice := _CHOICE.fullmatch(problem):
        choices = [word.strip(" '\"") for word in choice["choices"].split(",")]
        got, nearest = choice["got"], did_you_mean(closest(choice["got"][1:-1], choices))
        if name == "COMMAND":
            all_commands = f"; known: {', '.join(choices)}"
            return f"there is no command {got}{nearest or all_commands}"
        return f"{name} must be {' or '.join(choices)}; got {got}{nearest}"
    return f"{name} {problem.removeprefix('option ')}"


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # also for thousands of digits, which Python does not read
        raise argparse.ArgumentTypeError(f"must be an integer; got {_short(text)}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number; got {_short(text)}") from None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}…")
