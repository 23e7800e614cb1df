"""`read`: a tokenizer from whatever file says what it is."""

import json
from pathlib import Path

from microgpt._io.atomic_write import expand_user
from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.gpt2_vocab import NAMES
from microgpt.tokenizers.merges_file import read_limited, read_merges
from microgpt.tokenizers.serialization import from_dict

OWN = "tokenizer.json"
IDS = ("vocab.json", "encoder.json")


def read(path: str | Path) -> Tokenizer:
    """The tokenizer in a file or folder: a tokenizer.json as `microgpt tokenize` writes it, or
    merges (merges.txt, vocab.bpe) with the ids beside them, if there are any.

    Without ids (vocab.json), merges are numbered as GPT-2's are. What cannot be read is a
    FormatError that names the file.
    """
    file = expand_user(path)
    if file.is_dir():
        file = _in_folder(file)
    if file.suffix != ".json":
        ids = next((file.parent / name for name in IDS if (file.parent / name).is_file()), None)
        return read_merges(file, ids)
    try:
        return from_dict(json.loads(read_limited(file)))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{file} describes no tokenizer of microgpt: {error}") from None


def _in_folder(folder: Path) -> Path:
    for name in (OWN, *NAMES):
        if (folder / name).is_file():
            return folder / name
    raise FormatError(f"{folder} holds no tokenizer; expected {OWN}, merges.txt or vocab.bpe")
