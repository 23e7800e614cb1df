"""From logits to the next token, and from a prompt to a text, one token at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt import backends, ops
from microgpt.backends.formulas import philox
from microgpt.config import SampleConfig
from microgpt.engine import no_grad
from microgpt.errors import SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.tensor import Tensor
from microgpt.tokenizers import Tokenizer


def uniform(seed: int, t: int, roll: int = 0) -> float:
    """The dice of position `t`: a number in [0, 1), the same for the same three whole numbers.

    Counter-based: no draw depends on another, so rolling one letter's dice again (`roll` + 1)
    leaves all others as they were. 53 bits of Philox4x32-10, key `seed`, counter (t, roll).
    """
    for name, number in (("seed", seed), ("t", t), ("roll", roll)):
        if not isinstance(number, int | np.integer) or not 0 <= number < 2**64:
            raise SettingError(f"{name} must be a whole number from 0 to 2**64 - 1; got {number!r}")
    seed, t, roll = int(seed), int(t), int(roll)
    low = 0xFFFFFFFF
    bits = philox((t & low, t >> 32, roll & low, roll >> 32), (seed & low, seed >> 32))
    return ((bits[0] << 21) | (bits[1] >> 11)) / 2**53


@dataclass(frozen=True, eq=False)
class Choice:
    """One choice of a next token, with everything that led to it.

    `order` are the token ids from most to least likely, ties by lower id. `probabilities` (V,)
    are the chances the choice was made with, `unfiltered` (V,) those at temperature 1 without
    cuts, both by token id. `kept` ranks survived the cuts, `kept_by` names the cut that binds
    ("top_k", "top_p", "min_p", or None). `cumulative` (V,) adds the probabilities up in rank
    order; `token` is the first rank whose sum exceeds `u`. `entropy` is in nats.
    """

    order: np.ndarray
    probabilities: np.ndarray
    unfiltered: np.ndarray
    kept: int
    kept_by: str | None
    cumulative: np.ndarray
    u: float
    token: int
    entropy: float

    @property
    def rank(self) -> int:
        """The place of the chosen token in `order`, 0 for the most likely."""
        return int(np.flatnonzero(self.order == self.token)[0])


def next_token(
    logits: Any,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    u: float = 0.0,
) -> Choice:
    """Choose a token: temperature, then top-k, top-p and min-p, each on chances that sum to 1.

    logits (V,); `u` in [0, 1) is the dart, for example `uniform(seed, t)`. Temperature 0 is
    greedy: the most likely token, whatever the dart. All cuts keep a run from the top.
    """
    SampleConfig(temperature, top_k, top_p, min_p)
    logits = np.asarray(logits, np.float64)
    V = logits.size
    if logits.ndim != 1 or not V:
        raise ShapeError(f"logits must have shape (V,) with V above 0; got {logits.shape}")
    bad = np.isnan(logits) | (logits == np.inf)
    if bad.any() or not np.isfinite(logits).any():
        raise SettingError(
            f"logits must be numbers or -inf, not all -inf; {bad.sum()} of {V} are NaN or inf"
            + (f", the first at token {bad.argmax()}" if bad.any() else "")
        )
    if top_k is not None and top_k > V:
        raise SettingError(f"top_k must be from 1 to the vocabulary's {V}; got {top_k}")
    if not 0 <= u < 1:
        raise SettingError(f"u must be in [0, 1); got {u}")

    order = np.argsort(-logits, kind="stable")
    unfiltered = _softmax(logits)
    if temperature == 0:
        ranked, kept, kept_by = np.zeros(V), 1, None
        ranked[0] = 1.0
    else:
        with np.errstate(over="ignore"):  # at a temperature near 0 they go to -inf, as they must
            cooled = _softmax((logits - logits.max()) / temperature)
        ranked, kept, kept_by = _cut(cooled[order], top_k, top_p, min_p)
    cumulative = np.cumsum(ranked)
    last = int(np.flatnonzero(ranked)[-1])  # rounding may leave the sum just below 1
    rank = min(int(np.searchsorted(cumulative, u, side="right")), last)
    probabilities = np.empty(V)
    probabilities[order] = ranked
    positive = ranked[ranked > 0]
    entropy = max(0.0, -float((positive * np.log(positive)).sum()))
    return Choice(
        order, probabilities, unfiltered, kept, kept_by, cumulative, float(u),
        int(order[rank]), entropy,
    )  # fmt: skip


def _cut(
    ranked: np.ndarray, top_k: int | None, top_p: float | None, min_p: float
) -> tuple[np.ndarray, int, str | None]:
    """The chances in rank order after the cuts, how many are kept, and by which cut."""
    kept, kept_by = len(ranked), None
    limits = {
        "top_k": lambda: kept if top_k is None else top_k,
        "top_p": lambda: kept if top_p is None or top_p == 1 else _reach(ranked[:kept], top_p),
        "min_p": lambda: int((ranked[:kept] >= min_p * ranked[0]).sum()),
    }
    for name, limit in limits.items():
        if limit() < kept:
            kept, kept_by = limit(), name
            ranked = np.where(np.arange(len(ranked)) < kept, ranked, 0.0)
            ranked = ranked / ranked.sum()
    return ranked, kept, kept_by


def _reach(ranked: np.ndarray, share: float) -> int:
    """The length of the shortest run from the top whose sum reaches `share`."""
    return min(int(np.searchsorted(np.cumsum(ranked), share, side="left")) + 1, len(ranked))


def _softmax(logits: np.ndarray) -> np.ndarray:
    with no_grad():
        return ops.softmax(Tensor(logits, dtype="float64", backend="numpy")).array


class KVCache:
    """The keys and values of every token seen so far, so that a new token costs one position.

    One array (n_layer, 2, B, H, block_size, D), allocated once; the position is an int32 array
    that kernels read.
    """

    def __init__(self, model: GPT, batch_size: int = 1):
        config, weight = model.config, model.wte.weight
        k = weight.kernels
        shape = (batch_size, config.n_head, config.block_size, config.head_dim)
        self.array = k.full((config.n_layer, 2, *shape), weight.dtype)
        self.position = np.zeros(1, np.int32)
        self.block_size = config.block_size
        self.layers = [_LayerCache(self, keys, values) for keys, values in self.array]
        self.batch_size = batch_size

    @property
    def length(self) -> int:
        """How many tokens have been seen."""
        return int(self.position[0])

    def reset(self) -> None:
        """Forget everything."""
        self.position[0] = 0

    def places(self, weight: Tensor, count: int) -> Tensor:
        """The position embeddings (1, T, C) of the next `count` tokens."""
        if self.length + count > self.block_size:
            raise ShapeError(
                f"the cache holds {self.block_size} tokens; {self.length} are in, {count} more came"
            )
        if self.length and count > 1:
            raise ShapeError("a cache takes a whole prompt first, then one token at a time")
        return (
            weight[None, :count] if not self.length else ops.embedding(weight, self.position[None])
        )

    def advance(self, count: int) -> None:
        """Count the tokens that a model has just seen."""
        self.position[0] += count


class _LayerCache:
    """One layer's keys and values (B, H, block_size, D)."""

    def __init__(self, whole: KVCache, keys: np.ndarray, values: np.ndarray):
        self.whole, self.keys, self.values = whole, keys, values
        self.position = whole.position

    def extend(self, k: Tensor, v: Tensor) -> bool:
        """Write what comes next; True if attention must look back into the cache."""
        k.kernels.launch("cache_write_", self.keys, k.array, self.position)
        k.kernels.launch("cache_write_", self.values, v.array, self.position)
        return self.whole.length > 0


def generate(
    model: GPT,
    prompt: Sequence[int],
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    stop: int | None = None,
) -> Iterator[int]:
    """Yield token after token, each chosen by `next_token` with the dice `uniform(seed, t)`.

    `t` is the token's place in the text, the prompt counted: a text continues the same way
    whether its beginning was drawn or given. Ends after `stop` (which is not yielded) or
    `max_new_tokens` (default: until the block is full). When the block is full and more is
    wanted, the last block_size / 2 tokens are read anew and the older ones forgotten.
    """
    tokens = [int(token) for token in prompt]
    block_size, V = model.config.block_size, model.config.vocab_size
    dials = SampleConfig(temperature, top_k, top_p, min_p)
    if not 0 < len(tokens) <= block_size:
        raise ShapeError(
            f"the prompt must have 1 to {block_size} tokens (the model's block); got {len(tokens)}"
        )
    if top_k is not None and top_k > V:
        raise SettingError(f"top_k must be from 1 to the vocabulary's {V}; got {top_k}")
    if max_new_tokens is None:
        max_new_tokens = block_size - len(tokens) + 1
    return _generate(model, tokens, max_new_tokens, dials, seed, stop)


def _generate(
    model: GPT, tokens: list[int], count: int, dials: SampleConfig, seed: int, stop: int | None
) -> Iterator[int]:
    cache, unseen = KVCache(model), list(tokens)
    for t in range(len(tokens), len(tokens) + count):
        if cache.length + len(unseen) > cache.block_size:
            cache.reset()
            unseen = tokens[-max(1, cache.block_size // 2) :]
        with backends.LOCK, no_grad():
            logits = model([unseen], cache).numpy()[0, -1]
        cache.advance(len(unseen))
        token = next_token(logits, **vars(dials), u=uniform(seed, t)).token
        if token == stop:
            return
        tokens.append(token)
        unseen = [token]
        yield token


def generate_text(
    model: GPT,
    tokenizer: Tokenizer,
    count: int = 1,
    prompt: str = "",
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
) -> Iterator[str]:
    """Yield `count` texts that begin with `prompt` and end where the model ends them.

    Text number i is drawn with the dice of `seed` + i. Without BOS and without a prompt, a text
    starts from a new line, which is not shown.
    """
    start = tokenizer.encode(prompt or tokenizer.first_prompt, bos=True)
    for i in range(count):
        tokens = generate(
            model,
            start,
            max_new_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            seed=seed + i,
            stop=tokenizer.bos,
        )
        yield prompt + tokenizer.decode(tokens)
