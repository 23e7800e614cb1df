"""The album of a training run: what a model writes after 0, 10, 100 and 1,000 steps."""

from dataclasses import dataclass
from math import exp, isnan

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import visible
from microgpt.viz.table import html_table

WIDTH, HEIGHT = 720, 342
BAR = 330  # where the progress begins


@dataclass(frozen=True)
class Page:
    """One page: the step, the held-out loss ± its standard error, and texts with their marks.

    Where nothing is held out, the loss is not a number.
    """

    step: int
    loss: float
    error: float
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pairs:
    """Counting pairs of letters in the texts trained on: its held-out loss, and by how much the
    model's is lower on the same texts, ± the standard error of that difference."""

    loss: float
    lead: float
    error: float


@dataclass(frozen=True)
class Story:
    """A run so far: its pages, those still to come, and two losses to compare with.

    `blind` is the loss of knowing nothing. `said` is the state in a word, `problem` what ended the
    run early.
    """

    due: tuple[int, ...]
    pages: tuple[Page, ...] = ()
    done: int = 0
    steps: int = 1000
    blind: float = 0.0
    pairs: Pairs | None = None
    said: str = "ready"
    problem: str = ""
    temperature: float = 0.5

    def with_page(self, page: Page) -> "Story":
        """With one more page, in the place of one of the same step."""
        others = [other for other in self.pages if other.step != page.step]
        pages = tuple(sorted([*others, page], key=lambda page: page.step))
        return Story(**{**vars(self), "pages": pages, "done": page.step})


def draw_album(story: Story, note: str = "") -> tuple[Drawing, str]:
    """The pages side by side, and the progress above them."""
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
    if isnan(page.loss):
        drawing.add(Text(x, 57, "no held-out loss"))
    else:
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


def album_table(story: Story) -> str:
    """The table of the pages' losses, six digits each, as HTML."""
    rows = [(page.step, f"{page.loss:.6f}", f"{page.error:.6f}") for page in story.pages]
    rows += [("knowing nothing", f"{story.blind:.6f}", "")]  # type: ignore[list-item]
    if story.pairs is not None:
        rows += [("counting pairs", f"{story.pairs.loss:.6f}", "")]  # type: ignore[list-item]
    return html_table(("step", "held-out loss", "± standard error"), rows)


def _sentence(story: Story) -> str:
    if story.problem:
        return f"Training ended early: {story.problem}"
    known = [page for page in story.pages if not isnan(page.loss)]
    if not known:
        return "No held-out loss is there yet."
    first, last = known[0], known[-1]
    parts = [
        f"At step {first.step:,} its average surprise on held-out texts is {first.loss:.2f}, as if "
        f"it chose among {choices(first.loss)} letters."
    ]
    if last is not first:
        error = "" if isnan(last.error) else f" ± {last.error:.2f}"
        said = f"At step {last.step:,} it is {last.loss:.2f}{error}, as if among "
        said += choices(last.loss)
        if last.step == story.due[-1]:
            said += f": {verdict(story)}"
        parts.append(f"{said}.")
        best = min(known, key=lambda page: page.loss)
        if story.blind > best.loss and last.loss > best.loss + 2 * max(best.error, last.error):
            parts.append(
                f"It was better at step {best.step:,}: since then it learns its list by heart."
            )
    to_compare = f"To compare: knowing nothing is {story.blind:.2f}"
    if story.pairs is not None:
        to_compare += f", counting pairs of letters in the same texts {story.pairs.loss:.2f}"
    return " ".join([*parts, f"{to_compare}. Texts at T = {story.temperature:g}."])


def verdict(story: Story) -> str:
    """The last page against knowing nothing and against counting pairs, in words.

    A difference within two standard errors is "no difference seen".
    """
    known = [page for page in story.pages if not isnan(page.loss)]
    if not known:
        return "nothing is held out, so nothing can be said"
    last = known[-1]
    margin = 0.0 if isnan(last.error) else 2 * last.error
    if last.loss > story.blind:
        clear = last.loss - margin > story.blind
        return "worse than knowing nothing" if clear else "no better than knowing nothing"
    if story.pairs is None:
        return "better than knowing nothing"
    if abs(story.pairs.lead) < 2 * story.pairs.error:
        return "no difference seen from counting pairs of letters"
    return ("better" if story.pairs.lead > 0 else "worse") + " than counting pairs of letters"
