"""Kernels of five tasks, right ones and wrong ones, as exercises and views show them."""

from microgpt.interpreter.gallery import (
    add_kernels,
    block_sum_kernels,
    guarded_map_kernels,
    row_softmax_kernels,
    tiled_matmul_kernels,
)
from microgpt.interpreter.gallery.kernel_task import GalleryKernel, KernelTask

_FAMILIES = (
    add_kernels, guarded_map_kernels, block_sum_kernels, tiled_matmul_kernels, row_softmax_kernels,
)  # fmt: skip
TASKS: dict[str, KernelTask] = {family.TASK.name: family.TASK for family in _FAMILIES}
KERNELS: dict[str, GalleryKernel] = {
    kernel.name: kernel for family in _FAMILIES for kernel in family.KERNELS
}

__all__ = ["KERNELS", "TASKS", "GalleryKernel", "KernelTask"]
