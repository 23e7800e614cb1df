"""Which C library the trace of the microgpt recipe was made with."""

import hashlib
import math
import struct

TRACE_LIBM = "d748ef07bd82"


def libm_fingerprint():
    """A digest of the bits that this machine's exp, log and pow give; C libraries differ in some.

    The trace was made with glibc 2.28 or newer on x86-64 with FMA.
    """
    numbers = [0.37 + 0.0173 * k for k in range(2000)]
    results = [f(x) for x in numbers for f in (math.exp, math.log, lambda x: x**-0.5)]
    return hashlib.sha256(struct.pack(f"{len(results)}d", *results)).hexdigest()[:12]
