"""A parser that answers a wrong word with one line: what was expected, what came, what to do."""

import argparse
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

# What an empty text means something for; everywhere else it is a shell's variable that was not set.
MAY_BE_EMPTY = ("prompt", "tokens")
_VALUE = re.compile(r"argument (?P<name>\S+): (?P<wrong>.*)", re.DOTALL)
_CHOICE = re.compile(r"invalid choice: (?P<got>'.*?'|\".*?\")\W.*?\(choose from (?P<known>.*)\)")


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one line; `int` and `float` say what they want."""

    def __init__(self, *arguments: Any, **settings: Any):
        super().__init__(*arguments, **settings)
        self.register("type", int, _whole)
        self.register("type", float, _number)

    def error(self, message: str) -> NoReturn:
        sentence = _plain(message)
        more = " See" if sentence.endswith("?") else "; see"
        self.exit(2, f"{self.prog}: {sentence}{more} `{self.prog} --help`\n")

    def options(self) -> dict[str, str]:
        """The option of each setting by its name in the library: n_layer is --n-layer."""
        named = {}
        for action in self._actions:
            if long := [option for option in action.option_strings if option.startswith("--")]:
                named[action.dest] = long[0]
        return named

    def refuse_unknown(self, rest: list[str]) -> None:
        """Say of the words that are left over which option might have been meant."""
        if not rest:
            return
        known = [option for action in self._actions for option in action.option_strings]
        for word in rest:
            if word.startswith("-") and len(word) > 1:
                name = word.partition("=")[0]
                self.error(f"there is no option {name}{meant(name, known)}")
        self.error(f"nothing is expected where {rest[0]!r} stands")

    def refuse_empty(self, options: argparse.Namespace) -> None:
        """An empty name would be taken for none, or for the folder one is in."""
        for action in self._actions:
            given = getattr(options, action.dest, None)
            empty = given == "" or (isinstance(given, list) and "" in given)
            if empty and action.dest not in MAY_BE_EMPTY:
                name = "/".join(action.option_strings) or action.metavar or action.dest
                self.error(f"{name} wants a value; got an empty one")


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` if something known is much like the word, else nothing."""
    by_small = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_small, n=1)
    return f"; did you mean {by_small[near[0]]}?" if near else ""


def _plain(message: str) -> str:
    """What argparse says, in the words of all other errors."""
    found = _VALUE.fullmatch(message)
    if found is None:
        return message.replace("the following arguments are required", "something is missing")
    name, wrong = found["name"], found["wrong"]
    if wrong == "expected one argument":
        option = name.rpartition("/")[2]
        return f"{name} wants a value (one that begins with a dash: {option}=VALUE)"
    if choice := _CHOICE.fullmatch(wrong):
        known, got = [word.strip(" '\"") for word in choice["known"].split(",")], choice["got"]
        if name == "COMMAND":
            all_there_are = f"; known: {', '.join(known)}"
            return f"there is no command {got}{meant(got[1:-1], known) or all_there_are}"
        return f"{name} wants {' or '.join(known)}; got {got}{meant(got[1:-1], known)}"
    return f"{name} {wrong.removeprefix('option ')}"


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # also for thousands of digits, which Python does not read
        raise argparse.ArgumentTypeError(f"wants a whole number; got {_short(text)}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"wants a number; got {_short(text)}") from None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}…")
