"""How likely a text is, letter by letter: a bar for each, and the chance of the whole."""

from math import log

from microgpt.errors import TokenError
from microgpt.sampling import LetterChance, ModelOrigin, letter_chances
from microgpt.viz.drawing import Drawing, Rect, Text
from microgpt.viz.formatting import share, visible
from microgpt.viz.sampler.tables import likelihood
from microgpt.viz.table import html_table

WIDTH, HEIGHT, TOP, MOST = 720, 280, 22, 17
LEAST, ROOM = 15, 26  # pixels a letter; few letters get more room than many
LEFT, SCALE = 70, 280


def draw_letters(origin: ModelOrigin, text: str, note: str = "") -> tuple[Drawing, str]:
    """The chance a model gives each letter of `text`, and the sentence that sums it up."""
    said = note or likelihood(origin, text)
    drawing = Drawing(WIDTH, HEIGHT, said)
    drawing.part("fluid")
    try:
        chances = letter_chances(origin, text) if text else []
    except TokenError:
        chances = []
    if not chances:
        drawing.add(Text(LEFT, TOP + 40, "(no bars: the sentence says why)"))
        return drawing, said
    drawing.add(Text(0, 14, "each letter, after those before it", strong=True))
    drawing.add(Text(LEFT + SCALE + 10, 14, "chance · its rank · surprise"))
    row = max(LEAST, min(ROOM, (HEIGHT - TOP) // len(chances)))
    for place, letter in enumerate(chances[:MOST]):
        _draw_row(drawing, origin, letter, TOP + row * place, row)
    return drawing, said


def letters_table(origin: ModelOrigin, text: str) -> str:
    """The table of a text's letters, six digits each, as HTML."""
    try:
        chances = letter_chances(origin, text)
    except TokenError:
        chances = []
    rows = [
        (visible(origin.label(letter.token)), letter.rank + 1, f"{letter.chance:.6f}",
         f"{-log(letter.chance):.6f}" if letter.chance else "")
        for letter in chances
    ]  # fmt: skip
    return html_table(("letter", "rank", "chance", "surprise in nats"), rows)


def _draw_row(
    drawing: Drawing, origin: ModelOrigin, letter: LetterChance, y: float, row: int
) -> None:
    drawing.add(
        Text(LEFT - 8, y + row / 2 + 5, visible(origin.label(letter.token)), "end", strong=True)
    )
    drawing.add(
        Rect(LEFT, y + 2, SCALE, row - 3, "ground", role="whole"),
        Rect(LEFT, y + 2, SCALE * letter.chance, row - 3, "blue", role="now"),
    )
    nats = f"{-log(letter.chance):.2f} nats" if letter.chance else "cannot come"
    said = f"{share(letter.chance)} · rank {letter.rank + 1} of {letter.V} · {nats}"
    drawing.add(Text(LEFT + SCALE + 10, y + row / 2 + 5, said, role="chance"))
