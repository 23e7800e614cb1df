"""The sentences of the neighbourhood: what the map keeps, what the vowels show, what swaps cost."""

from microgpt.plain_text import pluralize, with_minus
from microgpt.viz.formatting import distinct_decimals
from microgpt.viz.neighbourhood.data import EmbeddingMap, VowelCosine
from microgpt.viz.neighbourhood.label_layout import name_of

HALF_A_DIGIT = 0.0005  # in nats: a smaller rise is 0.000 in figures
POOR = 0.5  # a map that keeps less of the variance is called poor
WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine",
         10: "ten", 11: "eleven", 12: "twelve"}  # fmt: skip


def question(shown: EmbeddingMap) -> str:
    """Return the question that the view answers."""
    when = f"after {pluralize(shown.step, 'step')}" if shown.step else "before training"
    return f"Which letters are near {name_of(shown.chosen_label)} {when}?"


def map_caption(shown: EmbeddingMap) -> str:
    """Return what the map keeps, whether the vowels lie together, and what swapping rows costs."""
    parts = [_projection_sentence(shown), _vowel_sentence(shown.vowels), _swap_sentence(shown)]
    return " ".join(filter(None, parts))


def numbers_word(count: int) -> str:
    """Return a number as a word, up to twelve."""
    return WORDS.get(count, str(count))


def share_text(share: float) -> str:
    """Return a share in whole per cent, with a decimal where rounding would hide a rest."""
    rounded = round(100 * share)
    return "99.9 %" if rounded == 100 and share < 1 - 1e-9 else f"{rounded} %"


def signed(number: float, decimals: int) -> str:
    """Return a number with a real minus sign; what rounds to 0 has none."""
    text = f"{number:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else with_minus(text)


def _projection_sentence(shown: EmbeddingMap) -> str:
    if shown.is_table:
        mine, other = shown.trained_loss, shown.other_trained_loss
        gap = f"{signed(abs(mine - other), 3)} {'higher' if mine >= other else 'lower'}"
        return (
            "Nothing is left out: the map is the table itself. After training, this network's "
            f"held-out loss is {gap} than with {numbers_word(shown.other_n_embd)} numbers."
        )
    keeps = (
        "The first principal axis is the direction of the largest spread, the second that of the "
        "largest at a right angle to it. "
        f"The map keeps {share_text(shown.variance_kept)} of the variance"
    )
    return f"{keeps}." if shown.variance_kept >= POOR else f"{keeps}: a poor map."


def _vowel_sentence(vowels: VowelCosine | None) -> str:
    if vowels is None:
        return ""
    mean, low, high = (
        with_minus(text)
        for text in distinct_decimals(vowels.mean, vowels.low, vowels.high, decimals=2)
    )
    verdict = "no claim about vowels."
    if vowels.is_outside:
        order = "more alike" if vowels.mean > vowels.high else "less alike"
        verdict = f"the vowels are {order} than random letters."
    return (
        f"The five vowels have a mean cosine of {mean}. With five random letters, it lies between "
        f"{low} and {high} in 95 of 100 draws: {verdict}"
    )


def _swap_sentence(shown: EmbeddingMap) -> str:
    near, far = shown.cheapest[0], shown.dearest[0]
    chosen, high = name_of(shown.chosen_label), signed(far.value, 3)
    verb, low = ("raises" if near.value > 0 else "changes"), signed(near.value, 3)
    if float(f"{near.value:.3f}") == 0:
        verb, low = "changes", f"less than {HALF_A_DIGIT}"
    return (
        f"After training, swapping the rows of {chosen} and {name_of(near.label)} {verb} the "
        f"held-out loss by {low}, of {chosen} and {name_of(far.label)} by {high}."
    )
