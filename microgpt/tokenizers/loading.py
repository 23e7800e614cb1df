"""`load`: load a tokenizer from a file or folder."""

from pathlib import Path

from microgpt._io.json_io import read_json
from microgpt._io.paths import expand_user
from microgpt.errors import FormatError
from microgpt.tokenizers.base import Tokenizer
from microgpt.tokenizers.gpt2_vocab import FILE_NAMES
from microgpt.tokenizers.merges_file import MAX_FILE_BYTES, check_exists, read_merges
from microgpt.tokenizers.serialization import from_dict

TOKENIZER_FILE = "tokenizer.json"
VOCAB_FILES = ("vocab.json", "encoder.json")


def load(path: str | Path) -> Tokenizer:
    """Load a tokenizer from a tokenizer.json that `microgpt tokenize` wrote, or from merges.txt.

    vocab.bpe has the format of merges.txt. A folder with one of these files works too. Token ids
    come from the vocab.json beside the merges; without one they are assigned as in GPT-2. Raises a
    FormatError that names the file if it cannot be read.
    """
    file = expand_user(path)
    if file.is_dir():
        file = _find_in_folder(file)
    if file.suffix != ".json":
        vocab_paths = (file.parent / name for name in VOCAB_FILES)
        return read_merges(file, next(filter(Path.is_file, vocab_paths), None))
    check_exists(file)
    try:
        return from_dict(read_json(file, MAX_FILE_BYTES))
    except FormatError as error:
        raise FormatError(f"{file} describes no tokenizer of microgpt: {error}") from None


def _find_in_folder(folder: Path) -> Path:
    for name in (TOKENIZER_FILE, *FILE_NAMES):
        if (folder / name).is_file():
            return folder / name
    raise FormatError(
        f"{folder} holds no tokenizer; expected {TOKENIZER_FILE}, merges.txt or vocab.bpe"
    )
