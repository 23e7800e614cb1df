"""Rules that the back ends share: random numbers, sampling a token, and GELU's constants.

In plain Python, which Numba compiles as it stands.
"""

import math

# gelu's tanh form (Hendrycks & Gimpel 2016): 0.5 x (1 + tanh(ROOT · (x + CUBE · x³))).
ROOT, CUBE = math.sqrt(2 / math.pi), 0.044715

MASK = 0xFFFFFFFF

SQUARES_CHUNK = 16_384  # numbers whose squares are added up first, for the norm of gradients


def philox(counter, key):
    """Four random 32-bit numbers from a counter of four and a key of two.

    Philox4x32-10 of Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2,
    3": the same counter and key give the same numbers on every machine and in every order.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def uniform(seed, t, draw_index=0):
    """A number in [0, 1) from three numbers below 2**64: 53 bits of Philox, key `seed`."""
    key = seed & MASK, seed >> 32
    counter = t & MASK, t >> 32, draw_index & MASK, draw_index >> 32
    bits = philox(counter, key)
    return ((bits[0] << 21) | (bits[1] >> 11)) / 2**53


# Sampling a token. Tokens are ranked from the most likely down. Each filter keeps a prefix of the
# ranks which the filter before it kept, and renormalises; then a number u in [0, 1) picks a rank.
# The scalar rules hold for masses, which are probabilities up to a common factor: `total` is their
# sum, and a compiled loop that never divides by it follows the same rules as NumPy's whole arrays.

UNDECIDED = -1  # in place of a token id: rounding could decide, or the logits are not numbers


def ranks_before(logit, token, other_logit, other_token):
    """Whether a token ranks before another: the greater logit, of equal ones the lower id."""
    return logit > other_logit or (logit == other_logit and token < other_token)


def nats_below_max(logit, max_logit, temperature):
    """How far a logit is below the greatest one, after temperature: its mass is exp(−that)."""
    return (max_logit - logit) / temperature


def reaches(cumulative_mass, top_p_mass):
    """Top-p keeps the ranks up to the first for which this holds; `top_p_mass` is top_p · total."""
    return cumulative_mass >= top_p_mass


def keeps_min_p(mass, max_mass, min_p):
    """Whether min-p keeps a token: it is at least min_p times as likely as the most likely one."""
    return mass >= min_p * max_mass


def hits(cumulative_mass, u_mass):
    """The draw picks the first rank for which this holds; `u_mass` is u · total."""
    return cumulative_mass > u_mass


def near_edge(mass, mass_before, mass_through, tolerance):
    """Whether `mass` is within rounding of an end of a rank's interval; 0 is no such end."""
    return mass_through - mass < tolerance or (mass_before > 0 and mass - mass_before < tolerance)


def rank_tokens(logits):
    """Token ids (V,) by `ranks_before`."""
    return (-logits).argsort(kind="stable")


def filter_ranked(probs, top_k, top_p, min_p):
    """Ranked probabilities (V,) after top-k (0, or V and above: off), top-p (1: off), min-p (0).

    Also how many ranks are kept, and which filter binds ("top_k", "top_p", "min_p" or None).
    """
    num_kept, binding_filter = len(probs), None
    for name in ("top_k", "top_p", "min_p"):
        kept, count = probs[:num_kept], num_kept
        if name == "top_k" and top_k > 0:
            count = top_k
        elif name == "top_p" and top_p < 1:
            count = num_kept - int(reaches(kept.cumsum(), top_p).sum()) + 1
        elif name == "min_p":
            count = int(keeps_min_p(kept, kept[0], min_p).sum())
        if count < num_kept:
            num_kept, binding_filter = count, name
            probs = probs.copy()
            probs[count:] = 0.0
            probs /= probs.sum()
    return probs, num_kept, binding_filter


def draw_rank(probs, u):
    """The rank that u picks from ranked probabilities (V,), and their cumulative sums (V,)."""
    cumulative = probs.cumsum()
    last = int(probs.nonzero()[0][-1])  # rounding may leave the sum just below 1
    return min(len(probs) - int(hits(cumulative, u).sum()), last), cumulative
