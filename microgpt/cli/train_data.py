"""Load the training data and tokenizer of `microgpt train`: a corpus or a folder of shards."""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from microgpt.cli.corpus_options import load_corpus_as
from microgpt.cli.progress import Progress

MAX_TOKEN_CHARACTERS = 16  # upper bound of a text's average characters per token


class TrainingTexts(NamedTuple):
    """A corpus or shards to train on; for shards, also the folder's validation and tokenizer."""

    corpus: Any
    validation: Any = None
    tokenizer: Any = None

    @property
    def is_shards(self) -> bool:
        """Whether the data are shards of token ids."""
        from microgpt.data import Corpus

        return not isinstance(self.corpus, Corpus)

    @property
    def min_row_tokens(self) -> int:
        """A lower bound of the tokens in a row of a batch, before truncation to the block size."""
        if self.is_shards:
            return len(self.corpus)
        if self.corpus.format == "lines":
            return 2
        return max(2, len(self.corpus[0]) // MAX_TOKEN_CHARACTERS)


def load_texts(
    name: str, format: str | None, special: bool | None = None, distinct: bool | None = None
) -> TrainingTexts:
    """Load a corpus by name, a text file, or a folder of token shards."""
    from microgpt import tokenizers
    from microgpt.data import Shards
    from microgpt.errors import FormatError

    folder = Path(name).expanduser()
    if not folder.is_dir():
        return TrainingTexts(load_corpus_as(name, format, special, distinct))
    train, val = (_token_files(folder, part) for part in ("train", "val"))
    if not train:
        raise FormatError(
            f"{folder} is a folder without a file named like *train*.bin or *train*.npy; "
            "`microgpt tokenize CORPUS FOLDER` makes one"
        )
    tokenizer = None
    if (folder / "tokenizer.json").is_file():
        tokenizer = tokenizers.load(folder / "tokenizer.json")
    elif (folder / "meta.pkl").is_file():
        raise FormatError(
            f"{folder / 'meta.pkl'} names the characters of these tokens and is a pickle, which is "
            f"not read here; train on the text that they were made from, such as "
            f"{folder / 'input.txt'}"
        )
    vocab_size = None if tokenizer is None else tokenizer.vocab_size
    validation = Shards(val, vocab_size) if val else None
    return TrainingTexts(Shards(train, vocab_size), validation, tokenizer)


def _token_files(folder: Path, part: str) -> list[Path]:
    """Return a folder's files of tokens with this word in their names, in one format."""
    from microgpt.errors import FormatError

    shards, arrays = (sorted(folder.glob(f"*{part}*{suffix}")) for suffix in (".bin", ".npy"))
    if shards and arrays:
        raise FormatError(
            f"{folder} holds {shards[0].name} and {arrays[0].name}, which may be the same tokens; "
            "keep files of one ending"
        )
    return shards or arrays


def load_tokenizer(
    texts: TrainingTexts, options: argparse.Namespace, default: str, progress: Progress
) -> Any:
    """Return the shard folder's tokenizer, else the one that --tokenizer or `default` names."""
    from microgpt import tokenizers
    from microgpt.errors import Described, SettingError

    if texts.tokenizer is not None:
        if options.tokenizer is not None:
            raise SettingError(
                "tokenizer",
                "left out for a folder whose tokenizer.json describes its tokens",
                options.tokenizer,
            )
        return texts.tokenizer
    name = options.tokenizer or default
    if not texts.is_shards:
        return texts.corpus.tokenizer(name, progress.count_merge)
    if name != "gpt2":
        raise SettingError(
            "tokenizer",
            "gpt2 for a folder without a tokenizer.json, whose tokens are taken for GPT-2's",
            Described(name),
        )
    return tokenizers.gpt2()


def check_shards(texts: TrainingTexts, options: argparse.Namespace, vocab_size: int) -> None:
    """Raise, before hours of training, on options without effect and on ids out of range."""
    from microgpt.data import open_shard
    from microgpt.errors import SettingError

    for name in ("format", "special", "distinct"):
        if value := getattr(options, name):
            raise SettingError(name, "left out for token shards", value)
    if options.val_fraction is not None and texts.validation is not None:
        raise SettingError(
            "val_fraction", "left out for a folder with validation shards", options.val_fraction
        )
    if options.val_fraction:
        raise SettingError(
            "val_fraction",
            "0 for token shards, which are not split",
            options.val_fraction,
            "make validation shards with `microgpt tokenize --val-tokens N`",
        )
    for shards in (texts.corpus, texts.validation):
        for file in () if shards is None else shards.files:
            open_shard(file, vocab_size)
