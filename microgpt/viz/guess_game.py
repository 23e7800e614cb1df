"""The guessing game: a name with its next letter hidden, your guess, and the model's chances."""

from dataclasses import dataclass

from microgpt.sampling import ModelOrigin, next_token
from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import ordinal, quoted, share, visible
from microgpt.viz.table import html_table

WIDTH, HEIGHT = 720, 250
BASE, TALL, EDGE = 200, 130, 16
MOST = 30


@dataclass(frozen=True)
class Game:
    """Rounds of guessing: each a beginning and the letter that really follows it.

    `guesses` are token ids, one for each round that was answered; `shown` is the round in view.
    """

    origin: ModelOrigin
    rounds: tuple[tuple[str, int], ...]
    names: tuple[str, ...] = ()
    guesses: tuple[int, ...] = ()
    shown: int = 0

    @property
    def answered(self) -> bool:
        """Whether the round in view has its guess."""
        return len(self.guesses) > self.shown


def draw_game(game: Game, note: str = "") -> tuple[Drawing, str]:
    """The round in view: the beginning, and after the guess all chances of the next letter."""
    beginning, true = game.rounds[game.shown]
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.part("fluid")
    title = f"round {game.shown + 1} of {len(game.rounds)}"
    drawing.add(
        Text(0, 16, title, strong=True),
        Text(150, 16, f"which letter comes next?   {visible(beginning, 16)}_", strong=True),
    )
    if not game.answered:
        drawing.add(Text(150, 110, "Choose a letter. Its chances stand here after your guess."))
        said = f'A name begins with "{beginning}". Choose the letter that you think comes next.'
        drawing.caption = note or said
        return drawing, drawing.caption
    guess = game.guesses[game.shown]
    tokens = game.origin.start(beginning)
    choice = next_token(game.origin.logits(len(tokens), tokens))
    ranks = {int(token): rank for rank, token in enumerate(choice.order)}
    likeliest = [int(token) for token in choice.order if token not in (guess, true)]
    listed = sorted({guess, true, *likeliest[: MOST - len({guess, true})]})
    _draw_chances(drawing, game.origin, listed, choice.probabilities, guess, true)
    label = game.origin.label
    said = (
        f"You said {quoted(label(guess))}: the model gives it "
        f"{share(choice.probabilities[guess])}, {ordinal(ranks[guess])}. "
    )
    if guess == true:
        said += "That is the letter that follows."
    else:
        said += (
            f"The name goes on with {quoted(label(true))}, {ordinal(ranks[true])} "
            f"({share(choice.probabilities[true])})."
        )
    said += f' It is "{visible(game.names[game.shown], 24)}".'
    if len(game.guesses) == len(game.rounds):
        said += f" {score(game)}"
    drawing.caption = note or said
    return drawing, drawing.caption


def chances_table(game: Game) -> str:
    """The table of the chances in view, six digits each, as HTML; none before the guess."""
    if not game.answered:
        return "<p>The chances stand here after your guess.</p>"
    tokens = game.origin.start(game.rounds[game.shown][0])
    choice = next_token(game.origin.logits(len(tokens), tokens))
    rows = [
        (visible(game.origin.label(token)), rank + 1, f"{choice.probabilities[token]:.6f}")
        for rank, token in enumerate(choice.order.tolist())
    ]
    return html_table(("letter", "rank", "chance"), rows)


def score(game: Game) -> str:
    """How often you were right, and how often the model's first choice was."""
    right = sum(guess == true for guess, (_, true) in zip(game.guesses, game.rounds, strict=True))
    its = 0
    for beginning, true in game.rounds:
        tokens = game.origin.start(beginning)
        its += next_token(game.origin.logits(len(tokens), tokens)).order[0] == true
    count = len(game.rounds)
    return f"You were right in {right} of {count} rounds; its first choice was right in {its}."


def _draw_chances(
    drawing: Drawing, origin: ModelOrigin, listed: list[int], chances: object, guess: int, true: int
) -> None:
    step = (WIDTH - 2 * EDGE) / len(listed)
    top = max(float(chances[token]) for token in listed)  # type: ignore[index]
    drawing.add(Line(0, BASE, WIDTH, BASE, "line"))
    for place, token in enumerate(listed):
        chance = float(chances[token])  # type: ignore[index]
        x, tall = EDGE + place * step, TALL * chance / top
        fill = "orange" if token == guess else "blue"
        drawing.add(Rect(x + 3, BASE - tall, step - 6, tall, fill, role="now"))
        strong = token in (guess, true)
        drawing.add(
            Text(x + step / 2, BASE + 16, visible(origin.label(token), 3), "middle", strong)
        )
        if strong or chance == top:
            drawing.add(Text(x + step / 2, BASE - tall - 5, f"{100 * chance:.0f} %", "middle"))
        if strong:
            who = "both" if guess == true else "you" if token == guess else "name"
            drawing.add(Text(x + step / 2, BASE + 30, "▲", "middle", strong=True))
            drawing.add(Text(x + step / 2, BASE + 46, who, "middle", strong=True))
