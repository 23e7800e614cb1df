"""Weights kept as codes: `QuantizedMatrix`, and the operations that read one.

`linear`, `embedding` and the fused operations take a QuantizedMatrix in place of a weight and come
here. No gradient flows back through codes.
"""

from typing import Any, Self

import numpy as np

from microgpt.backends import Backend, check_host_read
from microgpt.backends.bfloat16 import from_bfloat16, to_bfloat16
from microgpt.backends.memory import as_host
from microgpt.errors import DeviceError, DtypeError, SettingError, ShapeError, StateError
from microgpt.ops.token_ids import as_token_ids

FORMATS = ("bf16", "int8")
MAX_CODE = 127  # of int8: −128 is not used, so that a weight and its negative have one size
ROWS = 256  # converted at a time, in the caches
FLOAT32 = np.dtype(np.float32)


class QuantizedMatrix:
    """A weight (M, K) as codes, and a float32 scale for each row if they are int8.

    "bf16": the bits of bfloat16 as uint16, rounded to nearest, ties to even; infinity and NaN stay.
    "int8": codes −127 … 127 of equal steps, scale = max |row| / 127 (row-wise absmax: Dettmers,
    Lewis, Belkada & Zettlemoyer 2022, "LLM.int8()"); a row of zeros has scale 0.
    """

    def __init__(self, codes: Any, scales: Any, prototype: Any):
        self.codes, self.scales = codes, scales  # (M, K), and (M,) or (0,)
        self._prototype = prototype  # a tensor of the same back end, of which results are made

    @classmethod
    def from_weight(cls, weight: Any, format: str, label: str) -> Self:
        """Convert a float32 tensor (M, K); `label` names it in errors.

        Raises DtypeError for float64, and SettingError for NaN or infinity as int8.
        """
        if weight.dtype != FLOAT32:
            raise DtypeError(
                f"codes stand for float32 numbers; {label} is {weight.dtype}: make the model with "
                'dtype="float32"'
            )
        backend, numbers = weight.backend, as_host(weight.array)
        codes, scales = to_int8(numbers, label) if format == "int8" else (to_bf16(numbers), None)
        no_scales = backend.empty_optional(1, FLOAT32)
        return cls(
            backend.from_host(codes),
            no_scales if scales is None else backend.from_host(scales),
            weight.from_array(backend.empty((0,), FLOAT32)),
        )

    def __repr__(self) -> str:
        return f"QuantizedMatrix({self.format}, shape={self.shape}, {self.nbytes:,} bytes)"

    @property
    def format(self) -> str:
        """ "bf16" or "int8"."""
        return "int8" if self.codes.dtype == np.int8 else "bf16"

    @property
    def backend(self) -> Backend:
        """The back end of the codes."""
        return self._prototype.backend

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def ndim(self) -> int:
        return 2

    @property
    def size(self) -> int:
        return self.codes.size

    @property
    def dtype(self) -> np.dtype:
        """The dtype of what the weights stand for, and of all arithmetic with them: float32."""
        return FLOAT32

    @property
    def nbytes(self) -> int:
        """The memory of codes and scales."""
        return self.codes.nbytes + self.scales.nbytes

    def numpy(self) -> np.ndarray:
        """Return the weights that the codes stand for, as a new float32 array (M, K)."""
        check_host_read(".numpy()")
        codes = as_host(self.codes)
        if self.format == "bf16":
            return from_bfloat16(codes)
        return codes * as_host(self.scales)[:, None]

    def from_array(self, array: Any) -> Any:
        """Wrap an array of the same back end as a tensor without history."""
        return self._prototype.from_array(array)

    def copy(self, backend: Backend | None = None) -> Self:
        """Return a copy with arrays of its own, on `backend` (default: this matrix's)."""
        check_host_read("a copy of a matrix")
        backend = self.backend if backend is None else backend
        codes, scales = (
            backend.from_host(as_host(array).copy()) for array in (self.codes, self.scales)
        )
        prototype = self._prototype.from_array(backend.empty((0,), FLOAT32))
        prototype.backend = backend
        return type(self)(codes, scales, prototype)

    def __deepcopy__(self, memo: dict) -> Self:
        return self.copy()

    def __getstate__(self) -> tuple:
        check_host_read("a matrix that is pickled")
        return as_host(self.codes), as_host(self.scales), self._prototype

    def __setstate__(self, state: tuple) -> None:
        codes, scales, self._prototype = state
        self.codes, self.scales = map(self.backend.from_host, (codes, scales))


def to_bf16(numbers: np.ndarray) -> np.ndarray:
    """Return float32 numbers (M, K) as bfloat16's bits, uint16 (M, K)."""
    codes = np.empty(numbers.shape, np.uint16)
    for first in range(0, len(numbers), ROWS):
        codes[first : first + ROWS] = to_bfloat16(numbers[first : first + ROWS])
    return codes


def to_int8(numbers: np.ndarray, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 numbers (M, K) as int8 codes (M, K) and the scales of the rows (M,)."""
    codes, scales = np.empty(numbers.shape, np.int8), np.empty(len(numbers), np.float32)
    for first in range(0, len(numbers), ROWS):
        rows = numbers[first : first + ROWS]
        largest = np.abs(rows).max(axis=1, initial=0)
        if not np.isfinite(largest).all():
            raise SettingError(
                label,
                "finite to be kept as int8",
                float(largest[~np.isfinite(largest)][0]),
                'keep the weights as "bf16", which has NaN and infinity',
            )
        scale = scales[first : first + ROWS] = largest / np.float32(MAX_CODE)
        steps = rows / np.where(scale > 0, scale, 1)[:, None]
        # Only beside the smallest float32 numbers, where scales are coarse, does it clip anything.
        codes[first : first + ROWS] = np.clip(np.rint(steps), -MAX_CODE, MAX_CODE)
    return codes, scales


def quantized_linear(x, weight, bias=None):
    """Each vector times a matrix of codes, plus a bias: y = x · weightᵀ + bias.

    x (…, K) float32, weight (M, K), bias (M,) -> y (…, M)
    """
    _check_fits(x, weight)
    M, K = weight.shape
    if not x.ndim or x.shape[-1] != K:
        raise ShapeError(
            f"linear needs x (…, K) and weight (M, K); got x {x.shape} and weight {weight.shape}"
        )
    if bias is not None:
        x.check_compatible(bias)
        if bias.shape != (M,):
            raise ShapeError(
                f"the bias of a weight {weight.shape} must have shape {(M,)}; got {bias.shape}"
            )
    backend, rows = x.backend, x.as_2d()
    y = backend.empty((len(rows), M), FLOAT32)
    no_bias = backend.empty_optional(1, FLOAT32)
    backend.launch(
        "quantized_linear_forward", y, rows, weight.codes, weight.scales,
        no_bias if bias is None else bias.array,
    )  # fmt: skip
    return x.from_op(y.reshape(*x.shape[:-1], M), (x,), _refuse_backward, "linear")


def quantized_embedding(tokens, weight):
    """The row of each token: tokens (…) integers, weight (V, C) of codes -> y (…, C)."""
    backend, ids = weight.backend, as_token_ids(tokens, copy_ids=True)
    flat = ids.reshape(-1)
    y = backend.empty((flat.size, weight.shape[1]), FLOAT32)
    backend.launch("check_tokens", flat, weight.shape[0])
    flat = backend.from_host(flat)
    backend.launch("quantized_embedding_forward", y, weight.codes, weight.scales, flat)
    return weight.from_array(y.reshape(*ids.shape, weight.shape[1]))


def quantized_token_position_embedding(ids, wte, wpe, start):
    """Rows of codes plus rows of positions, of checked arguments; see `token_position_embedding`.

    ids (B, T) int32, wte (V, C) of codes, wpe (S, C), start (1,) int32 -> y (B, T, C)
    """
    backend = wte.backend
    y = backend.empty((ids.size, wte.shape[1]), FLOAT32)
    backend.launch(
        "quantized_token_position_embedding_forward", y, wte.codes, wte.scales, wpe.array, ids,
        start,
    )  # fmt: skip
    return wte.from_array(y.reshape(*ids.shape, wte.shape[1]))


def _check_fits(x, weight):
    """Raise unless x can be multiplied with these codes."""
    if x.backend is not weight.backend:
        here, there = x.backend.name, weight.backend.name
        raise DeviceError(
            f'the input lives on "{here}", the quantized weight on "{there}"; call '
            f'.to("{there}") on the input'
        )
    if x.dtype != FLOAT32:
        raise DtypeError(f"quantized weights are multiplied in float32; got an input of {x.dtype}")


def _refuse_backward(dy):
    raise StateError(
        "no gradient flows back through quantized weights; take the gradients of the float32 model"
    )
