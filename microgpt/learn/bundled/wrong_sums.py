"""Wrong kernels of 14.block_sum that the gallery does not have."""

from microgpt.interpreter import cuda, float32


def reads_beyond_the_end(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    part[me] = x[cuda.grid(1)]
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def everybody_writes_the_sum(out, x):
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
    out[cuda.blockIdx.x] = part[0]


def all_blocks_into_one(out, x):
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
        out[0] = part[0]


def first_part_only(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    part[me] = x[me] if me < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def ends_too_early(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 1:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def half_begins_too_large(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[me] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x
    while half > 0:
        if me < half:
            part[me] += part[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[0]


def indexed_by_number(out, x):
    part = cuda.shared.array(64, float32)
    me = cuda.threadIdx.x
    n = cuda.grid(1)
    part[n] = x[n] if n < x.shape[0] else float32(0)
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if me < half:
            part[n] += part[n + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = part[n]
