"""Turn a corpus into files of token ids (llm.c's shards), once for all trainings."""

import argparse
import json


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", help="a corpus by name, or a text file")
    parser.add_argument("out", help="the folder for train.bin, val.bin and tokenizer.json")
    parser.add_argument(
        "--format", choices=("lines", "text"), help="read the file as lines, or as one text"
    )
    parser.add_argument(
        "--tokenizer", default="gpt2", help="gpt2, char, or bpe:1000 to train one of 1,000 tokens"
    )
    parser.add_argument(
        "--validation", type=int, default=32768, help="tokens kept for validation: the first ones"
    )


def run(options: argparse.Namespace) -> int:
    from pathlib import Path

    import numpy as np
    from tqdm import tqdm

    from microgpt._io.atomic_write import atomic_write
    from microgpt.config.checks import whole
    from microgpt.data import split_documents, encode_documents, load_corpus, write_shard
    from microgpt.errors import SettingError

    whole("--validation", options.validation, 0)
    corpus = load_corpus(options.corpus, format=options.format)
    tokenizer = corpus.tokenizer(options.tokenizer)
    count = len(split_documents(corpus))
    pieces = encode_documents(corpus, tokenizer)
    tokens = np.concatenate([*tqdm(pieces, total=count, unit="document", disable=None)])
    what = "lines" if corpus.format == "lines" else "sections"
    print(f"{corpus}\n{len(tokens):,} tokens of a vocabulary of {tokenizer.vocab_size:,}, "
          f"in {count:,} {what}")  # fmt: skip
    if len(tokens) <= options.validation:
        raise SettingError(
            f"--validation {options.validation} leaves none of the {len(tokens):,} tokens to train "
            "on; choose a smaller number, or 0"
        )
    folder = Path(options.out).expanduser()
    if not options.validation and (folder / "val.bin").exists():
        raise SettingError(
            f"{folder / 'val.bin'} is from another run, whose tokens would now be trained on; "
            "remove it, or name another folder"
        )
    parts = {"train.bin": tokens[options.validation :], "val.bin": tokens[: options.validation]}
    for name, part in parts.items():
        if len(part):
            write_shard(folder / name, part, tokenizer.vocab_size)
            print(f"saved: {folder / name}, {len(part):,} tokens")
    with atomic_write(folder / "tokenizer.json") as stream:
        stream.write(json.dumps(tokenizer.to_dict()).encode())
    print(f"saved: {folder / 'tokenizer.json'}")
    return 0
