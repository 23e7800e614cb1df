"""`block_sum`: each block adds up the numbers of its threads, of which half are left each round."""

import numpy as np

from microgpt.interpreter.gallery.kernel_task import (
    GalleryKernel,
    KernelTask,
    num_blocks,
    number_inputs,
)
from microgpt.interpreter.stand_ins import cuda, float32


def block_sum(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_in_one_element(out, x):
    part = cuda.shared.array(1, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    if me == 0:
        part[0] = float32(0)
    cuda.syncthreads()
    if n < x.shape[0]:
        part[0] += x[n]
    cuda.syncthreads()
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_without_first_barrier(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_without_barrier_in_loop(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_with_barrier_in_branch(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
            cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_with_guard_around_everything(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    if n < x.shape[0]:
        part[me] = x[n]
        cuda.syncthreads()
        half = cuda.blockDim.x // 2
        while half > 0:
            if me < half:
                part[me] += part[me + half]
            cuda.syncthreads()
            half //= 2
        if me == 0:
            out[cuda.blockIdx.x] = part[0]


def sum_by_every_thread(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_without_zeros(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    if n < x.shape[0]:
        part[me] = x[n]
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def sum_in_output(out, x):
    n = cuda.grid(1)
    if n < x.shape[0]:
        out[cuda.blockIdx.x] += x[n]


def _expected(inputs, block):
    (x,) = inputs
    starts = range(0, len(x), block[0])
    return np.array([x[start : start + block[0]].sum() for start in starts], np.float32)


TASK = KernelTask(
    name="block_sum",
    title="Sum of a block",
    size_names=("n",),
    sizes=(64,),
    block=(64,),
    grid=lambda sizes, block: (num_blocks(sizes[0], block[0]),),
    make_inputs=number_inputs(lambda sizes: sizes),
    expected=_expected,
)

KERNELS = (
    GalleryKernel("block_sum", "block sum", block_sum, TASK, is_right=True),
    GalleryKernel("sum_in_one_element", "all threads add to part[0]", sum_in_one_element, TASK),
    GalleryKernel(
        "sum_without_first_barrier", "no barrier before the loop", sum_without_first_barrier, TASK
    ),
    GalleryKernel(
        "sum_without_barrier_in_loop", "no barrier in the loop", sum_without_barrier_in_loop, TASK
    ),
    GalleryKernel(
        "sum_with_barrier_in_branch", "barrier in the branch", sum_with_barrier_in_branch, TASK
    ),
    GalleryKernel(
        "sum_with_guard_around_everything", "guard around everything",
        sum_with_guard_around_everything, TASK,
    ),
    GalleryKernel("sum_by_every_thread", "no `me < half`", sum_by_every_thread, TASK),
    GalleryKernel("sum_without_zeros", "the rest not set to 0", sum_without_zeros, TASK),
    GalleryKernel("sum_in_output", "all threads add to out[block]", sum_in_output, TASK),
)  # fmt: skip
