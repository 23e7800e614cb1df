"""What is folded below dial and dice: the numbers, the chance of a typed name, five names."""

from dataclasses import replace

from microgpt.config import SampleConfig
from microgpt.errors import TokenError
from microgpt.sampling import LetterChance, ModelOrigin, Walk, letter_chances, surprise
from microgpt.sampling.sampling_trace import PLAIN
from microgpt.viz.formatting import one_in, quoted, share, visible
from microgpt.viz.sampler.bars import CUTS
from microgpt.viz.table import html_table

ROWS = 100


def numbers(walk: Walk) -> str:
    """The table of a choice's numbers, six digits each, as HTML."""
    choice = walk.shown.choice
    rows = []
    for rank, token in enumerate(choice.order[:ROWS].tolist()):
        label = visible(walk.origin.label(token))
        rows.append(
            (
                f"{label} ◀ picked" if rank == choice.rank else label,
                rank + 1,
                f"{choice.base_probabilities[token]:.6f}",
                f"{choice.probabilities[token]:.6f}" if rank < choice.kept else "cut",
                f"{choice.cumulative[rank]:.6f}",
            )
        )
    more = len(choice.order) - ROWS
    caption = f"{walk.origin.unit}s by rank" + (f", {more:,} more not shown" if more > 0 else "")
    heads = ("token", "rank", "chance at T = 1, no cuts", "chance now", "added up")
    return html_table(heads, rows, caption)


def likelihood(origin: ModelOrigin, text: str, dials: SampleConfig = PLAIN) -> str:
    """How likely a typed name is at these dials, in one sentence of plain text."""
    if not text:
        return "Type a name, and its chance stands here."
    if unknown := sorted({letter for letter in text if not origin.can_read(letter)}):
        letters = ", ".join(quoted(letter) for letter in unknown[:8])
        return f"This model never met {letters}, so it can say nothing of {quoted_text(text)}."
    try:
        chances = letter_chances(origin, text, dials)
    except TokenError as error:
        return str(error)[:1].upper() + str(error)[1:]
    shown = quoted_text(text)
    for letter in chances:
        if letter.chance == 0:
            return f"{shown} cannot be produced: {_why_cut(origin, letter, dials)}."
    mark = f" ({origin.mark(text)})" if origin.mark is not None else ""
    total = surprise(chances)
    place = min(range(len(chances)), key=lambda place: chances[place].chance)
    least = chances[place]
    return (
        f"{shown}{mark}: {one_in(total)}. Its surprises add up to {total:.2f} nats; the greatest "
        f"is {quoted(origin.label(least.token))} in place {place + 1}, "
        f"which had {share(least.chance)}."
    )


def _why_cut(origin: ModelOrigin, letter: LetterChance, dials: SampleConfig) -> str:
    before = [token for token in letter.after if token != origin.stop]
    after = f"after {quoted(origin.label(before[-1]))}" if before else "as the first letter"
    rank = f"{quoted(origin.label(letter.token))} {after} has rank {letter.rank + 1}"
    if letter.binding_filter is None:
        return f"{rank}, and at T = 0 only the first is taken"
    value = getattr(dials, letter.binding_filter)
    return f"{rank}, {CUTS[letter.binding_filter]} {value:g} keeps {letter.kept}"


def quoted_text(text: str) -> str:
    """A typed text in quotes, shortened, with nothing invisible in it."""
    return f'"{visible(text, 24)}"'


def five_texts(walk: Walk) -> str:
    """A text from each of five fixed dice sets, at these dials and at T = 1, as an HTML table."""
    rows = [
        (dice, *(_drawn(replace(walk.restarted(dice=dice), dials=dials)) for dials in both))
        for dice in range(1, 6)
        for both in [(walk.dials, PLAIN)]
    ]
    return html_table(("dice set", "at these dials", "at T = 1, no cuts"), rows)


def _drawn(walk: Walk) -> str:
    """The whole text of a walk, with its mark if it ended."""
    done, mark = walk.finish(), walk.origin.mark
    between = "" if walk.origin.unit == "letter" else " · "
    shown = between.join(visible(walk.origin.label(token)) for token in done.text_tokens)
    if not shown:
        return "(no letters)"
    return f"{shown} · {mark(done.text)}" if mark is not None and done.ended else shown
