"""Causal self-attention: `KernelLadder` selects one of its kernels by the sizes of texts and heads.

Read `kernel1_loops` first: it is the lesson, and the reference of the others. Forward has four
kernels, backward three. Attention with dropout is always `kernel2_blocked`; attention over a cache
of keys and values is in `decode`.
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
from microgpt.backends.numba_cpu.jit.kernel import Kernel
from microgpt.config.checks import check_choice

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

# µs for a text of four heads on one core with AVX-512, in float32, forward / backward:
#
#     T   D   1 loops      2 blocked    3 small heads   4 transposed
#     4   4   1.0 / 1.4    0.8 / 1.0    0.3 / 0.3       0.5
#     8   4   2.8 / 4.3    1.0 / 1.3    0.6 / 0.6       0.6
#    12   4   5.4 / 8.8    1.2 / 2.0    1.1 / 1.2       0.8
#    16   4   8.6 / 16     1.5 / 2.5    1.8 / 1.9       1.0
#    32   4    33 / 60     4.1 / 6.4    6.2 / 10
#     4  16   2.4 / 4.1    0.8 / 1.4    1.1 / 1.1
#     8   8   4.8 / 8.1    1.0 / 1.5    1.3 / 1.3
#    16   8    15 / 28     1.6 / 2.7    3.7 / 4.1
#    64  32   520 / 1380    24 / 58
#
# The highest kernel that may run: `MICROGPT_ATTENTION_KERNEL=1 microgpt bench` measures the loops.
_setting = os.environ.get("MICROGPT_ATTENTION_KERNEL") or "4"
check_choice("MICROGPT_ATTENTION_KERNEL", _setting, ("1", "2", "3", "4"))
MAX_KERNEL = int(_setting)

Supports = Callable[[int, int], bool]


class KernelLadder:
    """Kernels of one name, the fastest first; the sizes T and D of qkv (B, T, 3C) select one."""

    def __init__(self, ladder: list[tuple[int, Supports, Kernel]]):
        self.function = ladder[-1][2].function
        self.ladder = [
            (supports, kernel) for rung, supports, kernel in ladder if rung <= MAX_KERNEL
        ]

    def select_variant(self, arguments: tuple) -> Callable[..., None]:
        """The kernel's variant for these arguments, of which the last two are qkv and n_head."""
        return self.rung_for(arguments).select_variant(arguments)

    def rung_for(self, arguments: tuple) -> Kernel:
        """The kernel for these arguments."""
        qkv, n_head = arguments[-2:]
        _, T, C3 = qkv.shape
        return self.select_kernel(T, C3 // (3 * n_head))

    def select_kernel(self, T: int, D: int) -> Kernel:
        """The first kernel that supports texts of T tokens and heads of D numbers."""
        for supports, kernel in self.ladder:
            if supports(T, D):
                return kernel
        raise AssertionError("the loops support any size")


def any_size(T: int, D: int) -> bool:
    return True


self_attention_forward = KernelLadder(
    [
        (4, supports_transposed, forward_transposed),
        (3, supports_small_heads, forward_small_heads),
        (2, any_size, forward_blocked),
        (1, any_size, kernel1_loops.self_attention_forward),
    ]
)
self_attention_backward = KernelLadder(
    [
        (3, supports_small_heads, backward_small_heads),
        (2, any_size, backward_blocked),
        (1, any_size, kernel1_loops.self_attention_backward),
    ]
)
