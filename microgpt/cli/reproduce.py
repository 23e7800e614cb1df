"""Train ten steps from published weights, and compare the losses with the published ones."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="gpt2|RECIPE.json", help="llm.c's ten steps of GPT-2 "
                        "124M; or a JSON file with optimizer, batch and losses")  # fmt: skip
    parser.add_argument("--weights", required=True, metavar="MODEL", help="a file or folder of any "
                        "known format, or the name gpt2 (which is fetched)")  # fmt: skip
    batch = parser.add_mutually_exclusive_group()
    batch.add_argument("--tokens", metavar="FILE", help="the batch: a token shard, of which the "
                       "first tokens are taken, or an llm.c debug state")  # fmt: skip
    batch.add_argument("--corpus", help="the batch: the first tokens of a corpus by name or file, "
                       "in GPT-2's tokens (default: tinyshakespeare)")  # fmt: skip
    parser.add_argument("--steps", type=int, help="the first steps only (default: all)")


def run(options: argparse.Namespace) -> int:
    from microgpt.parity.published_losses import GPT2, NEAR, count_of, read_recipe, train
    from microgpt.pretrained import load_pretrained

    recipe = GPT2 if options.recipe == "gpt2" else read_recipe(options.recipe)
    count_of(recipe, options.steps)  # before weights are fetched
    tokens, targets, source = _batch(options, recipe)
    model = load_pretrained(options.weights).model
    steps = train(model, tokens, targets, recipe, options.steps)
    print(f"{model!r}\n{len(tokens)} × {len(tokens[0])} tokens from {source}, the same every step")
    print("step      loss  expected  difference")
    checks = []
    for check in steps:
        print(f"{check.step:4d}  {check.loss:8.6f}  {check.expected:8.6f}  "
              f"{check.difference:10.1e}", flush=True)  # fmt: skip
        checks.append(check)
    good = sum(check.reproduced for check in checks)
    verdict = "reproduced" if good == len(checks) else "NOT reproduced"
    print(f"{verdict}: {good} of {len(checks)} losses are within {NEAR:g} of the expected ones")
    return 0 if good == len(checks) else 1


def _batch(options: argparse.Namespace, recipe: Any) -> tuple[Any, Any, str]:
    """Tokens and targets (B, T), and where they are from."""
    from microgpt.parity.published_losses import first_batch
    from microgpt.pretrained.llmc.debug_state import read_batch
    from microgpt.pretrained.llmc.header import STATE_MAGIC, has_magic

    if options.tokens is None:
        name = options.corpus or "tinyshakespeare"
        return *first_batch(_first_tokens(name, recipe), recipe), name
    if Path(options.tokens).is_file() and has_magic(options.tokens, STATE_MAGIC):
        return *read_batch(options.tokens), options.tokens
    from microgpt.data import open_shard

    return *first_batch(open_shard(options.tokens), recipe), options.tokens


def _first_tokens(name: str, recipe: Any) -> list[int]:
    """The corpus's first tokens, as many as a batch takes; the rest is left alone."""
    from microgpt import tokenizers
    from microgpt.data import encode_documents, load_corpus

    tokens: list[int] = []
    for document in encode_documents(load_corpus(name), tokenizers.gpt2()):
        tokens.extend(document.tolist())
        if len(tokens) > recipe.batch_size * recipe.seq_len:
            break
    return tokens
