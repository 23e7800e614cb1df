"""`GPT`: the model on tensors, from token ids to logits and loss."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from itertools import count
from typing import Any, Self

import numpy as np

from microgpt import backends, ops
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import FLOATS, Tensor
from microgpt.backends import LOCK, Backend, check_host_read
from microgpt.config import GPTConfig
from microgpt.config.checks import check_integer
from microgpt.errors import DtypeError, SettingError, ShapeError
from microgpt.nn import Block, Dropout, Embedding, Linear, Module, ParameterFactory, make_norm
from microgpt.nn.dropout import DropoutPass
from microgpt.nn.module_copy import copy_module
from microgpt.ops.token_ids import as_token_ids
from microgpt.plain_text import pluralize
from microgpt.tokenizers.association import associate, associated_tokenizer


def _overridable_run(method: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let `override_runs` run a method that computes logits or a loss from token ids."""

    @wraps(method)
    def run(self: "GPT", *args: Any, **kwargs: Any) -> Tensor:
        override = context.run_override
        if override is None:
            return method(self, *args, **kwargs)
        return override(method, self, *args, **kwargs)

    return run


class GPT(Module):
    """A decoder-only transformer with the architecture of `config` (default: microgpt's).

    Weights are drawn from `seed`, normal with standard deviation `config.init_std`; with seed None
    they are zero, to be filled from a file. All are in one flat array of `dtype`, on `backend`
    (default: the one in use).
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
            raise SettingError("config", "a GPTConfig", type(config))
        if seed is not None:
            check_integer("seed", seed, minimum=0)
        shapes = config.parameter_shapes().values()
        rng = None if seed is None else np.random.default_rng(seed)
        factory = ParameterFactory(rng, config.init_std, _float_name(dtype), backend, shapes)
        self.config = config
        self._rng_state = factory.backend.from_host(np.array([seed or 0, 0], np.int64))
        self.wte = Embedding(config.vocab_size, config.n_embd, factory)
        self.wpe = None
        if config.position == "learned":
            self.wpe = Embedding(config.block_size, config.n_embd, factory)
        self.drop = Dropout(config.dropout) if config.dropout else None
        self.ln_emb = make_norm(config, factory) if config.embedding_norm else None
        self.h = [Block(config, factory) for _ in range(config.n_layer)]
        self.ln_f = make_norm(config, factory) if config.final_norm else None
        self.lm_head = None
        if not config.tie_weights:
            self.lm_head = Linear(config.n_embd, config.vocab_size, factory)
        layer_ids = count(1)
        for path, module in self.named_modules():
            module.path = path
            if isinstance(module, Dropout):
                module.layer_id = next(layer_ids)

    def __repr__(self) -> str:
        c = self.config
        return (
            f"GPT({self.parameter_count():,} parameters: {pluralize(c.n_layer, 'layer')}, "
            f"{pluralize(c.n_head, 'head')}, "
            f"{c.n_embd} wide, block {c.block_size}, vocabulary {c.vocab_size}, "
            f"on {self.backend.name})"
        )

    def __deepcopy__(self, memo: dict) -> Self:
        return self._copied(memo, None)

    def __getstate__(self) -> tuple:
        """Return what pickle and `copy.copy` keep: the attributes, and the tokenizer."""
        return vars(self), associated_tokenizer(self)

    def __setstate__(self, state: tuple) -> None:
        attributes, tokenizer = state
        vars(self).update(attributes)
        if tokenizer is not None:
            associate(self, tokenizer)

    def copy(self, backend: str | None = None) -> Self:
        """Return an independent copy of the model on `backend` (default: this model's).

        It has the same class, modules and weights, and reads text with the same tokenizer; its
        gradients are zero.
        """
        return self._copied({}, None if backend is None else backends.get(backend))

    def to(self, backend: str) -> Self:
        """Return the model on a back end: itself if it is there, else an independent copy.

        So write `model = model.to("cuda")`, and make optimizers for the copy.
        """
        return self if backends.get(backend) is self.backend else self.copy(backend)

    def _copied(self, memo: dict, backend: Backend | None) -> Self:
        other: Self = copy_module(self, memo, backend, shared=("config",))
        tokenizer = associated_tokenizer(self)
        if tokenizer is not None:
            associate(other, tokenizer)
        return other

    @property
    def dropout_counter(self) -> np.ndarray:
        """The number of forward passes that drew dropout masks, int64 (1,); each draws new ones.

        Write into it to draw the same masks again, or to continue after loading.
        """
        check_host_read("dropout_counter")
        return self._rng_state[1:]

    @property
    def dropout_seed(self) -> int:
        """The random key of all dropout masks: by default the model's seed."""
        check_host_read("dropout_seed")
        return int(self._rng_state[:1].item())

    @dropout_seed.setter
    def dropout_seed(self, seed: int) -> None:
        check_host_read("dropout_seed")
        check_integer("dropout_seed", seed, minimum=0)
        self._rng_state[0] = seed

    @property
    def backend(self) -> Backend:
        """The back end of the weights."""
        return self.wte.weight.backend

    @property
    def lm_head_weight(self) -> Tensor:
        """The output projection (V, C), from hidden states to logits."""
        return self.wte.weight if self.lm_head is None else self.lm_head.weight

    @_overridable_run
    def __call__(self, tokens: Any, cache: Any = None) -> Tensor:
        """Compute the logits of the next token at every position.

        tokens (T,) or (B, T) -> logits (T, V) or (B, T, V). With a `KVCache` (B rows, under
        no_grad), the tokens follow those in the cache: first a whole prompt, then one at a time.
        """
        ids = self._check_tokens(tokens)
        logits = self._logits(self._read(ids, cache))
        return logits.reshape(*ids.shape, self.config.vocab_size)

    @_overridable_run
    def next_token_logits(self, tokens: Any, cache: Any = None) -> Tensor:
        """Compute the logits after each row only: tokens (T,) or (B, T) -> logits (B, V).

        They are those of a call at the last position; no others are computed.
        """
        if type(self).__call__ is not GPT.__call__:  # a subclass may compute other logits
            logits = self(tokens, cache)
            return logits.reshape(-1, *logits.shape[-2:])[:, -1]
        return self._logits(self._read(self._check_tokens(tokens), cache)[:, -1])

    def _logits(self, x: Tensor) -> Tensor:
        """Return the logits (…, V) of the last layer's output (…, C)."""
        return self.offer_activation("logits", ops.linear(x, self.lm_head_weight))

    def _read(self, ids: np.ndarray, cache: Any) -> Tensor:
        """Return hidden states (B, T, C) of ids (T,) or (B, T), and add the ids to the cache."""
        rows = ids.reshape(-1, ids.shape[-1])  # (B, T)
        with nullcontext() if cache is None else LOCK:  # one thread at a time may use a cache
            if cache is not None:
                cache.check_append(self, *rows.shape)
                cache.start_pass(decoding=cache.length > 0)
            return self.hidden_states(rows, cache)  # (B, T, C)

    def decode_step(self, tokens: np.ndarray, cache: Any) -> Tensor:
        """Compute the logits after one more token per row: tokens (B,) int32 -> logits (B, V).

        This can be captured, since it never reads the cache's length on the host. So the caller
        must make sure that the cache is this model's, a token fits, and gradients are disabled.
        """
        cache.start_pass(decoding=True)
        x = self.hidden_states(tokens.reshape(-1, 1), cache)  # (B, 1, C)
        return self._logits(x).reshape(len(tokens), self.config.vocab_size)

    @_overridable_run
    def loss(self, tokens: Any, targets: Any) -> Tensor:
        """Compute the mean negative log-likelihood of `targets`, in nats; −1 is ignored.

        tokens and targets (T,) or (B, T) -> loss (). `override_ops` can replace this whole function
        too, under the name "GPT.loss".
        """
        if context.op_override is not None:
            return context.op_override("GPT.loss", GPT._loss, (self, tokens, targets), {})
        return self._loss(tokens, targets)

    def _loss(self, tokens: Any, targets: Any) -> Tensor:
        ids, target_ids = self._check_tokens(tokens), as_token_ids(targets)
        if ids.shape != target_ids.shape:
            raise ShapeError(
                f"tokens and targets must have one shape; got {ids.shape} and {target_ids.shape}"
            )
        shape = (-1, ids.shape[-1])
        return ops.linear_cross_entropy(
            self.hidden_states(ids.reshape(shape)),
            self.lm_head_weight,
            target_ids.reshape(shape),
            hook=self.offer_activation,
        )

    def hidden_states(self, tokens: np.ndarray, cache: Any = None) -> Tensor:
        """Compute the last layer's output, tokens (B, T) -> x (B, T, C), with new dropout masks."""
        with DropoutPass(self._rng_state):
            return self._hidden_states(tokens, cache)

    def _hidden_states(self, tokens: np.ndarray, cache: Any) -> Tensor:
        position = None if cache is None else cache.position
        offer = self.offer_activation
        if self.wpe is None:
            x = offer("token_embedding", self.wte(tokens))
        else:
            x = ops.token_position_embedding(
                tokens, self.wte.weight, self.wpe.weight, position, hook=offer
            )
        x = offer("embedding", x)
        if self.drop is not None:
            x = offer("drop", self.drop(x))
        if self.ln_emb is not None:
            x = offer("ln_emb", self.ln_emb(x))
        for layer, block in enumerate(self.h):
            x = block(x, None if cache is None else cache.layers[layer])
        if cache is not None:
            cache.advance(tokens.shape[1])
        return x if self.ln_f is None else offer("ln_f", self.ln_f(x))

    def _check_tokens(self, tokens: Any) -> np.ndarray:
        ids = as_token_ids(tokens)
        if ids.ndim not in (1, 2) or not 0 < ids.shape[-1] <= self.config.block_size:
            raise ShapeError(
                f"tokens must have shape (T,) or (B, T) with T from 1 to block_size "
                f"{self.config.block_size}; got {ids.shape}"
            )
        return ids


def _float_name(dtype: Any) -> str:
    """Return the name of a dtype; raise DtypeError unless weights can have it."""
    try:
        parsed = None if dtype is None else np.dtype(dtype)  # np.dtype(None) is float64
    except TypeError:
        parsed = None
    if parsed is None or parsed not in FLOATS:
        raise DtypeError(f"the weights of a GPT are float32 or float64; got dtype {dtype!r}")
    return parsed.name
