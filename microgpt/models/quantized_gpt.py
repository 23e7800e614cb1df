"""`quantize`: a GPT whose matrices are kept as bfloat16 or int8, to read and to generate.

For one token every weight is read once, so the time of a token is that of reading them: half the
bytes take half of it, a quarter a quarter.
"""

from collections.abc import Iterator
from typing import Any, Self

from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK, Backend, check_host_read
from microgpt.config.checks import check_choice
from microgpt.errors import SettingError, StateError
from microgpt.models.gpt import GPT
from microgpt.nn import Embedding, Linear, Module
from microgpt.nn.module_copy import copy_module
from microgpt.ops.quantized import FORMATS, QuantizedMatrix
from microgpt.plain_text import format_bytes
from microgpt.tokenizers.association import associate, associated_tokenizer


def quantize(model: GPT, weights: str = "int8") -> "QuantizedGPT":
    """Return a copy of a GPT whose matrices are kept as "bf16" or "int8", to read and generate.

    Those of the linear layers, the token embedding and the head become codes: 2 bytes a number, or
    1 and a float32 scale for each row. They are widened to float32 while they are multiplied;
    norms, biases and the position embedding stay float32. The copy is independent, in eval mode,
    and on the model's back end. Raises SettingError, which names the weight, for NaN or infinity as
    "int8"; bf16 keeps them. Dettmers et al. 2022, "LLM.int8()".
    """
    check_choice("weights", weights, FORMATS)
    if isinstance(model, QuantizedGPT):
        raise StateError(
            f"this model's weights are kept as {model.weight_format} already; quantize the float32 "
            "model that it was made from"
        )
    if type(model) is not GPT:
        raise SettingError("model", "a GPT, of no class of your own", type(model))
    check_host_read("a quantized copy of a model")
    memo: dict[int, Any] = {}
    with LOCK:  # another thread may be training the model
        for label, weight in _matrices(model):
            if id(weight) not in memo:
                memo[id(weight)] = QuantizedMatrix.from_weight(weight, weights, label)
        quantized = copy_module(model, memo, shared=("config",), copy_type=QuantizedGPT)
    quantized.weight_format = weights
    for weight in quantized.float_weights():
        weight.requires_grad = False
    for _, module in quantized.named_modules():
        module.training = False
    tokenizer = associated_tokenizer(model)
    if tokenizer is not None:
        associate(quantized, tokenizer)
    return quantized


def _matrices(model: GPT) -> Iterator[tuple[str, Any]]:
    """Yield the weights that become codes, or are: those of layers, the embedding and the head."""
    for path, module in model.named_modules():
        if type(module) is Linear or (type(module) is Embedding and path == "wte"):
            yield f"{path}.weight", module.weight


class QuantizedGPT(GPT):
    """A GPT that `quantize` made: it computes logits and losses, and generates; it is not trained.

    Its float32 weights are `float_weights()`, its codes `matrices()`. What needs all weights as
    float32 (training, optimizers, saving, export) raises StateError. It can be copied, pickled and
    moved to another back end.
    """

    weight_format: str  # "bf16" or "int8"

    def __init__(self, *args: Any, **kwargs: Any):
        raise StateError("a quantized model is made of another: mg.quantize(model)")

    def __repr__(self) -> str:
        described = super().__repr__().removeprefix("GPT(").removesuffix(")")
        size = " in place of ".join(map(format_bytes, (self.weight_bytes, self.float32_bytes)))
        return f"QuantizedGPT({described}; {self.weight_format} weights, {size})"

    def matrices(self) -> list[QuantizedMatrix]:
        """Return the weights that are kept as codes, each once."""
        return list({id(weight): weight for _, weight in _matrices(self)}.values())

    def float_weights(self) -> list[Tensor]:
        """Return the weights that stay float32: norms, biases and the position embedding."""
        return [weight for _, weight in Module.named_parameters(self)]

    @property
    def weight_bytes(self) -> int:
        """The memory of all weights: codes, scales, and what stays float32."""
        codes = sum(matrix.nbytes for matrix in self.matrices())
        return codes + sum(weight.array.nbytes for weight in self.float_weights())

    @property
    def float32_bytes(self) -> int:
        """The memory of the same weights in float32."""
        return 4 * self.parameter_count()

    def parameter_count(self) -> int:
        """Return the total number of weights, whatever they are kept as."""
        codes = sum(matrix.size for matrix in self.matrices())
        return codes + sum(weight.size for weight in self.float_weights())

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Raise StateError: whoever asks wants to train, save or export all weights as float32."""
        raise StateError(
            f"weights kept as {self.weight_format} are for reading and generating; train, save and "
            "export the float32 model, and quantize it again"
        )

    def train(self, mode: bool = True) -> Self:
        """Set evaluation mode; training mode raises StateError."""
        if mode is True:
            next(self.named_parameters())
        return super().train(mode)

    def _copied(self, memo: dict, backend: Backend | None) -> Self:
        for matrix in self.matrices():
            memo[id(matrix)] = matrix.copy(backend)
        return super()._copied(memo, backend)
