"""`MLP`: a network that predicts the next token from the last few (Bengio et al. 2003)."""

from typing import Any

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.config.checks import check_integer
from microgpt.models.context_model import ContextModel, context_windows, log_softmax
from microgpt.nn import Embedding, Linear, Module, ParameterFactory
from microgpt.ops.token_ids import as_token_ids


class MLP(ContextModel, Module):
    """Embeddings of the last `context` tokens side by side, one hidden layer, logits.

    x = embeddings (context · C), h = tanh(x · W₁ᵀ + b₁) (hidden), logits = h · W₂ᵀ + b₂ (V).
    Weights are drawn from `seed`: embeddings from N(0, 1), the others from N(0, 1/n_in).
    """

    def __init__(
        self,
        vocab_size: int = 27,
        context: int = 3,
        n_embd: int = 10,
        hidden: int = 64,
        *,
        seed: int = 42,
        dtype: str = "float32",
        backend: str | None = None,
    ):
        settings = {"vocab_size": vocab_size, "context": context, "n_embd": n_embd,
                    "hidden": hidden}  # fmt: skip
        for name, value in settings.items():
            check_integer(name, value, minimum=1)
        check_integer("seed", seed, minimum=0)
        self.vocab_size, self.context = vocab_size, context
        rng = np.random.default_rng(seed)

        def factory(std: float) -> ParameterFactory:
            return ParameterFactory(rng, std, dtype, backend)

        n_in = context * n_embd
        self.wte = Embedding(vocab_size, n_embd, factory(1.0))
        self.c_fc = Linear(n_in, hidden, factory(n_in**-0.5), bias=True)
        self.lm_head = Linear(hidden, vocab_size, factory(hidden**-0.5), bias=True)

    def __repr__(self) -> str:
        V, C = self.wte.weight.shape
        return (
            f"MLP({self.parameter_count():,} parameters: {self.context} tokens of {C} numbers, "
            f"{self.c_fc.weight.shape[0]} hidden, vocabulary {V})"
        )

    def __call__(self, tokens: Any) -> Tensor:
        """Compute the logits of the next token at every position: (…, T) -> (…, T, V)."""
        return self.logits(context_windows(self.check_tokens(tokens), self.context))

    def logits(self, windows: Any) -> Tensor:
        """Compute the logits after windows of `context` tokens: (…, context) -> (…, V)."""
        return self.lm_head(self.hidden_states(windows))

    def hidden_states(self, windows: Any) -> Tensor:
        """Compute the hidden layer, after tanh: windows (…, context) -> (…, hidden)."""
        x = self.wte(windows)
        x = x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])
        return self.c_fc(x).tanh()

    def loss(self, tokens: Any, targets: Any) -> Tensor:
        """Compute the mean negative log-likelihood of `targets` (…, T), in nats; −1 is ignored."""
        ids, target_ids = self.check_tokens(tokens), as_token_ids(targets)
        self.check_targets(ids, target_ids)
        return ops.cross_entropy(self(ids), target_ids)

    def log_probs(self, tokens: Any) -> np.ndarray:
        """Return the logarithm of the probability of each next token: (…, T) -> (…, T, V)."""
        with LOCK, no_grad():
            return log_softmax(self(tokens).numpy().astype(np.float64))
