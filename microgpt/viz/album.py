"""The album of a training run: what a model writes after 0, 10, 100 and 1,000 steps."""

from dataclasses import dataclass
from math import exp

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.words import visible

WIDTH, HEIGHT = 720, 342
BAR = 330  # where the progress begins


@dataclass(frozen=True)
class Page:
    """One page: the step, the held-out loss ± its standard error, and texts with their marks."""

    step: int
    loss: float
    error: float
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Story:
    """A run so far: its pages, those still to come, and two losses to compare with.

    `blind` is the loss of knowing nothing, `pairs` that of counting letter pairs in the texts that
    were trained on (None where they were not counted). `said` is the state in a word.
    """

    due: tuple[int, ...]
    pages: tuple[Page, ...] = ()
    done: int = 0
    steps: int = 1000
    blind: float = 0.0
    pairs: float | None = None
    said: str = "ready"
    temperature: float = 0.5


def draw_album(story: Story, note: str = "") -> tuple[Drawing, str]:
    """The pages side by side, the progress above, the comparisons below."""
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.part("fluid")
    wide = WIDTH / max(1, len(story.due))
    full = (WIDTH - BAR - 5) * story.done / max(1, story.steps)
    drawing.add(
        Text(0, 13, f"{story.said}: {story.done:,} of {story.steps:,} steps", strong=True),
        Rect(BAR, 3, WIDTH - BAR - 5, 11, "ground", "outline"),
        Rect(BAR, 3, full, 11, "blue", role="progress"),
    )
    for place, due in enumerate(story.due):
        x = place * wide
        drawing.add(Line(x, 24, x, HEIGHT - 2, "line"))
        page = next((page for page in story.pages if page.step == due), None)
        _draw_page(drawing, x + 8, due, page)
    drawing.caption = note or _sentence(story)
    return drawing, drawing.caption


def _draw_page(drawing: Drawing, x: float, due: int, page: Page | None) -> None:
    drawing.add(Text(x, 38, f"step {due:,}", strong=True))
    if page is None:
        drawing.add(Text(x, 57, "not yet"))
        return
    drawing.add(
        Text(x, 57, f"loss {page.loss:.2f}", role="loss"),
        Text(x, 75, "feels like"),
        Text(x, 91, f"{choices(page.loss)} choices"),
    )
    for place, (text, mark) in enumerate(page.texts):
        y = 115 + 47 * place
        drawing.add(Text(x, y, visible(text, 13) or "(no letters)", strong=True, role="text"))
        for line, words in enumerate(mark.split(", ")):  # half as wide, for narrow panels
            drawing.add(Text(x, y + 15 * (line + 1), words, role="mark"))


def choices(loss: float) -> str:
    """e to the loss: how many equally likely choices feel the same."""
    number = exp(min(loss, 700))
    if number < 100:
        return f"{number:.1f}"
    return f"{number:,.0f}" if number < 1e6 else "over a million"


def _sentence(story: Story) -> str:
    if not story.pages:
        return "Training has not begun."
    first, last = story.pages[0], story.pages[-1]
    said = (
        f"At step {first.step:,} its average surprise on held-out texts is {first.loss:.2f}, as if "
        f"it chose among {choices(first.loss)} letters."
    )
    if last is not first:
        where = f"At step {last.step:,} it is {last.loss:.2f} ± {last.error:.2f}"
        said += f" {where}, as if among {choices(last.loss)}"
        if story.pairs is not None and last.step == story.due[-1]:
            said += f": {_verdict(last, story.blind, story.pairs)}"
        said += "."
    said += f" To compare: knowing nothing is {story.blind:.2f}"
    if story.pairs is not None:
        said += f", counting pairs of letters in the same texts {story.pairs:.2f}"
    return f"{said}. Texts at T = {story.temperature:g}."


def _verdict(page: Page, blind: float, pairs: float) -> str:
    if page.loss > blind:
        return "worse than knowing nothing"
    if abs(page.loss - pairs) < 2 * page.error:
        return "no difference seen from counting pairs of letters"
    return ("better" if page.loss < pairs else "worse") + " than counting pairs of letters"
