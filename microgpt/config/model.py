"""The shape of a model, and the shapes that have names."""

from dataclasses import dataclass, replace
from typing import Any

from microgpt.config.checks import known, number, whole
from microgpt.errors import SettingError, ShapeError

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
    embedding and before each half of a block, no norm before the head, no biases. `qkv_bias` is
    for queries, keys and values alone (None: as `bias`). `dropout` acts in training only.
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
    qkv_bias: bool | None = None
    dropout: float = 0.0
    init_std: float = 0.08

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd"):
            whole(name, getattr(self, name), least=1)
            object.__setattr__(self, name, int(getattr(self, name)))  # NumPy's become Python's
        for name, choices in CHOICES.items():
            known(name, getattr(self, name), choices)
        if self.n_embd % self.n_head:
            raise ShapeError(
                f"n_embd must be divisible by n_head, so that every head is equally wide; "
                f"got n_embd={self.n_embd}, n_head={self.n_head}"
            )
        known("n_kv_head", self.n_kv_head, (None, self.n_head))
        number("dropout", self.dropout)
        if not 0 <= self.dropout < 1:
            raise SettingError(
                f"dropout, the share that is left out in training, must be in [0, 1); got "
                f"{self.dropout}"
            )
        for name in ("embedding_norm", "final_norm", "tie_weights", "bias"):
            if not isinstance(getattr(self, name), bool):
                raise SettingError(f"{name} must be True or False; got {getattr(self, name)!r}")
        known("qkv_bias", self.qkv_bias, (None, False, True))
        number("init_std", self.init_std)
        if not 0 < self.init_std <= 1000:
            raise SettingError(f"init_std must be above 0 and at most 1000; got {self.init_std}")

    @property
    def head_dim(self) -> int:
        """The width of one attention head."""
        return self.n_embd // self.n_head

    @property
    def has_qkv_bias(self) -> bool:
        """Whether queries, keys and values have a bias."""
        return self.bias if self.qkv_bias is None else self.qkv_bias

    def parameter_shapes(self, most: int | None = None) -> dict[str, tuple[int, ...]]:
        """The shape of every weight by name, in the order of a model's construction.

        With `most`, a configuration whose layers have more weights than that is refused: what a
        file claims is checked against what it holds before anything grows with it.
        """
        C, V = self.n_embd, self.vocab_size
        shapes: dict[str, tuple[int, ...]] = {"wte.weight": (V, C)}
        if self.position == "learned":
            shapes["wpe.weight"] = (self.block_size, C)
        if self.embedding_norm:
            shapes |= self._norm_shapes("ln_emb")
        block = self._block_shapes()
        if most is not None and self.n_layer * len(block) > most:
            raise ShapeError(
                f"{self.n_layer} layers of {len(block)} tensors cannot come from {most} tensors"
            )
        for layer in range(self.n_layer):
            shapes |= {f"h.{layer}.{name}": shape for name, shape in block.items()}
        if self.final_norm:
            shapes |= self._norm_shapes("ln_f")
        if not self.tie_weights:
            shapes["lm_head.weight"] = (V, C)
        return shapes

    def _block_shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights of one layer."""
        C = self.n_embd
        matrices = {"attn.c_attn": (3 * C, C), "attn.c_proj": (C, C)}
        matrices |= {"mlp.c_fc": (4 * C, C), "mlp.c_proj": (C, 4 * C)}
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape in matrices.items():
            if name in _AFTER_NORM:
                shapes |= self._norm_shapes(_AFTER_NORM[name])
            shapes[f"{name}.weight"] = shape
            if self.has_qkv_bias if name == "attn.c_attn" else self.bias:
                shapes[f"{name}.bias"] = shape[:1]
        return shapes

    def _norm_shapes(self, name: str) -> dict[str, tuple[int, ...]]:
        """The weights of one norm: none, unless it is a LayerNorm."""
        if self.norm != "layernorm":
            return {}
        kinds = ("weight", "bias") if self.bias else ("weight",)
        return {f"{name}.{kind}": (self.n_embd,) for kind in kinds}

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "GPTConfig":
        """A named configuration, with some fields changed."""
        known("preset", name, tuple(PRESETS))
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
    "gpt2-small-char": replace(
        _GPT2, vocab_size=65, block_size=128, n_layer=4, n_head=4, n_embd=128
    ),
    "gpt2-small": replace(_GPT2, block_size=256, n_layer=4, n_head=4, n_embd=128),
    "gpt2-124M": _GPT2,
    "gpt2-355M": replace(_GPT2, n_layer=24, n_head=16, n_embd=1024),
    "gpt2-774M": replace(_GPT2, n_layer=36, n_head=20, n_embd=1280),
    "gpt2-1558M": replace(_GPT2, n_layer=48, n_head=25, n_embd=1600),
}
