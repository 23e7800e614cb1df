"""Format errors as one line, with settings written as command-line options."""

import argparse
from collections.abc import Iterable
from typing import Any

from microgpt.errors import MicrogptError, Notation

_FILE_ERRORS: dict[type[OSError], str] = {
    FileNotFoundError: "no such file, or no such folder for it; look at how it is written",
    FileExistsError: "a file is there already; name another path",
    IsADirectoryError: "a folder is there where a file is needed; name a file",
    NotADirectoryError: "a file is on the way where a folder is needed; name another path",
    PermissionError: "not to be read or written by you; change its rights, or name another path",
}


class OptionNotation(Notation):
    """Formats settings as options: n_embd=0 as `--n-embd 0`, qkv_bias=False as `--no-qkv-bias`."""

    def __init__(self, actions: Iterable[argparse.Action]):
        self.options: dict[str, str] = {}
        self.negations: dict[str, str] = {}
        for action in actions:
            for option in action.option_strings:
                if option.startswith("--no-"):
                    self.negations[option.removeprefix("--no-").replace("-", "_")] = option
                elif option.startswith("--"):
                    self.options.setdefault(action.dest, option)

    def has(self, name: str) -> bool:
        return name in self.options or name in self.negations

    def setting(self, name: str) -> str:
        return self.options.get(name, name)

    def assignment(self, name: str, value: Any) -> str:
        if value is None or value is False:
            return self.negations.get(name, f"no {self.setting(name)}")
        if value is True:
            return self.setting(name)
        return f"{self.setting(name)} {self.value(value)}"

    def value(self, value: Any) -> str:
        """Format a value as typed in a shell: no quotation marks around a string without spaces."""
        if isinstance(value, str) and value and not any(map(str.isspace, value)):
            return value
        return super().value(value)


def message(error: BaseException, notation: Notation) -> str:
    """Return an error's message on one line, with the command's options for its settings."""
    if isinstance(error, OSError) and error.strerror:
        return _file_message(error)
    sentence = error.render(notation) if isinstance(error, MicrogptError) else str(error)
    return " ".join(sentence.split()) or type(error).__name__


def _file_message(error: OSError) -> str:
    if not error.filename:
        return str(error.strerror)
    for error_class, explanation in _FILE_ERRORS.items():
        if isinstance(error, error_class):
            return f"{error.filename}: {explanation}"
    return f"{error.filename}: {error.strerror}"
