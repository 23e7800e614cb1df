"""`add`: one thread for each number, in blocks that fit."""

import numpy as np

from microgpt.interpreter.gallery.kernel_task import (
    GalleryKernel,
    KernelTask,
    num_blocks,
    number_inputs,
)
from microgpt.interpreter.stand_ins import cuda


def add(out, a, b):
    n = cuda.grid(1)
    out[n] = a[n] + b[n]


def add_without_block(out, a, b):
    n = cuda.threadIdx.x
    out[n] = a[n] + b[n]


def add_without_thread(out, a, b):
    n = cuda.blockIdx.x
    out[n] = a[n] + b[n]


def add_by_every_thread(out, a, b):
    for n in range(out.shape[0]):
        out[n] = a[n] + b[n]


def add_spread_out(out, a, b):
    n = cuda.threadIdx.x * cuda.gridDim.x + cuda.blockIdx.x
    out[n] = a[n] + b[n]


TASK = KernelTask(
    name="add",
    title="Add",
    size_names=("n",),
    sizes=(16,),
    block=(8,),
    grid=lambda sizes, block: (num_blocks(sizes[0], block[0]),),
    make_inputs=number_inputs(lambda sizes: sizes, lambda sizes: sizes),
    expected=lambda inputs, block: np.add(*inputs),
)

KERNELS = (
    GalleryKernel("add", "add", add, TASK, is_right=True),
    GalleryKernel("add_without_block", "block forgotten", add_without_block, TASK),
    GalleryKernel("add_without_thread", "only the block", add_without_thread, TASK),
    GalleryKernel("add_by_every_thread", "every thread does everything", add_by_every_thread, TASK),
    GalleryKernel("add_spread_out", "neighbours far apart", add_spread_out, TASK, is_right=True),
)
