"""Sample texts from a saved model, or from somebody else's."""

import argparse
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from microgpt.cli.model_options import add_model_options, load_model
from microgpt.cli.weights_option import add_weights_option, with_weights

LONG_BLOCK = 256  # with a longer context, texts are long, so the default is one sample
MAX_NEW_TOKENS = 200  # the default of --max-new-tokens at most
MAX_TOKEN_ID = 2**31 - 1

# Control characters are printed as escapes: a terminal would interpret them.
ESCAPES = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", help="a folder that `microgpt train` wrote; names, story; or GPT-2: a folder or "
        "file of Hugging Face, nanoGPT or the book (safetensors), llm.c or OpenAI, or gpt2, which "
        "is downloaded",
    )  # fmt: skip
    model = parser.add_argument_group("model")
    add_model_options(model)
    add_weights_option(model)
    sampling = parser.add_argument_group("sampling parameters")
    sampling.add_argument("--temperature", type=float, default=1.0, help="0 is greedy decoding")
    sampling.add_argument("--top-k", type=int, help="keep the k most likely tokens")
    sampling.add_argument(
        "--top-p", type=float, help="keep the fewest tokens whose probabilities add up to p"
    )
    sampling.add_argument(
        "--min-p", type=float, default=0.0,
        help="keep tokens with at least that fraction of the top token's probability",
    )  # fmt: skip
    sampling.add_argument("--seed", type=int, default=0, help="seed of the first sample")
    output = parser.add_argument_group("prompts and output")
    output.add_argument(
        "--prompt", action="append", metavar="TEXT",
        help="prompt of each sample; several (--prompt A --prompt B) are generated as a batch",
    )  # fmt: skip
    output.add_argument(
        "--tokens", action="append", metavar="1,2,3",
        help="a prompt of token ids; prints ids and needs no tokenizer",
    )  # fmt: skip
    output.add_argument(
        "-n", "--num-samples", type=int,
        help=f"number of samples of each prompt (default: 10; 1 for greedy decoding, or with a "
        f"block of more than {LONG_BLOCK} tokens)",
    )  # fmt: skip
    output.add_argument(
        "--max-new-tokens", type=int,
        help="largest number of tokens after the prompt (default: until the block is full, "
        f"{MAX_NEW_TOKENS} at most)",
    )  # fmt: skip
    output.add_argument(
        "--stop", action="append", metavar="TEXT",
        help="end a sample before TEXT; several may be given (a new line: --stop $'\\n')",
    )  # fmt: skip
    output.add_argument("--stream", action="store_true", help="print each piece as it is sampled")
    output.add_argument(
        "--ignore-eos", action="store_true", help="continue after the end of a text"
    )
    output.add_argument(
        "--bos", action=argparse.BooleanOptionalAction,
        help="put the BOS token before a prompt (default: with all vocabularies but GPT-2's)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    from microgpt.config.checks import check_integer
    from microgpt.errors import FormatError, SettingError

    for name in ("num_samples", "max_new_tokens"):
        if getattr(options, name) is not None:
            check_integer(name, getattr(options, name), minimum=1)
    if options.tokens and options.prompt:
        prompts = options.prompt[0], options.tokens[0]
        raise SettingError(("prompt", "tokens"), "given one without the other", prompts)
    if options.tokens and options.stop:
        values = options.stop[0], options.tokens[0]
        raise SettingError(("stop", "tokens"), "given one without the other", values)
    token_prompts = [_parse_ids(text) for text in options.tokens or ()]
    checkpoint = with_weights(load_model(options.source, options), options.weights)
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    if options.num_samples is None:
        several = model.config.block_size <= LONG_BLOCK and options.temperature > 0
        options.num_samples = 10 if several else 1  # greedy samples would all be the same
    if token_prompts:
        return _print_ids(model, tokenizer, token_prompts, options)
    if tokenizer is None:
        raise FormatError(
            f"{options.source} holds no tokenizer",
            ("name one with {tokenizer} if it reads as GPT-2 does", "give token ids as {tokens}"),
            tokenizer="gpt2",
            tokens="1,2,3",
        )
    return _print_texts(model, tokenizer, options)


def _print_texts(model: Any, tokenizer: Any, options: argparse.Namespace) -> int:
    from microgpt.sampling import encode_prompt, generate_text, stream_text

    prompts = options.prompt or [""]
    settings = _sampling_settings(options) | {"stop": options.stop}
    starts = [encode_prompt(model, tokenizer, prompt, options.bos) for prompt in prompts]
    max_new_tokens = _max_new_tokens(model, starts, options.max_new_tokens)
    texts: Iterator[Iterable[str]]
    if options.stream:
        texts = (
            stream_text(model, tokenizer, prompt, max_new_tokens, seed=options.seed + i, **settings)
            for i, prompt in enumerate(prompts * options.num_samples)
        )
    else:
        samples = generate_text(
            model, tokenizer, options.num_samples, prompts if len(prompts) > 1 else prompts[0],
            max_new_tokens, seed=options.seed, **settings,
        )  # fmt: skip
        texts = ([text] for text in samples)
    several_lines = False
    for text in texts:
        if several_lines:  # else the end of the last text could not be seen
            print("---")
        several_lines = _print(text)
    return 0


def _print(pieces: Iterable[str]) -> bool:
    """Print a text piece by piece; return whether it has several lines."""
    several_lines = False
    try:
        for piece in pieces:
            several_lines |= "\n" in piece
            print(piece.translate(ESCAPES), end="", flush=True)
    finally:  # also on Ctrl-C
        print()
    return several_lines


def _print_ids(
    model: Any, tokenizer: Any, prompts: list[list[int]], options: argparse.Namespace
) -> int:
    from microgpt.sampling import eos_token_id, generate, generate_batch

    settings = _sampling_settings(options)
    max_new_tokens = _max_new_tokens(model, prompts, options.max_new_tokens)
    del settings["bos"]
    endless = settings.pop("ignore_eos") or tokenizer is None
    settings["stop"] = None if endless else eos_token_id(tokenizer)
    end = options.seed + options.num_samples * len(prompts)
    for seed in range(options.seed, end, len(prompts)):
        if options.stream or len(prompts) == 1:
            rows: Any = (
                generate(model, prompt, max_new_tokens, seed=seed + i, **settings)
                for i, prompt in enumerate(prompts)
            )
        else:
            rows = generate_batch(model, prompts, max_new_tokens, seed=seed, **settings)
        for prompt, new in zip(prompts, rows, strict=True):
            _print(f"{',' * (i > 0)}{token}" for i, token in enumerate((*prompt, *new)))
    return 0


def _sampling_settings(options: argparse.Namespace) -> dict[str, Any]:
    names = ("temperature", "top_k", "top_p", "min_p", "bos")
    settings = {name: getattr(options, name) for name in names}
    return settings | {"ignore_eos": options.ignore_eos}


def _max_new_tokens(model: Any, prompts: list[list[int]], max_new_tokens: int | None) -> int | None:
    """Return the number of tokens to generate; warn if prompt or text exceed the block size."""
    from microgpt.sampling import resolve_max_new_tokens, window_start

    block_size = model.config.block_size
    for prompt in prompts:
        if unread := window_start(len(prompt), block_size):
            warnings.warn(
                f"the prompt has {len(prompt):,} tokens, the model's block {block_size:,}; it "
                f"reads the last {len(prompt) - unread:,}",
                stacklevel=2,
            )
    until_full = [resolve_max_new_tokens(model, len(prompt)) for prompt in prompts]
    if max_new_tokens is None:
        return MAX_NEW_TOKENS if max(until_full) > MAX_NEW_TOKENS else None
    if max_new_tokens > min(until_full):
        full = block_size + 1  # the first length at which the oldest tokens are dropped
        kept = full - window_start(full, block_size)
        warnings.warn(
            f"up to {max_new_tokens:,} tokens are generated, and the model's block holds "
            f"{block_size:,}: whenever it is full, the model goes on from the last {kept:,}",
            stacklevel=2,
        )
    return max_new_tokens


def _parse_ids(text: str) -> list[int]:
    from microgpt.errors import SettingError

    try:
        ids = [int(word) for word in text.replace(",", " ").split()]
    except ValueError:
        ids = []
    if not ids or max(map(abs, ids)) > MAX_TOKEN_ID:
        raise SettingError("tokens", "ids such as 1,2,3", text)
    return ids
