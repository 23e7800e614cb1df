"""Causal self-attention: which of four kernels runs, by the sizes of a head and a text.

Read `kernel1_loops` first: it is the lesson. What the others gain for a replayed training step of
microgpt's model on 32 texts of 16 tokens, on one thread (medians of 300 interleaved blocks; measure
with `MICROGPT_ATTENTION_KERNEL=n microgpt bench --workloads batch`):

    ladder up to                  time of a step
    kernel 1, loops               3.8
    kernel 2, blocked             1.13
    kernel 3, small heads         1.06
    kernel 4, transposed          1
"""

import os
from collections.abc import Callable

from microgpt.backends.numba_cpu.attention import kernel1_loops
from microgpt.backends.numba_cpu.attention.decode import (
    decode_attention_forward,
    decode_self_attention_,
    increment_position_,
    kv_cache_write_,
)
from microgpt.backends.numba_cpu.attention.kernel2_blocked import (
    backward_blocked,
    dropout_attention_backward,
    dropout_attention_forward,
    forward_blocked,
)
from microgpt.backends.numba_cpu.attention.kernel3_small_heads import (
    backward_small_heads,
    forward_small_heads,
    supports_small_heads,
)
from microgpt.backends.numba_cpu.attention.kernel4_transposed import (
    forward_transposed,
    supports_transposed,
)
from microgpt.backends.numba_cpu.jit.compile import Kernel

__all__ = [
    "decode_attention_forward",
    "decode_self_attention_",
    "dropout_attention_backward",
    "dropout_attention_forward",
    "increment_position_",
    "kv_cache_write_",
    "self_attention_backward",
    "self_attention_forward",
]

# The highest kernel that may run: `MICROGPT_ATTENTION_KERNEL=1 microgpt bench` measures the loops.
MAX_KERNEL = int(os.environ.get("MICROGPT_ATTENTION_KERNEL") or 4)

Supports = Callable[[int, int], bool]


class SizedKernel:
    """Kernels of one name, the fastest first; the sizes T and D of qkv (B, T, 3C) select one."""

    def __init__(self, ladder: list[tuple[int, Supports, Kernel]]):
        self.function = ladder[-1][2].function
        self.ladder = [
            (supports, kernel) for rung, supports, kernel in ladder if rung <= MAX_KERNEL
        ]

    def select_variant(self, arguments: tuple) -> Callable[..., None]:
        """The kernel's variant for these arguments, of which the last two are qkv and n_head."""
        qkv, n_head = arguments[-2:]
        _, T, C3 = qkv.shape
        return self.select_kernel(T, C3 // (3 * n_head)).select_variant(arguments)

    def select_kernel(self, T: int, D: int) -> Kernel:
        """The first kernel that supports texts of T tokens and heads of D numbers."""
        for supports, kernel in self.ladder:
            if supports(T, D):
                return kernel
        raise AssertionError("the loops support any size")


def any_size(T: int, D: int) -> bool:
    return True


self_attention_forward = SizedKernel(
    [
        (4, supports_transposed, forward_transposed),
        (3, supports_small_heads, forward_small_heads),
        (2, any_size, forward_blocked),
        (1, any_size, kernel1_loops.self_attention_forward),
    ]
)
self_attention_backward = SizedKernel(
    [
        (3, supports_small_heads, backward_small_heads),
        (2, any_size, backward_blocked),
        (1, any_size, kernel1_loops.self_attention_backward),
    ]
)
