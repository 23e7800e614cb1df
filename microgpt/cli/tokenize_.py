"""Turn a corpus into files of token ids (llm.c's shards), once for all trainings."""

import argparse
import json
from pathlib import Path
from typing import Any

from microgpt.cli.corpus_options import add_reading_options, load_corpus_as


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", help="a corpus by name, or a text file")
    parser.add_argument("out", help="the folder for train.bin, val.bin and tokenizer.json")
    add_reading_options(parser)
    parser.add_argument(
        "--tokenizer", default="gpt2", help="gpt2, char, or bpe:1000 to train one of 1,000 tokens"
    )
    parser.add_argument(
        "--val-tokens", type=int, default=32768, help="tokens for validation: the first ones"
    )


def run(options: argparse.Namespace) -> int:
    import numpy as np

    from microgpt._io.file_lock import FolderLock
    from microgpt.cli.progress import Progress
    from microgpt.config.checks import check_integer
    from microgpt.data import encode_documents, split_documents
    from microgpt.errors import SettingError

    check_integer("val_tokens", options.val_tokens, minimum=0)
    corpus = load_corpus_as(options.corpus, options.format, options.special, options.distinct)
    with Progress(None, description="preparing the tokenizer") as progress:
        tokenizer = corpus.tokenizer(options.tokenizer, progress.count_merge)
    count = len(split_documents(corpus))
    with Progress(count, "document") as progress:
        tokens = np.concatenate([*progress.track(encode_documents(corpus, tokenizer))])
    unit = "documents" if options.special else "lines" if corpus.format == "lines" else "sections"
    print(f"{corpus}\n{len(tokens):,} tokens of a vocabulary of {tokenizer.vocab_size:,}, "
          f"in {count:,} {unit}")  # fmt: skip
    if len(tokens) <= options.val_tokens:
        raise SettingError(
            "val_tokens",
            f"below the corpus's {len(tokens):,} tokens, to leave some to train on",
            options.val_tokens,
        )
    with FolderLock(Path(options.out).expanduser()) as lock:
        _save(lock.folder, tokens, tokenizer, options.val_tokens)
    return 0


def _save(folder: Path, tokens: Any, tokenizer: Any, val_tokens: int) -> None:
    """Write train.bin, val.bin and tokenizer.json."""
    from microgpt._io.atomic_write import atomic_write
    from microgpt.data import write_shard
    from microgpt.errors import SettingError

    if not val_tokens and (folder / "val.bin").exists():
        raise SettingError(
            "val_tokens",
            f"above 0 where {folder / 'val.bin'} is from another run, or it would be trained on",
            val_tokens,
            ("remove that file", "name another folder"),
        )
    parts = {"train.bin": tokens[val_tokens:], "val.bin": tokens[:val_tokens]}
    for name, part in parts.items():
        if len(part):
            write_shard(folder / name, part, tokenizer.vocab_size)
            print(f"saved: {folder / name}, {len(part):,} tokens")
    with atomic_write(folder / "tokenizer.json") as stream:
        stream.write(json.dumps(tokenizer.to_dict()).encode())
    print(f"saved: {folder / 'tokenizer.json'}")
