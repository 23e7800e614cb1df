"""Single GPU instructions, in PTX, each with what it does written in Python: its twin.

A compiler takes the instruction, the interpreter its twin; no other file holds PTX. Four numbers
that lie side by side are moved at once, 16 bytes, from an address that is a multiple of 16. Arrays
have three axes. What tensor cores take is tf32: the 32 bits of a float32, of which the last 13 are
zero. (NVIDIA, Parallel Thread Execution ISA.)
"""

import numpy as np

from microgpt.backends.numba_cuda._inline_assembly import address, ptx, shared_address
from microgpt.backends.numba_cuda._launch import device
from microgpt.interpreter import (
    close_copies,
    copy_vector_later,
    finish_copies,
    load_vector,
    store_vector,
    twin_of,
)

FLOAT, INT, LONG = "float32", "int32", "int64"
COPY_BYTES = 16

# -- loads and stores -------------------------------------------------------------------------

_load_global = ptx("ld.global.v4.f32 {$0, $1, $2, $3}, [$4];", [FLOAT] * 4, [LONG], has_effect=True)
_store_global = ptx(
    "st.global.v4.f32 [$0], {$1, $2, $3, $4};", [], [LONG, *[FLOAT] * 4], has_effect=True
)
_load_shared = ptx("ld.shared.v4.f32 {$0, $1, $2, $3}, [$4];", [FLOAT] * 4, [INT], has_effect=True)
_store_shared = ptx(
    "st.shared.v4.f32 [$0], {$1, $2, $3, $4};", [], [INT, *[FLOAT] * 4], has_effect=True
)
_load_shared_one = ptx("ld.shared.f32 $0, [$1];", [FLOAT], [INT], has_effect=True)
_store_shared_one = ptx("st.shared.f32 [$0], $1;", [], [INT, FLOAT], has_effect=True)


@device
def load4(array, h, i, j):
    """array[h, i, j … j + 3] from global memory."""
    return _load_global(address(array, (h * array.shape[1] + i) * array.shape[2] + j))


@device
def store4(array, h, i, j, first, second, third, fourth):
    """array[h, i, j … j + 3] = the four, in global memory."""
    to = address(array, (h * array.shape[1] + i) * array.shape[2] + j)
    _store_global(to, first, second, third, fourth)


@device
def load4_shared(array, h, i, j):
    """array[h, i, j … j + 3] from shared memory."""
    return _load_shared(shared_address(array, (h * array.shape[1] + i) * array.shape[2] + j))


@device
def load_shared(array, h, i, j):
    """array[h, i, j] from shared memory; a subscript would first ask whether an index is < 0."""
    return _load_shared_one(shared_address(array, (h * array.shape[1] + i) * array.shape[2] + j))


@device
def store_shared(array, h, i, j, value):
    """array[h, i, j] = value, in shared memory."""
    _store_shared_one(shared_address(array, (h * array.shape[1] + i) * array.shape[2] + j), value)


@device
def store4_shared(array, h, i, j, first, second, third, fourth):
    """array[h, i, j … j + 3] = the four, in shared memory."""
    to = shared_address(array, (h * array.shape[1] + i) * array.shape[2] + j)
    _store_shared(to, first, second, third, fourth)


@twin_of(load4)
@twin_of(load4_shared)
def _load4_twin(array, h, i, j):
    return load_vector(array, (h, i, j), 4)


@twin_of(load_shared)
def _load_shared_twin(array, h, i, j):
    return array[h, i, j]


@twin_of(store_shared)
def _store_shared_twin(array, h, i, j, value):
    array[h, i, j] = value


@twin_of(store4)
@twin_of(store4_shared)
def _store4_twin(array, h, i, j, *four):
    store_vector(array, (h, i, j), four)


# -- asynchronous copies (compute capability 8.0) ---------------------------------------------

_copy16 = ptx(
    "cp.async.cg.shared.global [$0], [$1], 16, $2;", [], [INT, LONG, INT], has_effect=True
)
commit_copies = ptx("cp.async.commit_group;", [], [], has_effect=True)
wait_for_copies = ptx("cp.async.wait_group 0;", [], [], has_effect=True)


@device
def copy4_async(into, buffer, i, j, array, s, row, column):
    """into[buffer, i, j …] = array[s, row, column …], four numbers, through no register.

    `into` is in shared memory; it gets zeros where the row or the column is outside the array.
    """
    inside = row < array.shape[1] and column < array.shape[2]
    start = (s * array.shape[1] + row) * array.shape[2] + column if inside else 0
    to = shared_address(into, (buffer * into.shape[1] + i) * into.shape[2] + j)
    _copy16(to, address(array, start), np.int32(COPY_BYTES if inside else 0))


@twin_of(copy4_async)
def _copy4_async_twin(into, buffer, i, j, array, s, row, column):
    inside = row < array.shape[1] and column < array.shape[2]
    zero = array.dtype.type(0)
    four = load_vector(array, (s, row, column), 4) if inside else (zero, zero, zero, zero)
    copy_vector_later(into, (buffer, i, j), four)


@twin_of(commit_copies)
def _commit_copies_twin(*, launch):
    close_copies(launch=launch)


@twin_of(wait_for_copies)
def _wait_for_copies_twin(*, launch):
    finish_copies(launch=launch)


# -- tensor cores (compute capability 8.0) ----------------------------------------------------

to_tf32 = ptx("cvt.rna.tf32.f32 $0, $1;", [INT], [FLOAT])
as_float32 = ptx("mov.b32 $0, $1;", [FLOAT], [INT])
mma_tf32 = ptx(
    "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
    "{$0, $1, $2, $3}, {$4, $5, $6, $7}, {$8, $9}, {$10, $11, $12, $13};",
    [FLOAT] * 4, [*[INT] * 6, *[FLOAT] * 4],
)  # fmt: skip

SMALL_BITS, NAN_BITS = 13, 0x7FFFE000  # bits that tf32 has not; a NaN in tf32


@twin_of(to_tf32)
def _to_tf32_twin(x):
    """The bits of the nearest tf32; halfway, of the one further from zero."""
    if x != x:
        return np.int32(NAN_BITS)
    bits = int(np.float32(x).view(np.uint32)) + (1 << SMALL_BITS - 1)
    return np.uint32(bits >> SMALL_BITS << SMALL_BITS).view(np.int32)


@twin_of(as_float32)
def _as_float32_twin(bits):
    """The float32 that has these bits."""
    return np.int32(bits).view(np.float32)


LANES = np.arange(32)
GROUP, MEMBER = LANES // 4, LANES % 4  # how a warp shares out the three matrices
A_ROWS, A_COLUMNS = (GROUP, GROUP + 8, GROUP, GROUP + 8), (MEMBER, MEMBER, MEMBER + 4, MEMBER + 4)
C_ROWS = GROUP, GROUP, GROUP + 8, GROUP + 8
C_COLUMNS = 2 * MEMBER, 2 * MEMBER + 1, 2 * MEMBER, 2 * MEMBER + 1


@twin_of(mma_tf32, collective=True)
def _mma_tf32_twin(lanes):
    """c (16, 8) + a (16, 8) · b (8, 8): each lane gives 4 of a, 2 of b, 4 of c, and gets 4.

    The order in which tensor cores add is not documented; here it is that of NumPy in float64.
    """
    given = [lane or (0,) * 10 for lane in lanes]
    bits = np.array([lane[:6] for lane in given], np.int32).view(np.float32).T
    a, b = np.empty((16, 8), np.float32), np.empty((8, 8), np.float32)
    c = np.empty((16, 8))
    a[A_ROWS, A_COLUMNS] = bits[:4]
    b[(MEMBER, MEMBER + 4), (GROUP, GROUP)] = bits[4:]
    c[C_ROWS, C_COLUMNS] = np.array([lane[6:] for lane in given], np.float32).T
    result = (c + a.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)
    return list(zip(*result[C_ROWS, C_COLUMNS], strict=True))
