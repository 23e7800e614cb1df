"""The library's errors in the language of the command line: its settings become options.

A sentence of the library speaks to who writes Python: `optimizer="sgd"`, `n_embd must be …`. The
same sentence is said here of `--optimizer` and `--n-embd`, in one place for all commands.
"""

import re

from microgpt.cli.parsing import meant
from microgpt.errors import SettingError, ShapeError

# Settings that a command takes by another name.
OTHER_NAMES = {"max_new_tokens": "length"}
# Parts of sentences that name what only Python has.
PHRASES = (
    (r", or None for no clipping", " (inf: no clipping)"),
    (r", or None to turn it off", " (1 turns it off)"),
    (r"in \[0, 1\)", "0 or above, and below 1"),
    (r"in \(0, 1\]", "above 0, and at most 1"),
    (r"in \[0, 1\]", "from 0 to 1"),
    (r"2\*\*63", f"{2**63:,}"),
    (r"2\*\*64 - 1", f"{2**64 - 1:,}"),
    (r"2\*\*64", f"{2**64:,}"),
    (r"`Trainer\.save` and `microgpt train` write one", "`microgpt train` writes one"),
    (r"which Trainer\.resume continues", "which `microgpt train --resume` continues"),
    (r"make the model with GPTConfig\([^)]*\)", "train a new model for it"),
    (r", or drop_last=False", ""),
    (r"choose a smaller width", "choose a smaller block_size"),
    (r"load takes (?:a|one) Python file", "needed is a Python file"),
    (r"load it with format", "read it with format"),
    (r"\(tokenizer=None\)", "(--no-tokenizer)"),
    (r", or keep the model with `save`", ""),
    (r"give n_head=…, or put its", "put its"),
    (r"name others to hold out, Trainer\(.*\), or", "put *val*.bin beside them to hold out, or"),
    (r"TrainConfig\(held_out=0\)", "--held-out 0"),
    (
        r"(only a model in the shape of GPT-2 can be written for other programs): .*",
        r"\1, and this one has another; `microgpt train --preset gpt2-small` trains one that can",
    ),
    (r"Unable to allocate ([\d.]+) (\w+) for an array.*", r"\1 \2 in one piece"),
    (r"^vocab_size must", "the N of --tokenizer bpe:N must"),
    (r"got vocab_size=([\d,]+)", r"got --tokenizer bpe:\1"),
)
# What can be done without GPT-2's list of merges; the command line has it for some commands only.
NO_MERGES = re.compile(r"(?<=Without a network, )train a tokenizer of your own .*?; or ")
FILES: dict[type[OSError], str] = {
    FileNotFoundError: "no such file, or no such folder for it; look at how it is written",
    FileExistsError: "a file is there already; name another place",
    IsADirectoryError: "a folder is there where a file is needed; name a file",
    NotADirectoryError: "a file is on the way where a folder is needed; name another place",
    PermissionError: "not to be read or written by you; change its rights, or name another place",
}
_QUOTED = r"""(?<!\w)(?:'[^']*'|"[^"]*")"""


def in_options(sentence: str, options: dict[str, str]) -> str:
    """The sentence as a command says it that has these options, by the names of settings."""
    for python, plain in PHRASES:
        sentence = re.sub(python, plain, sentence)
    return _named(sentence, options)


def of_error(error: BaseException, options: dict[str, str]) -> str:
    """What an error says, in one line and with the options of the command."""
    if isinstance(error, OSError) and error.strerror:
        return _of_file(error)
    sentence = " ".join(str(error).split()) or type(error).__name__
    # Other errors may quote the settings that stand in a file, which are no options.
    of_settings = isinstance(error, SettingError | ShapeError)
    sentence = in_options(sentence, options if of_settings else {})
    sentence = NO_MERGES.sub(_instead_of_merges(options), sentence)
    return sentence + _near(sentence)


def _instead_of_merges(options: dict[str, str]) -> str:
    if "tokenizer" not in options:
        return ""
    if "format" in options:  # the command reads a corpus, from which one can be learned
        return "train a tokenizer of your own (--tokenizer bpe:1000); or "
    return "name a merges.txt or vocab.bpe that you have (--tokenizer FILE); or "


def _of_file(error: OSError) -> str:
    if not error.filename:
        return str(error.strerror)
    for kind, what in FILES.items():
        if isinstance(error, kind):
            return f"{error.filename}: {what}"
    return f"{error.filename}: {error.strerror}"


def _named(sentence: str, options: dict[str, str]) -> str:
    known = options | {
        setting: options[name] for setting, name in OTHER_NAMES.items() if name in options
    }
    if not known:
        return sentence
    names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    # Words that only a setting has, such as n_embd, are it wherever they stand; one that English
    # has too is it before a value, where the sentence begins with it, and where it is to be set.
    whole = r"(?<![\w./\\-])(?P<{0}>" + names + r")(?![\w/\\-]|\.\w)"
    pattern = (
        whole.format("given")
        + rf" ?= ?(?P<value>{_QUOTED}|[^\s,;()]+)(?: or (?P<other>{_QUOTED}))?"
        rf"|(?P<quoted>{_QUOTED})|" + whole.format("bare")
    )

    def said(found: re.Match[str]) -> str:
        if found["given"]:
            words = [known[found["given"]], _bare(found["value"])]
            return " ".join(words) + (f" or {_bare(found['other'])}" if found["other"] else "")
        name = found["bare"]
        if name is None or not (_only_a_setting(name) or _is_meant(sentence, found)):
            return found[0]
        return known[name]

    return re.sub(pattern, said, sentence)


def _only_a_setting(name: str) -> bool:
    return "_" in name or name in ("lr", "beta1", "beta2")


def _is_meant(sentence: str, found: re.Match[str]) -> bool:
    before, after = sentence[: found.start()], sentence[found.end() :]
    if not before:
        return re.match(r",| (?:must|counts|looks)\b", after) is not None
    left_out = before.endswith("; leave ") and after.startswith(" out")
    return left_out or before.endswith("; set ")


def _bare(value: str) -> str:
    """A text without its quotation marks, unless nothing would be left."""
    inside = value[1:-1] if value[:1] in "'\"" else value
    return inside if inside and " " not in inside else value


def _near(sentence: str) -> str:
    """What may have been meant, where a sentence ends with all there is."""
    found = re.fullmatch(r"(.*); (?:known|corpora): (.*)", sentence)
    if found is None:
        return ""
    wrong = re.search(_QUOTED + r"|(?<=\bat )[^\s,;]+|(?<=^--)[\w-]+ [^\s,;]+", found[1])
    if wrong is None:
        return ""
    return meant(wrong[0].split()[-1].strip("'\""), re.findall(r"[\w:.-]+", found[2]))
