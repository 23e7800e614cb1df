"""`GPTConfig`, the architecture of a model, and the named presets."""

from dataclasses import dataclass, replace
from typing import Any

from microgpt.config.checks import check_boolean, check_choice, check_integer, check_number
from microgpt.errors import ShapeError, SizeError

# The fields that take one of several names.
CHOICES = {
    "norm": ("rmsnorm", "layernorm"),
    "activation": ("relu", "gelu", "tanh", "sigmoid"),
    "position": ("learned", "none"),
}

_INPUT_NORM = {"attn.c_attn": "ln_1", "mlp.c_fc": "ln_2"}


@dataclass(frozen=True)
class GPTConfig:
    """The architecture of a GPT; fields are named as in nanoGPT and OpenAI's GPT-2 code.

    The defaults are microgpt's: one layer, 16 channels, four heads, an RMSNorm without gain after
    the embedding and before attention and MLP, no final norm, no biases. `qkv_bias` is whether
    queries, keys and values have a bias (None: same as `bias`). `dropout` is the dropout
    probability, which applies in training only.
    """

    vocab_size: int = 27
    block_size: int = 16
    n_layer: int = 1
    n_head: int = 4
    n_embd: int = 16
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
            value = check_integer(name, getattr(self, name), minimum=1)
            object.__setattr__(self, name, value)  # NumPy integers become Python ints
        for name, choices in CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        if self.n_embd % self.n_head:
            raise SizeError("n_embd", "a multiple of {n_head}", self.n_embd, n_head=self.n_head)
        check_number("dropout", self.dropout, minimum=0, below=1)
        for name in ("embedding_norm", "final_norm", "tie_weights", "bias"):
            check_boolean(name, getattr(self, name))
        if self.qkv_bias is not None:
            check_boolean("qkv_bias", self.qkv_bias)
        check_number("init_std", self.init_std, above=0, maximum=1000)

    @property
    def head_dim(self) -> int:
        """Channels of one attention head."""
        return self.n_embd // self.n_head

    @property
    def has_qkv_bias(self) -> bool:
        """Whether queries, keys and values have a bias."""
        return self.bias if self.qkv_bias is None else self.qkv_bias

    def parameter_shapes(self, max_tensors: int | None = None) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter by name, in the order of construction.

        Raises ShapeError if the blocks have more than `max_tensors` parameter tensors: a reader
        passes the number of tensors in a file, so that a wrong header cannot make this dictionary
        arbitrarily large.
        """
        C, V = self.n_embd, self.vocab_size
        shapes: dict[str, tuple[int, ...]] = {"wte.weight": (V, C)}
        if self.position == "learned":
            shapes["wpe.weight"] = (self.block_size, C)
        if self.embedding_norm:
            shapes |= self._norm_shapes("ln_emb")
        block = self._block_shapes()
        if max_tensors is not None and self.n_layer * len(block) > max_tensors:
            raise ShapeError(
                f"{self.n_layer} layers of {len(block)} tensors cannot come from {max_tensors}"
            )
        for layer in range(self.n_layer):
            shapes |= {f"h.{layer}.{name}": shape for name, shape in block.items()}
        if self.final_norm:
            shapes |= self._norm_shapes("ln_f")
        if not self.tie_weights:
            shapes["lm_head.weight"] = (V, C)
        return shapes

    def _block_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the parameter shapes of one block."""
        C = self.n_embd
        matrices = {"attn.c_attn": (3 * C, C), "attn.c_proj": (C, C)}
        matrices |= {"mlp.c_fc": (4 * C, C), "mlp.c_proj": (C, 4 * C)}
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape in matrices.items():
            if name in _INPUT_NORM:
                shapes |= self._norm_shapes(_INPUT_NORM[name])
            shapes[f"{name}.weight"] = shape
            if self.has_qkv_bias if name == "attn.c_attn" else self.bias:
                shapes[f"{name}.bias"] = shape[:1]
        return shapes

    def _norm_shapes(self, name: str) -> dict[str, tuple[int, ...]]:
        """Return the parameter shapes of one norm: none for RMSNorm, which has no gain here."""
        if self.norm != "layernorm":
            return {}
        parameters = ("weight", "bias") if self.bias else ("weight",)
        return {f"{name}.{parameter}": (self.n_embd,) for parameter in parameters}

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "GPTConfig":
        """Return the preset of that name with some fields changed."""
        check_choice("preset", name, tuple(PRESETS))
        return replace(PRESETS[name], **changes)

    @classmethod
    def microgpt(cls, **changes: Any) -> "GPTConfig":
        """Return the model of the microgpt recipe: 4,192 parameters with a vocabulary of 27."""
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
