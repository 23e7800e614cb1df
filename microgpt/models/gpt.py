"""`GPT`: the model, from embedding to logits, on tensors."""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import count
from typing import Any, Self

import numpy as np

from microgpt import backends, ops
from microgpt.autograd.tensor import FLOATS, Tensor
from microgpt.backends import LOCK, check_host_read
from microgpt.config import GPTConfig
from microgpt.config.checks import whole
from microgpt.errors import DtypeError, SettingError, ShapeError
from microgpt.nn import Block, Dropout, Embedding, Init, Linear, Module, make_norm
from microgpt.nn.dropout import Turn
from microgpt.nn.module_copy import copied
from microgpt.ops.embedding import as_tokens


class GPT(Module):
    """A decoder-only transformer in the shape of `config`; its defaults are microgpt's.

    Weights are normal with standard deviation `config.init_std`, drawn from `seed` (None: all zero,
    to be filled from a file); they live on `backend` (default: the one in use) in `dtype`, all in
    one flat array.
    """

    def __init__(
        self,
        config: GPTConfig | None = None,
        *,
        seed: int | None = 42,
        dtype: str = "float32",
        backend: str | None = None,
    ):
        config = GPTConfig() if config is None else config
        if not isinstance(config, GPTConfig):
            raise SettingError(f"a GPT is made from a GPTConfig; got {type(config).__name__}")
        if seed is not None:
            whole("seed", seed, least=0)
        shapes = config.parameter_shapes().values()
        rng = None if seed is None else np.random.default_rng(seed)
        init = Init(rng, config.init_std, _float(dtype), backend, shapes)
        self.config = config
        self._draws = np.array([seed or 0, 0], np.int64)
        # What it learned to read with, and what it says of a text: the Trainer hands them over.
        self.tokenizer: Any = None
        self.mark: Callable[[str], str] | None = None
        self.wte = Embedding(config.vocab_size, config.n_embd, init)
        self.wpe = None
        if config.position == "learned":
            self.wpe = Embedding(config.block_size, config.n_embd, init)
        self.drop = Dropout(config.dropout) if config.dropout else None
        self.ln_emb = make_norm(config, init) if config.embedding_norm else None
        self.h = [Block(config, init) for _ in range(config.n_layer)]
        self.ln_f = make_norm(config, init) if config.final_norm else None
        self.lm_head = None
        if not config.tie_weights:
            self.lm_head = Linear(config.n_embd, config.vocab_size, init)
        sites = count(1)
        for path, module in self.named_modules():
            module.path = path
            if isinstance(module, Dropout):
                module.site = next(sites)

    def __repr__(self) -> str:
        c = self.config
        return (
            f"GPT({self.parameter_count():,} parameters: {_many(c.n_layer, 'layer')}, "
            f"{_many(c.n_head, 'head')}, "
            f"{c.n_embd} wide, block {c.block_size}, vocabulary {c.vocab_size}, on {self.backend})"
        )

    def __deepcopy__(self, memo: dict) -> Self:
        return copied(self, memo, shared=_SHARED)

    def copy(self, backend: str | None = None) -> Self:
        """A model of its own with the same class, parts and weights, on `backend`.

        Where this one is, by default; gradients start at zero. Its tokenizer is the same one.
        """
        kernels = None if backend is None else backends.get(backend)
        return copied(self, {}, kernels, shared=_SHARED)

    @property
    def dropout_counter(self) -> np.ndarray:
        """How many forward passes have drawn dropout masks, int64 (1,); each pass draws new ones.

        Write into it to draw the same ones again, or to go on after loading.
        """
        check_host_read("dropout_counter")
        return self._draws[1:]

    @property
    def dropout_seed(self) -> int:
        """The key of all dropout masks: the model's seed, unless it was set."""
        check_host_read("dropout_seed")
        return int(self._draws[0])

    @dropout_seed.setter
    def dropout_seed(self, seed: int) -> None:
        check_host_read("dropout_seed")
        whole("dropout_seed", seed, least=0)
        self._draws[0] = seed

    @property
    def backend(self) -> str:
        """The back end the weights live on."""
        return self.wte.weight.backend

    @property
    def head(self) -> Tensor:
        """The matrix that turns a hidden vector into logits (V, C)."""
        return self.wte.weight if self.lm_head is None else self.lm_head.weight

    def __call__(self, tokens: Any, cache: Any = None) -> Tensor:
        """The logits of the next token at every position.

        tokens (T,) or (B, T) -> logits (T, V) or (B, T, V). With a `KVCache` (B rows,
        under no_grad), tokens are what comes after those it has seen, which it counts: a whole
        prompt at first, then one at a time.
        """
        ids = self._tokens(tokens)
        x = self._read(ids, cache)
        return ops.linear(x, self.head).reshape(*ids.shape, self.config.vocab_size)

    def next_token_logits(self, tokens: Any, cache: Any = None) -> Tensor:
        """The logits of the next token after each row: tokens (T,) or (B, T) -> logits (B, V).

        As a call gives them at the last place, but for no other place are they computed.
        """
        if type(self).__call__ is not GPT.__call__:  # a class of the learner's own decides
            logits = self(tokens, cache)
            return logits.reshape(-1, *logits.shape[-2:])[:, -1]
        return ops.linear(self._read(self._tokens(tokens), cache)[:, -1], self.head)

    def _read(self, ids: np.ndarray, cache: Any) -> Tensor:
        """The last layer's output after ids (T,) or (B, T), which a cache then has seen."""
        rows = ids.reshape(-1, ids.shape[-1])  # (B, T)
        with nullcontext() if cache is None else LOCK:  # a cache is for one thread at a time
            if cache is not None:
                cache.admit(self, *rows.shape)
            return self.hidden(rows, cache)  # (B, T, C)

    def decode(self, tokens: np.ndarray, cache: Any) -> Tensor:
        """The logits after one more token a row: tokens (B,) int32 -> logits (B, V).

        Nothing here asks Python how full the cache is, so the step can be captured: whoever calls
        it sees to it that the cache is this model's and has room, and that there is no gradient.
        """
        cache.decoding = True
        return ops.linear(self.hidden(tokens.reshape(-1, 1), cache), self.head).reshape(
            len(tokens), self.config.vocab_size
        )

    def loss(self, tokens: Any, targets: Any) -> Tensor:
        """The mean surprise, in nats, at `targets`; a target of −1 is ignored.

        tokens and targets (T,) or (B, T) -> loss ()
        """
        ids, wanted = self._tokens(tokens), as_tokens(targets)
        if ids.shape != wanted.shape:
            raise ShapeError(
                f"tokens and targets must have one shape; got {ids.shape} and {wanted.shape}"
            )
        shape = (-1, ids.shape[-1])
        return ops.linear_cross_entropy(
            self.hidden(ids.reshape(shape)), self.head, wanted.reshape(shape)
        )

    def hidden(self, tokens: np.ndarray, cache: Any = None) -> Tensor:
        """The last layer's output: tokens (B, T) -> x (B, T, C); one forward pass of dropout."""
        with Turn(self._draws):
            return self._hidden(tokens, cache)

    def _hidden(self, tokens: np.ndarray, cache: Any) -> Tensor:
        place = None if cache is None else cache.position
        if self.wpe is None:
            x = self.wte(tokens)
        else:
            x = ops.embed(self.wte.weight, self.wpe.weight, tokens, place)
        x = self.named("embedding", x)
        if self.drop is not None:
            x = self.drop(x)
        if self.ln_emb is not None:
            x = self.ln_emb(x)
        for layer, block in enumerate(self.h):
            x = block(x, None if cache is None else cache.layers[layer])
        if cache is not None:
            cache.advance(tokens.shape[1])
        return x if self.ln_f is None else self.ln_f(x)

    def _tokens(self, tokens: Any) -> np.ndarray:
        ids = as_tokens(tokens)
        if ids.ndim not in (1, 2) or not 0 < ids.shape[-1] <= self.config.block_size:
            raise ShapeError(
                f"tokens must have shape (T,) or (B, T) with T from 1 to block_size "
                f"{self.config.block_size}; got {ids.shape}"
            )
        return ids


_SHARED = ("config", "tokenizer", "mark")


def _float(dtype: Any) -> str:
    """The name of a type that weights can have."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if dtype is None or found is None or found not in FLOATS:  # to NumPy, None is float64
        raise DtypeError(f"the weights of a GPT are float32 or float64; got dtype {dtype!r}")
    return found.name


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"
