"""Write a model in the shape of GPT-2 for transformers or llm.c."""

import argparse
import sys

from microgpt.cli.model_options import add_model_options, load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a checkpoint, another program's model, or a name as gpt2")
    parser.add_argument("out", help="the folder to write; for llmc also a file named NAME.bin")
    parser.add_argument(
        "--format",
        choices=("huggingface", "llmc"),
        default="huggingface",
        help="safetensors as transformers loads it, or llm.c's version 3",
    )
    parser.add_argument("--no-tokenizer", action="store_true", help="write the weights alone")
    add_model_options(parser.add_argument_group("model"))


def run(options: argparse.Namespace) -> int:
    from microgpt.pretrained import save_pretrained
    from microgpt.pretrained.gpt2_layout import check_gpt2_config
    from microgpt.tokenizers import is_byte_pair

    checkpoint = load_model(options.model, options)
    check_gpt2_config(checkpoint.model.config)  # raises before a note on the tokenizer is printed
    tokenizer = checkpoint.tokenizer
    if options.no_tokenizer:
        tokenizer = None
    elif tokenizer is None:
        print("microgpt: note: no tokenizer is known for this model", file=sys.stderr)
    elif not is_byte_pair(tokenizer):
        print(
            f"microgpt: note: a {type(tokenizer).__name__} has no file in other programs; the "
            "weights are written without it",
            file=sys.stderr,
        )
        tokenizer = None
    print(checkpoint.model)
    print(f"saved: {save_pretrained(options.out, checkpoint.model, tokenizer, options.format)}")
    return 0
