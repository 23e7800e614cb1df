"""Sampling the next token: what `next_token` gives, without sorting a whole vocabulary.

The rules are those of `shared_rules`, followed here on unnormalised probabilities in buckets.
Where another order of summation could decide, the choice is left to `next_token`.
"""

import numba
import numpy as np

from microgpt.backends import shared_rules
from microgpt.backends.numba_cpu.jit.compile import COUNT_REFERENCES, HELPER, ORDERED, PRECISE
from microgpt.backends.numba_cpu.jit.kernel import SerialKernel
from microgpt.backends.numba_cpu.simd.intrinsics import nearest
from microgpt.backends.numba_cpu.simd.philox import philox
from microgpt.backends.numba_cpu.simd.row_ops import row_max
from microgpt.backends.shared_rules import UNDECIDED

# Sums in another order round differently: a draw or a filter this close to the end of a token's
# interval, as a share of the total, is left to `next_token`.
MARGIN = 1e-11

# Tokens are put into buckets by how many nats they are below the greatest; all that are deeper than
# DEPTH are in the last one.
BUCKETS, DEPTH = 2048, 40.0

_PRECISE = HELPER | PRECISE

ranks_before = numba.njit(**_PRECISE)(shared_rules.ranks_before)
nats_below_max = numba.njit(**_PRECISE)(shared_rules.nats_below_max)
keeps_min_p = numba.njit(**_PRECISE)(shared_rules.keeps_min_p)
hits = numba.njit(**_PRECISE)(shared_rules.hits)
near_edge = numba.njit(**HELPER)(shared_rules.near_edge)


@numba.njit(**HELPER)
def all_numbers(row):
    """Whether there is no NaN and no +inf."""
    f = row.dtype.type
    count = 0
    for v in range(row.size):
        count += not row[v] < f(np.inf)
    return count == 0


@numba.njit(**HELPER)
def first_index(row, number):
    """The index of the first element that equals a number which is there."""
    v = 0
    while row[v] != number:
        v += 1
    return v


@numba.njit(**HELPER | ORDERED)
def exp_negative(depth):
    """exp(−depth) for a depth from 0 on, as a vector loop can run it; float64's math.exp cannot.

    exp(x) = 2^n · exp(r): n integer, |r| <= ln 2 / 2, and Taylor's series for exp(r).
    """
    n = nearest(depth * -1.4426950408889634)
    r = -depth - n * 0.6931471803691238 - n * 1.9082149292705877e-10  # ln 2 in two parts
    y = 1.0
    for k in range(13, 0, -1):
        y = y * r * (1.0 / k) + 1.0
    y *= np.int64((np.int64(np.int32(n)) + 1023) << 52).view(np.float64)  # 2^n, from its bits
    return y if depth < 708.0 else 0.0


@numba.njit(**_PRECISE | COUNT_REFERENCES)
def sample_row(row, max_logit, params, u):
    """The token that u draws after temperature, top-k, top-p and min-p; or UNDECIDED.

    No probability is divided by their sum: u and top_p are multiplied by the mass that is kept.
    Every filter keeps a prefix of the ranks, so all it changes is that mass.
    """
    V = row.size
    temperature, top_k, top_p, min_p = params[0], params[1], params[2], params[3]
    masses, bucket_of = np.empty(V), np.empty(V, np.int16)
    counts, sums = np.zeros(min(V, BUCKETS), np.int32), np.zeros(min(V, BUCKETS))
    last, scale = np.float64(counts.size - 1), counts.size / DEPTH
    total = 0.0
    for v in range(V):
        masses[v] = exp_negative(
            nats_below_max(np.float64(row[v]), np.float64(max_logit), temperature)
        )
        total += masses[v]
    for v in range(V):
        depth = nats_below_max(np.float64(row[v]), np.float64(max_logit), temperature)
        bucket_of[v] = b = int(min(depth * scale, last))
        counts[b] += 1
        sums[b] += masses[v]
    buckets = row, masses, bucket_of, counts, sums
    kept_mass, tolerance = total, MARGIN * total
    if 0 < top_k < V:
        _, kept_mass, _ = find_rank(buckets, int(top_k), np.inf)
    if top_p < 1:
        mass = top_p * kept_mass
        _, before, kept_mass = find_rank(buckets, V, mass)
        if near_edge(mass, before, kept_mass, tolerance):
            return UNDECIDED
    if min_p > 0:
        min_p_mass = 0.0
        for v in range(V):
            if masses[v] < 1 and abs(masses[v] - min_p) < MARGIN * min_p:
                return UNDECIDED
            min_p_mass += masses[v] if keeps_min_p(masses[v], 1.0, min_p) else 0.0
        kept_mass = min(kept_mass, min_p_mass)
    v, before, through = find_rank(buckets, V, u * kept_mass)
    return UNDECIDED if near_edge(u * kept_mass, before, through, tolerance) else v


@numba.njit(**_PRECISE | COUNT_REFERENCES)
def find_rank(buckets, count, mass):
    """The first token in rank order before which `count` are, or that a draw of `mass` hits.

    With it, the mass before it and the mass through it. Top-p searches so too: `reaches` and `hits`
    differ on an edge only, which is undecided.
    """
    row, masses, bucket_of, counts, sums = buckets
    b, rank, before = 0, 0, 0.0
    while b < counts.size - 1 and rank + counts[b] <= count and not hits(before + sums[b], mass):
        rank, before = rank + counts[b], before + sums[b]
        b += 1
    members, n = np.empty(counts[b], np.int32), 0
    for v in range(row.size):
        if bucket_of[v] == b:
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
        split, split_mass = start, 0.0
        for i in range(start + 1, end):
            v = members[i]
            if ranks_before(row[v], v, row[pivot], pivot):
                members[i] = members[split + 1]
                members[split] = v
                split += 1
                split_mass += masses[v]
        members[split] = pivot
        through = before + split_mass + masses[pivot]
        if split > start and (rank + split - start > count or hits(before + split_mass, mass)):
            end = split
        elif split + 1 == end or rank + split - start == count or hits(through, mass):
            return pivot, before + split_mass, through
        else:
            rank, before, start = rank + split + 1 - start, through, split + 1


@numba.njit(**HELPER)
def uniform(seed, t):
    """`microgpt.uniform(seed, t)`, to the bit: Python's integers are not uint64."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    bits = philox(t & low, t >> half, np.uint64(0), np.uint64(0), seed & low, seed >> half)
    return np.float64((bits[0] << np.uint64(21)) | (bits[1] >> np.uint64(11))) / 2.0**53


@SerialKernel
def sample_(token, logits, params, seed, position):
    """Sample token (B,) from logits (B, V); UNDECIDED where only `next_token` can tell.

    params (4,): temperature, top_k (0: off), top_p (1: off), min_p; seed (B,) holds 64 bits; row b
    is drawn by `uniform(seed[b], position[0])`. Logits that are not numbers are undecided too.
    """
    for b in range(token.size):
        row = logits[b]
        max_logit = row_max(row)
        if not all_numbers(row) or max_logit == -np.inf:
            token[b] = UNDECIDED
        elif params[0] == 0:
            token[b] = first_index(row, max_logit)
        else:
            u = uniform(np.uint64(seed[b]), np.uint64(position[0]))
            token[b] = sample_row(row, max_logit, params, u)
