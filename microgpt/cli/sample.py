"""Sample texts from a saved model."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", help="a folder that `microgpt train` wrote; or names, or story")
    parser.add_argument("--temperature", type=float, default=1.0, help="0 is greedy")
    parser.add_argument("--top-k", type=int, help="keep that many tokens")
    parser.add_argument("--top-p", type=float, help="keep the top tokens up to that chance")
    parser.add_argument("--min-p", type=float, default=0.0, help="share of the top chance to keep")
    parser.add_argument("--prompt", default="", help="how each text begins")
    parser.add_argument("-n", "--count", type=int, default=10, help="how many texts")
    parser.add_argument("--length", type=int, help="most tokens after the prompt")
    parser.add_argument("--seed", type=int, default=0, help="of the dice of the first text")


def run(options: argparse.Namespace) -> int:
    from microgpt.errors import FormatError, SettingError
    from microgpt.pretrained import BUNDLED, load_pretrained
    from microgpt.sampling import generate_text
    from microgpt.saving import load

    if options.count < 1:
        raise SettingError(f"-n must be 1 or above; got {options.count}")
    if options.length is not None and options.length < 1:
        raise SettingError(f"--length must be 1 or above; got {options.length}")
    inside = options.path in BUNDLED and not Path(options.path).exists()
    checkpoint = load_pretrained(options.path) if inside else load(options.path)
    if checkpoint.tokenizer is None:
        raise FormatError(f"{options.path} holds no tokenizer, so it cannot be sampled as text")
    texts = generate_text(
        checkpoint.model,
        checkpoint.tokenizer,
        options.count,
        options.prompt,
        options.length,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        min_p=options.min_p,
        seed=options.seed,
    )
    for text in texts:
        print(text)
    return 0
