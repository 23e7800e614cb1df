"""The choice of a next token: what `next_token` chooses, without sorting a whole vocabulary."""

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import FLAGS, PRECISE, SerialKernel
from microgpt.backends.numba_cpu.simd.intrinsics import nearest
from microgpt.backends.numba_cpu.simd.philox import philox
from microgpt.backends.numba_cpu.simd.row_ops import greatest_of

# Sums in another order round differently: a dart or a limit this close to an edge, as a share of
# all, is left to `next_token`.
MARGIN = 1e-11
UNDECIDED = -1

# Tokens are put into buckets by how many nats they are below the greatest; all that are deeper than
# DEPTH are in the last one.
BUCKETS, DEPTH = 2048, 40.0

_PRECISE = FLAGS | {"fastmath": PRECISE}


@numba.njit(**FLAGS)
def numbers(row):
    """Whether there is no NaN and no +inf."""
    f = row.dtype.type
    bad = 0
    for v in range(row.size):
        bad += not row[v] < f(np.inf)
    return bad == 0


@numba.njit(**FLAGS)
def first(row, number):
    """The first place of a number that is there."""
    v = 0
    while row[v] != number:
        v += 1
    return v


@numba.njit(error_model="numpy", fastmath={"contract", "nsz"})
def falling(depth):
    """exp(−depth) for a depth from 0 on, as a vector loop can run it; float64's math.exp cannot.

    exp(x) = 2^n · exp(r): n whole, |r| <= ln 2 / 2, and Taylor's series for exp(r).
    """
    n = nearest(depth * -1.4426950408889634)
    r = -depth - n * 0.6931471803691238 - n * 1.9082149292705877e-10  # ln 2 in two parts
    y = 1.0
    for k in range(13, 0, -1):
        y = y * r * (1.0 / k) + 1.0
    y *= np.int64((np.int64(np.int32(n)) + 1023) << 52).view(np.float64)  # 2^n, from its bits
    return y if depth < 708.0 else 0.0


@numba.njit(**_PRECISE)
def hit(row, greatest, dials, u):
    """The token that the dart u hits, after temperature, top-k, top-p and min-p.

    No chance is divided by their sum: dart and limits are multiplied by it. Every cut keeps a run
    from the top, so all it changes is that sum.
    """
    V = row.size
    temperature, top_k, top_p, min_p = dials[0], int(dials[1]), dials[2], dials[3]
    chances, bucket = np.empty(V), np.empty(V, np.int16)
    counts, sums = np.zeros(min(V, BUCKETS), np.int32), np.zeros(min(V, BUCKETS))
    last, scale = np.float64(counts.size - 1), counts.size / DEPTH
    total = 0.0
    for v in range(V):
        chances[v] = falling((np.float64(greatest) - np.float64(row[v])) / temperature)
        total += chances[v]
    for v in range(V):
        depth = (np.float64(greatest) - np.float64(row[v])) / temperature
        bucket[v] = b = int(min(depth * scale, last))
        counts[b] += 1
        sums[b] += chances[v]
    ranks = row, chances, bucket, counts, sums
    limit = total
    if 0 < top_k < V:
        _, limit, _ = reach(ranks, top_k, np.inf)
    if top_p < 1:
        mass = top_p * limit
        _, before, limit = reach(ranks, V, mass)
        if near(mass, before, limit, total):
            return UNDECIDED
    if min_p > 0:
        enough = 0.0
        for v in range(V):
            if chances[v] < 1 and abs(chances[v] - min_p) < MARGIN * min_p:
                return UNDECIDED
            enough += chances[v] if chances[v] >= min_p else 0.0
        limit = min(limit, enough)
    v, before, after = reach(ranks, V, u * limit)
    return UNDECIDED if near(u * limit, before, after, total) else v


@numba.njit(**_PRECISE)
def reach(ranks, count, mass):
    """The first token from the top before which `count` are, or with which the sum exceeds `mass`.

    With it, the sum before it and the sum after it.
    """
    row, chances, bucket, counts, sums = ranks
    b, ahead, before = 0, 0, 0.0
    while b < counts.size - 1 and ahead + counts[b] <= count and before + sums[b] <= mass:
        ahead, before = ahead + counts[b], before + sums[b]
        b += 1
    members, n = np.empty(counts[b], np.int32), 0
    for v in range(row.size):
        if bucket[v] == b:
            members[n] = v
            n += 1
    if not n:  # rounding left the sum of all just below `mass`
        return 0, before, before
    # Quickselect (Hoare 1961): split in two by one of them, go on in the part that has it.
    start, end = 0, n
    while True:
        middle = (start + end) // 2
        pivot = members[middle]
        members[middle] = members[start]
        place, part = start, 0.0
        for i in range(start + 1, end):
            v = members[i]
            if row[v] > row[pivot] or (row[v] == row[pivot] and v < pivot):
                members[i] = members[place + 1]
                members[place] = v
                place += 1
                part += chances[v]
        members[place] = pivot
        after = before + part + chances[pivot]
        if place > start and (ahead + place - start > count or before + part > mass):
            end = place
        elif place + 1 == end or ahead + place - start == count or after > mass:
            return pivot, before + part, after
        else:
            ahead, before, start = ahead + place + 1 - start, after, place + 1


@numba.njit(**FLAGS)
def near(mass, before, after, total):
    """Whether rounding could have put `mass` on the other side of an edge; 0 is none."""
    room = MARGIN * total
    return after - mass < room or (before > 0 and mass - before < room)


@numba.njit(**FLAGS)
def uniform(seed, t):
    """`microgpt.uniform(seed, t)`, to the bit."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    bits = philox(t & low, t >> half, np.uint64(0), np.uint64(0), seed & low, seed >> half)
    return np.float64((bits[0] << np.uint64(21)) | (bits[1] >> np.uint64(11))) / 2.0**53


@SerialKernel
def sample_(token, logits, dials, seed, position):
    """Choose token (B,) by logits (B, V), or −1 where only `next_token` can tell.

    dials (4,): temperature, top_k (0: off), top_p (1: off), min_p; seed (B,) holds 64 bits; the
    dart of row b is `uniform(seed[b], position[0])`. −1 also stands for logits that are no numbers.
    """
    for b in range(token.size):
        row = logits[b]
        greatest = greatest_of(row)
        if not numbers(row) or greatest == -np.inf:
            token[b] = UNDECIDED
        elif dials[0] == 0:
            token[b] = first(row, greatest)
        else:
            u = uniform(np.uint64(seed[b]), np.uint64(position[0]))
            token[b] = hit(row, greatest, dials, u)
