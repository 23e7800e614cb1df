"""What can be chosen: the shape of a model, how it trains, how it is sampled."""

from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any

from microgpt.errors import SettingError, ShapeError


def _whole(name: str, value: Any, least: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise SettingError(f"{name} must be a whole number, {least} or above; got {value!r}")
    if int(value) >= 2**63:
        raise SettingError(f"{name} must be below 2**63; got {value!r}")


def _number(name: str, value: Any) -> None:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise SettingError(f"{name} must be a number; got {value!r}")


def _known(name: str, value: Any, known: tuple) -> None:
    if value not in known:
        choices = ", ".join(repr(choice) for choice in known)
        raise SettingError(f"{name}={value!r} is not known; known: {choices}")


# Fields whose values are names. A name that is not listed is refused with the list.
CHOICES = {
    "norm": ("rmsnorm", "layernorm"),
    "activation": ("relu", "gelu", "tanh", "sigmoid"),
    "position": ("learned", "none"),
}


_AFTER_NORM = {"attn.c_attn": "ln_1", "mlp.c_fc": "ln_2"}


@dataclass(frozen=True)
class GPTConfig:
    """The shape of a GPT; field names are those of nanoGPT and GPT-2's own code where they exist.

    The defaults are microgpt's: one layer, 16 wide, four heads, an RMSNorm without gain after the
    embedding and before each half of a block, no norm before the head, no biases.
    """

    vocab_size: int = 27
    block_size: int = 16
    n_layer: int = 1
    n_head: int = 4
    n_embd: int = 16
    n_kv_head: int | None = None
    norm: str = "rmsnorm"
    activation: str = "relu"
    position: str = "learned"
    embedding_norm: bool = True
    final_norm: bool = False
    tie_weights: bool = False
    bias: bool = False
    dropout: float = 0.0
    init_std: float = 0.08

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd"):
            _whole(name, getattr(self, name), least=1)
            object.__setattr__(self, name, int(getattr(self, name)))  # NumPy's become Python's
        for name, known in CHOICES.items():
            _known(name, getattr(self, name), known)
        if self.n_embd % self.n_head:
            raise ShapeError(
                f"n_embd must be divisible by n_head, so that every head is equally wide; "
                f"got n_embd={self.n_embd}, n_head={self.n_head}"
            )
        _known("n_kv_head", self.n_kv_head, (None, self.n_head))
        _known("dropout", self.dropout, (0.0,))
        for name in ("embedding_norm", "final_norm", "tie_weights", "bias"):
            if not isinstance(getattr(self, name), bool):
                raise SettingError(f"{name} must be True or False; got {getattr(self, name)!r}")
        if not 0 < self.init_std <= 1000:
            raise SettingError(f"init_std must be above 0 and at most 1000; got {self.init_std}")

    @property
    def head_dim(self) -> int:
        """The width of one attention head."""
        return self.n_embd // self.n_head

    def parameter_shapes(self, most: int | None = None) -> dict[str, tuple[int, ...]]:
        """The shape of every weight by name, in the order of a model's construction.

        With `most`, a configuration that needs more weights than that is refused: what a file
        claims is checked against what it holds before anything grows with it.
        """
        C, V = self.n_embd, self.vocab_size
        if most is not None and self.n_layer > most:
            raise ShapeError(f"{self.n_layer} layers cannot come from {most} weights")
        shapes: dict[str, tuple[int, ...]] = {"wte.weight": (V, C)}
        if self.position == "learned":
            shapes["wpe.weight"] = (self.block_size, C)
        matrices = {"attn.c_attn": (3 * C, C), "attn.c_proj": (C, C)}
        matrices |= {"mlp.c_fc": (4 * C, C), "mlp.c_proj": (C, 4 * C)}

        def add_norm(name: str) -> None:
            if self.norm == "layernorm":
                shapes[f"{name}.weight"] = (C,)
                if self.bias:
                    shapes[f"{name}.bias"] = (C,)

        if self.embedding_norm:
            add_norm("ln_emb")
        for layer in range(self.n_layer):
            for name, shape in matrices.items():
                if name in _AFTER_NORM:
                    add_norm(f"h.{layer}.{_AFTER_NORM[name]}")
                shapes[f"h.{layer}.{name}.weight"] = shape
                if self.bias:
                    shapes[f"h.{layer}.{name}.bias"] = shape[:1]
        if self.final_norm:
            add_norm("ln_f")
        if not self.tie_weights:
            shapes["lm_head.weight"] = (V, C)
        return shapes

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "GPTConfig":
        """A named configuration, with some fields changed."""
        _known("preset", name, tuple(PRESETS))
        return replace(PRESETS[name], **changes)

    @classmethod
    def microgpt(cls, **changes: Any) -> "GPTConfig":
        """The model of the microgpt recipe: 4,192 numbers with a vocabulary of 27."""
        return cls.preset("microgpt", **changes)


_GPT2 = GPTConfig(
    vocab_size=50257,
    block_size=1024,
    norm="layernorm",
    activation="gelu",
    embedding_norm=False,
    final_norm=True,
    tie_weights=True,
    bias=True,
    init_std=0.02,
    n_layer=12,
    n_head=12,
    n_embd=768,
)

PRESETS = {
    "microgpt": GPTConfig(),
    "char": GPTConfig(vocab_size=65, block_size=64, n_layer=4, n_embd=128, init_std=0.02),
    "gpt2-124M": _GPT2,
    "gpt2-355M": replace(_GPT2, n_layer=24, n_head=16, n_embd=1024),
    "gpt2-774M": replace(_GPT2, n_layer=36, n_head=20, n_embd=1280),
    "gpt2-1558M": replace(_GPT2, n_layer=48, n_head=25, n_embd=1600),
}


@dataclass(frozen=True)
class TrainConfig:
    """How a model trains: `steps` batches of `batch_size`, Adam with a linearly falling lr.

    `held_out` is the share of the corpus kept for validation, of which evaluation takes at most
    `eval_documents`, evenly spaced; `eval_every` and `sample_every` are in steps (0: never);
    `clip` bounds the gradient's norm.
    """

    steps: int = 1000
    batch_size: int = 1
    lr: float = 0.01
    beta1: float = 0.85
    beta2: float = 0.99
    eps: float = 1e-8
    clip: float | None = None
    held_out: float = 0.2
    eval_every: int = 0
    eval_documents: int = 1000
    sample_every: int = 0
    samples: int = 5
    seed: int = 42

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "eval_documents"):
            _whole(name, getattr(self, name), least=1)
        for name in ("eval_every", "sample_every", "samples", "seed"):
            _whole(name, getattr(self, name), least=0)
        if self.seed >= 2**63:
            raise SettingError(f"seed must be below 2**63; got {self.seed}")
        if not 0 < self.lr < float("inf"):
            raise SettingError(f"lr must be above 0, and finite; got {self.lr}")
        if not self.eps >= 0:
            raise SettingError(f"eps must be 0 or above; got {self.eps}")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(f"{name} must be in [0, 1); got {getattr(self, name)}")
        if not 0 <= self.held_out < 1:
            raise SettingError(f"held_out must be in [0, 1); got {self.held_out}")
        if self.clip is not None and not self.clip > 0:
            raise SettingError(f"clip must be above 0, or None for no clipping; got {self.clip}")


@dataclass(frozen=True)
class SampleConfig:
    """How a token is chosen from a model's logits; None (or 0 for min_p) turns a cut off.

    `temperature` 0 is greedy. `top_k` keeps that many tokens, `top_p` the shortest run from the
    top whose chances reach it, `min_p` those with at least that share of the top token's chance.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float = 0.0

    def __post_init__(self) -> None:
        for name in ("temperature", "min_p", "top_p"):
            if name != "top_p" or self.top_p is not None:
                _number(name, getattr(self, name))
        if not 0 <= self.temperature < float("inf"):
            raise SettingError(
                f"temperature must be 0 (greedy) or above, and finite; got {self.temperature}"
            )
        if self.top_k is not None:
            _whole("top_k", self.top_k, least=1)
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise SettingError(f"top_p must be in (0, 1], or None to turn it off; got {self.top_p}")
        if not 0 <= self.min_p <= 1:
            raise SettingError(f"min_p must be in [0, 1]; got {self.min_p}")


def from_dict(kind: type, values: dict[str, Any]) -> Any:
    """A configuration from a dictionary out of a file; unknown fields are named."""
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingError(
            f"{kind.__name__} has no field {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
    return kind(**values)
