"""The options that say how a corpus is read, for `microgpt train` and `microgpt tokenize`."""

import argparse
from typing import Any


def add_reading_options(parser: argparse.ArgumentParser | Any) -> None:
    """Add --format, --special and --distinct to a parser, or to a group of one."""
    parser.add_argument(
        "--format", choices=("lines", "text"), help="read the file as lines, or as one text"
    )
    parser.add_argument(
        "--special",
        action="store_true",
        help="take <|endoftext|> in the file for the end of a document",
    )
    parser.add_argument(
        "--distinct",
        action="store_true",
        help="take each line once, however often the file repeats it",
    )


def load_corpus_as(
    name: str, format: str | None = None, special: bool | None = None, distinct: bool | None = None
) -> Any:
    """Load a corpus by name or a text file, as these options say."""
    from microgpt.data import load_corpus

    corpus = load_corpus(name, format=format, special=bool(special))
    return corpus.distinct() if distinct else corpus
