"""`row_softmax`: each block turns one row of logits into probabilities."""

import math

import numpy as np

from microgpt.interpreter.gallery.kernel_task import GalleryKernel, KernelTask
from microgpt.interpreter.stand_ins import cuda, float32


def row_softmax(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest = float32(-math.inf)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    part[me] = largest
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
        cuda.syncthreads()
        half //= 2
    largest = part[0]
    cuda.syncthreads()
    total = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    part[me] = total
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / part[0]


def softmax_without_middle_barrier(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest = float32(-math.inf)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    part[me] = largest
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
        cuda.syncthreads()
        half //= 2
    largest = part[0]
    total = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    part[me] = total
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / part[0]


def softmax_with_barrier_in_branch(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    largest = float32(-math.inf)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, column])
    part[me] = largest
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
            cuda.syncthreads()
        half //= 2
    cuda.syncthreads()
    largest = part[0]
    cuda.syncthreads()
    total = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column] - largest)
    part[me] = total
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest) / part[0]


def softmax_in_shared_elements(out, x):
    largest = cuda.shared.array(1, float32)
    total = cuda.shared.array(1, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    if me == 0:
        largest[0], total[0] = float32(-math.inf), float32(0)
    cuda.syncthreads()
    for column in range(me, x.shape[1], cuda.blockDim.x):
        largest[0] = max(largest[0], x[row, column])
    cuda.syncthreads()
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total[0] += math.exp(x[row, column] - largest[0])
    cuda.syncthreads()
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column] - largest[0]) / total[0]


def softmax_without_maximum(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    total = float32(0)
    for column in range(me, x.shape[1], cuda.blockDim.x):
        total += math.exp(x[row, column])
    part[me] = total
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    for column in range(me, x.shape[1], cuda.blockDim.x):
        out[row, column] = math.exp(x[row, column]) / part[0]


def softmax_of_one_column_each(out, x):
    part = cuda.shared.array(64, float32)
    me, row = cuda.threadIdx.x, cuda.blockIdx.x
    part[me] = x[row, me] if me < x.shape[1] else float32(-math.inf)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] = max(part[me], part[me + half])
        cuda.syncthreads()
        half //= 2
    largest = part[0]
    cuda.syncthreads()
    power = math.exp(x[row, me] - largest) if me < x.shape[1] else float32(0)
    part[me] = power
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me < x.shape[1]:
        out[row, me] = power / part[0]


def _make_inputs(sizes, rng):
    return ((rng.integers(-40, 41, size=sizes) / 10).astype(np.float32),)


def _expected(inputs, block):
    x = inputs[0].astype(np.float64)
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


TASK = KernelTask(
    name="row_softmax",
    title="Softmax of a row",
    size_names=("rows", "C"),
    sizes=(2, 20),
    block=(8,),
    grid=lambda sizes, block: (sizes[0],),
    make_inputs=_make_inputs,
    expected=_expected,
)

KERNELS = (
    GalleryKernel("row_softmax", "row softmax", row_softmax, TASK, is_right=True),
    GalleryKernel(
        "softmax_without_middle_barrier", "no barrier between the two uses of part",
        softmax_without_middle_barrier, TASK,
    ),
    GalleryKernel(
        "softmax_with_barrier_in_branch", "barrier in the branch",
        softmax_with_barrier_in_branch, TASK,
    ),
    GalleryKernel(
        "softmax_in_shared_elements", "one shared maximum and sum", softmax_in_shared_elements,
        TASK,
    ),
    GalleryKernel(
        "softmax_without_maximum", "no maximum subtracted", softmax_without_maximum, TASK
    ),
    GalleryKernel(
        "softmax_of_one_column_each", "as many columns as threads", softmax_of_one_column_each,
        TASK,
    ),
)  # fmt: skip
