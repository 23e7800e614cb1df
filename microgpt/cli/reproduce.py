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
    from microgpt.parity.published_losses import (
        GPT2_RECIPE,
        check_steps,
        read_recipe,
        report_losses,
        reproduce_losses,
    )
    from microgpt.pretrained import load_pretrained

    recipe = GPT2_RECIPE if options.recipe == "gpt2" else read_recipe(options.recipe)
    check_steps(recipe, options.steps)  # raises before weights are downloaded
    tokens, targets, source = _batch(options, recipe)
    model = load_pretrained(options.weights).model
    losses = reproduce_losses(model, tokens, targets, recipe, options.steps)
    print(f"{model!r}\n{len(tokens)} × {len(tokens[0])} tokens from {source}, the same every step")
    print("      step      loss  expected  difference")
    step_losses = []
    for step_loss in losses:
        step, loss, expected = step_loss
        check = step_loss.check
        print(f"{'PASS' if check.passed else 'FAIL'}  {step:4d}  {loss:8.6f}  {expected:8.6f}  "
              f"{check.max_abs_diff:10.1e}", flush=True)  # fmt: skip
        step_losses.append(step_loss)
    report = report_losses(step_losses)
    print(f"{report.note}\n{report.verdict()}")
    return 0 if report.passed else 1


def _batch(options: argparse.Namespace, recipe: Any) -> tuple[Any, Any, str]:
    """Return tokens (B, T), targets (B, T) and the name of their source."""
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
    """Encode only as many of the corpus's documents as one batch needs; return their tokens."""
    from microgpt import tokenizers
    from microgpt.data import encode_documents, load_corpus

    tokens: list[int] = []
    for document in encode_documents(load_corpus(name), tokenizers.gpt2()):
        tokens.extend(document.tolist())
        if len(tokens) > recipe.batch_size * recipe.seq_len:
            break
    return tokens
