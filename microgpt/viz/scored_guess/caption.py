"""The sentences below a round of the scored guessing game."""

from microgpt.plain_text import join_and
from microgpt.viz.formatting import (
    distinct_decimals,
    format_permille,
    format_prob,
    in_quotes,
    quoted,
    quoted_text,
)
from microgpt.viz.scored_guess.scored_round import Reveal, ScoredRound


def scored_caption(scored_round: ScoredRound) -> str:
    """Return what is asked and given; after the guess its score, and at the end the result."""
    if scored_round.reveal is None:
        return _question(scored_round)
    sentences = [_score(scored_round, scored_round.reveal)]
    if scored_round.difference is not None:
        sentences.append(_result(scored_round, *scored_round.difference))
    return " ".join(sentences)


def _question(scored_round: ScoredRound) -> str:
    start = "".join(scored_round.shown_prefix())
    begins = f"begins {in_quotes(start)}" if start else "is about to begin"
    if scored_round.chosen:
        return f"The name {begins}. {_given(scored_round)}"
    how = (
        "Choose up to three letters and say how sure you are that one of them comes next. Until "
        "then, every letter has the same probability."
    )
    if scored_round.number > 1:
        return f"The next name {begins}. {how}"
    return (
        f"A name from the held-out set {begins}. {how} After {scored_round.num_rounds} "
        "rounds, your mean is compared with that of the pairs, ± two standard errors."
    )


def _given(scored_round: ScoredRound) -> str:
    """Say what the chosen letters get and what is left for the others."""
    num_letters = len(scored_round.labels)
    if scored_round.confidence == 0:
        return (
            f"At 0 % all {num_letters} keys have the same probability, "
            f"{format_prob(1 / num_letters)}, as for knowing nothing."
        )
    *chosen, others = scored_round.shares()
    given = join_and(f"{share.label} {format_permille(share.yours)}" for share in chosen)
    num_others = num_letters - len(chosen)
    each = format_prob((1 - scored_round.confidence / 100) / num_others)
    if num_others == 1:
        return f"You give {given}; the other key gets {format_permille(others.yours)}."
    return (
        f"You give {given}; the other {num_others} keys share {format_permille(others.yours)}, "
        f"about {each} each."
    )


def _score(scored_round: ScoredRound, reveal: Reveal) -> str:
    label = quoted(scored_round.labels[reveal.target])
    follows = "it ends here" if label == "the end" else f"{label} follows"
    you, blind, _, pairs = scored_round.nats[scored_round.number - 1]
    yours, theirs = (
        format_prob(float(probs[reveal.target])) for probs in (scored_round.probs, reveal.pairs)
    )
    return (
        f"The name is {quoted_text(reveal.name)}: {follows}. You gave {label} {yours}: a negative "
        f"log-likelihood of {you:.2f} nats. The counted pairs gave it {theirs}: {pairs:.2f}. "
        f"Knowing nothing: {blind:.2f}."
    )


def _result(scored_round: ScoredRound, difference: float, two_errors: float) -> str:
    """Compare the means of you and pairs: is their difference outside two standard errors?"""
    you, _, _, pairs = scored_round.nats.mean(axis=0)
    size, bound = distinct_decimals(abs(difference), two_errors, decimals=2)
    letters = f"Over {scored_round.num_rounds} letters"
    means = f"{letters} you are at {you:.2f} nats, the pairs at {pairs:.2f}"
    if abs(difference) <= two_errors:
        return f"{means}; the difference of {size} is inside ± {bound}: no difference seen."
    better = "you guess better" if difference < 0 else "the pairs guess better"
    return f"{means}; the difference of {size} is outside ± {bound}: {better}."
