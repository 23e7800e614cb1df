"""Sample texts from a saved model, or from somebody else's."""

import argparse
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

LONG = 256  # a model that reads more tokens writes long texts, so one of them is enough
MOST = 200
LARGEST = 2**31 - 1  # token id that any model has

# What a terminal would obey: codes that move the cursor, colour, ring. Shown, they do nothing.
HARMLESS = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", help="a folder that `microgpt train` wrote; names, story; or GPT-2: a folder or "
        "file of Hugging Face, llm.c or OpenAI, or gpt2, which is downloaded",
    )  # fmt: skip
    how = parser.add_argument_group("how tokens are chosen")
    how.add_argument("--temperature", type=float, default=1.0, help="0 is greedy")
    how.add_argument("--top-k", type=int, help="keep that many tokens")
    how.add_argument("--top-p", type=float, help="keep the top tokens up to that chance")
    how.add_argument("--min-p", type=float, default=0.0, help="share of the top chance to keep")
    how.add_argument("--seed", type=int, default=0, help="of the dice of the first text")
    what = parser.add_argument_group("what is written")
    what.add_argument(
        "--prompt", action="append", metavar="TEXT",
        help="how each text begins; several (--prompt A --prompt B) are written side by side",
    )  # fmt: skip
    what.add_argument(
        "--tokens", action="append", metavar="1,2,3",
        help="begin with these token ids instead, and print ids; needs no tokenizer",
    )  # fmt: skip
    what.add_argument(
        "--tokenizer", metavar="gpt2|FILE",
        help="read and write with GPT-2's vocabulary, or with that of a tokenizer.json, merges.txt "
        "or vocab.bpe, or of a folder that has one",
    )  # fmt: skip
    what.add_argument(
        "-n", "--count", type=int,
        help=f"how many texts, of each prompt (default: 10; 1 if it is greedy, or the block is "
        f"above {LONG} tokens)",
    )  # fmt: skip
    what.add_argument(
        "--length", type=int,
        help=f"most tokens after the prompt (default: until the block is full, {MOST} at most)",
    )  # fmt: skip
    what.add_argument("--stream", action="store_true", help="print each piece as it is drawn")
    what.add_argument("--ignore-end", action="store_true", help="write on after the end of a text")
    what.add_argument(
        "--bos", action=argparse.BooleanOptionalAction,
        help="put the beginning mark before a prompt (default: with all vocabularies but GPT-2's)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    from microgpt.errors import FormatError, SettingError
    from microgpt.pretrained import load_pretrained

    for name, count in (("-n", options.count), ("--length", options.length)):
        if count is not None and not 1 <= count < 2**63:
            raise SettingError(f"{name} must be 1 or above, and below 2**63; got {count}")
    if options.tokens and options.prompt:
        raise SettingError("begin with --prompt or with --tokens, not with both")
    given = [_ids(words) for words in options.tokens or ()]
    checkpoint = load_pretrained(options.source)
    model, tokenizer = checkpoint.model, _tokenizer(options.tokenizer, checkpoint.tokenizer)
    if options.count is None:
        several = model.config.block_size <= LONG and options.temperature > 0
        options.count = 10 if several else 1  # greedy ones would all be the same
    if given:
        return _print_ids(model, tokenizer, given, options)
    if tokenizer is None:
        raise FormatError(
            f"{options.source} holds no tokenizer; name one (--tokenizer gpt2, if it reads as "
            "GPT-2 does), or give token ids as --tokens 1,2,3 and get ids"
        )
    return _print_texts(model, tokenizer, options)


def _print_texts(model: Any, tokenizer: Any, options: argparse.Namespace) -> int:
    from microgpt.sampling import generate_text, opening, stream_text

    prompts, dials = options.prompt or [""], _dials(options)
    starts = [opening(model, tokenizer, prompt, options.bos) for prompt in prompts]
    length = _length(model, starts, options.length)
    texts: Iterator[Iterable[str]]
    if options.stream:
        texts = (
            stream_text(model, tokenizer, prompt, length, seed=options.seed + i, **dials)
            for i, prompt in enumerate(prompts * options.count)
        )
    else:
        written = generate_text(
            model, tokenizer, options.count, prompts if len(prompts) > 1 else prompts[0], length,
            seed=options.seed, **dials,
        )  # fmt: skip
        texts = ([text] for text in written)
    several_lines = False
    for text in texts:
        if several_lines:  # else nobody could see where the last text ended
            print("---")
        several_lines = _print(text)
    return 0


def _print(pieces: Iterable[str]) -> bool:
    """Print a text piece by piece; whether it has several lines."""
    several_lines = False
    try:
        for piece in pieces:
            several_lines |= "\n" in piece
            print(piece.translate(HARMLESS), end="", flush=True)
    finally:  # also where it is interrupted
        print()
    return several_lines


def _print_ids(
    model: Any, tokenizer: Any, given: list[list[int]], options: argparse.Namespace
) -> int:
    from microgpt.sampling import end_of, generate, generate_batch

    dials, length = _dials(options), _length(model, given, options.length)
    del dials["bos"]
    ignored = dials.pop("ignore_end") or tokenizer is None
    dials["stop"] = None if ignored else end_of(tokenizer)
    for first in range(options.seed, options.seed + options.count * len(given), len(given)):
        if options.stream or len(given) == 1:
            rows: Any = (
                generate(model, row, length, seed=first + i, **dials) for i, row in enumerate(given)
            )
        else:
            rows = generate_batch(model, given, length, seed=first, **dials)
        for row, new in zip(given, rows, strict=True):
            _print(f"{',' * (place > 0)}{token}" for place, token in enumerate((*row, *new)))
    return 0


def _dials(options: argparse.Namespace) -> dict[str, Any]:
    names = ("temperature", "top_k", "top_p", "min_p", "bos", "ignore_end")
    return {name: getattr(options, name) for name in names}


def _length(model: Any, starts: list[list[int]], length: int | None) -> int | None:
    """The most tokens to write; says what of a long prompt is not read."""
    from microgpt.sampling import count_of, window_start

    block_size = model.config.block_size
    for start in starts:
        if unread := window_start(len(start), block_size):
            warnings.warn(
                f"the prompt has {len(start):,} tokens, the model's block {block_size:,}; it reads "
                f"the last {len(start) - unread:,}",
                stacklevel=2,
            )
    room = [count_of(model, len(start)) for start in starts]
    if length is None:
        return MOST if max(room) > MOST else None
    if length > min(room):
        full = block_size + 1  # tokens that are there when the oldest are first forgotten
        kept = full - window_start(full, block_size)
        warnings.warn(
            f"up to {length:,} tokens are written, and the model's block holds {block_size:,}: "
            f"whenever it is full, the model goes on from the last {kept:,}",
            stacklevel=2,
        )
    return length


def _ids(words: str) -> list[int]:
    from microgpt.errors import SettingError

    try:
        ids = [int(word) for word in words.replace(",", " ").split()]
    except ValueError:
        ids = []
    if not ids or max(map(abs, ids)) > LARGEST:
        raise SettingError(f"--tokens must be ids such as 1,2,3; got {words!r:.60}")
    return ids


def _tokenizer(name: str | None, own: Any) -> Any:
    from microgpt import tokenizers

    if name is None:
        return own
    return tokenizers.gpt2() if name == "gpt2" else tokenizers.read(name)
