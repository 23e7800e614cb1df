"""What is folded below dial and dice: the numbers, the chance of a typed name, five names."""

from dataclasses import replace
from html import escape

from microgpt.config import SampleConfig
from microgpt.errors import TokenError
from microgpt.sampling import LetterChance, ModelOrigin, Walk, letter_chances, surprise
from microgpt.viz.sampler.bars import CUTS
from microgpt.viz.words import one_in, quoted, share, visible

ROWS = 100


def numbers(walk: Walk) -> str:
    """The table of a choice's numbers, six digits each, as HTML."""
    choice = walk.shown.choice
    rows = []
    for rank, token in enumerate(choice.order[:ROWS].tolist()):
        kept = rank < choice.kept
        picked = " ◀ picked" if rank == choice.rank else ""
        rows.append(
            f"<tr><td>{escape(visible(walk.origin.label(token)))}{picked}</td><td>{rank + 1}</td>"
            f"<td>{choice.unfiltered[token]:.6f}</td>"
            f"<td>{f'{choice.probabilities[token]:.6f}' if kept else 'cut'}</td>"
            f"<td>{choice.cumulative[rank]:.6f}</td></tr>"
        )
    more = len(choice.order) - ROWS
    left = f"<p>and {more:,} more ranks</p>" if more > 0 else ""
    return (
        "<details open><summary>The numbers of this choice</summary>"
        '<div class="mg-scroll" tabindex="0" role="region" aria-label="numbers">'
        f'<table class="mg-table"><caption>{escape(walk.origin.unit)}s by rank</caption>'
        '<thead><tr><th scope="col">token</th><th scope="col">rank</th>'
        '<th scope="col">chance at T = 1, no cuts</th><th scope="col">chance now</th>'
        f'<th scope="col">added up</th></tr></thead><tbody>{"".join(rows)}</tbody></table>{left}'
        "</div></details>"
    )


def likelihood(origin: ModelOrigin, text: str, dials: SampleConfig | None = None) -> str:
    """How likely a typed name is at these dials, in one sentence of plain text."""
    if not text:
        return "Type a name, and its chance stands here."
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
    from math import exp

    least = min(chances, key=lambda letter: letter.chance)
    return (
        f"{shown}{mark}: {one_in(exp(-total))}. Its surprises add up to {total:.2f} nats; "
        f"the greatest is {quoted(origin.label(least.token))}, which had {share(least.chance)}."
    )


def _why_cut(origin: ModelOrigin, letter: LetterChance, dials: SampleConfig | None) -> str:
    before = [token for token in letter.after if token != origin.stop]
    after = f"after {quoted(origin.label(before[-1]))}" if before else "as the first letter"
    rank = f"{quoted(origin.label(letter.token))} {after} has rank {letter.rank + 1}"
    if letter.kept_by is None or dials is None:
        return f"{rank}, and at T = 0 only the first is taken"
    value = getattr(dials, letter.kept_by)
    return f"{rank}, {CUTS[letter.kept_by]} {value:g} keeps {letter.kept}"


def quoted_text(text: str) -> str:
    """A typed text in quotes, shortened, with nothing invisible in it."""
    return f'"{visible(text, 24)}"'


def five_texts(walk: Walk) -> str:
    """A text from each of five fixed dice sets, at these dials and at T = 1, as an HTML table."""
    plain = SampleConfig()
    rows = []
    for dice in range(1, 6):
        cells = []
        for dials in (walk.dials, plain):
            drawn = replace(walk.restarted(dice=dice), dials=dials).finish()
            mark = walk.origin.mark
            said = f" · {mark(drawn.text)}" if mark is not None and drawn.ended else ""
            shown = "".join(visible(walk.origin.label(token)) for token in drawn.text_tokens)
            cells.append(f"<td>{escape(shown or '(no letters)')}{escape(said)}</td>")
        rows.append(f"<tr><td>{dice}</td>{''.join(cells)}</tr>")
    return (
        '<table class="mg-table"><thead><tr><th scope="col">dice set</th>'
        '<th scope="col">at these dials</th><th scope="col">at T = 1, no cuts</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
