"""The HTML of a guessing round: question, score, name, and bars on the keys after the guess."""

from collections.abc import Sequence

from microgpt.viz.formatting import format_prob, label_length, visible
from microgpt.viz.guess_game.caption import guess_caption
from microgpt.viz.guess_game.game_round import GuessRound, NameTile, name_tiles
from microgpt.viz.guess_game.keys import MAX_KEYS, Key, KeyGrid, key_grid
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.table import html_table

ROLE_CLASSES = {"prefix": "", "asked": "next", "target": "true", "rest": "rest"}


def render_guess_round(game_round: GuessRound, view_id: str, bars_grow: bool = False) -> Rendered:
    """Return the round as HTML and its caption.

    The view with the class `view_id` holds the keys, real buttons, in a box of the class "mg-keys".
    After the guess the HTML hides that box and shows tiles with bars in the same grid area; with
    `bars_grow`, the bars grow out of them.
    """
    grid = key_grid(game_round)
    is_answered = game_round.answer() is not None
    parts = [
        tag("h3", game_round.question, css_class="q"),
        _score(game_round),
        name_row(name_tiles(game_round)),
        _board(game_round, grid, bars_grow) if is_answered else _promise(game_round, grid),
        _rules(grid, view_id, is_answered),
    ]
    return Rendered(join(*parts), guess_caption(game_round))


def guess_table(game_round: GuessRound) -> str:
    """Return all probabilities by rank, with six decimals, as HTML; a sentence before the guess."""
    answer = game_round.answer()
    if answer is None:
        return tag("p", "The probabilities appear here after your guess.", css_class="lab")
    _, probs, ranked_ids = answer
    rows = [
        (visible(game_round.labels[token]), rank + 1, f"{probs[token]:.6f}")
        for rank, token in enumerate(ranked_ids.tolist())
    ]
    return html_table((game_round.unit, "rank", "probability"), rows)


def _rules(grid: KeyGrid, view_id: str, is_answered: bool) -> Markup:
    """Return the rules for this state: the columns of the keys, and what is out of sight."""
    card = f".{view_id} .mg-guess"
    hide = (
        f"{card} :is(.mg-keys,.mg-choice){{display:none!important}}"
        if is_answered
        else f"{card} .mg-act{{visibility:hidden}}"
    )
    return tag("style", Markup(f"{card}{{{grid_sizes(grid)}}}{hide}"))


def grid_sizes(grid: KeyGrid) -> str:
    """Return the sizes of the grid as CSS: its columns, and less room for bars in several rows."""
    return f"--columns:{grid.columns}" + (";--room:40px" if grid.num_rows > 1 else "")


def _score(game_round: GuessRound) -> Markup:
    """Return a dot for each round, and the points of the user and of the model."""
    is_answered = game_round.answer() is not None
    dots = []
    for number in range(1, game_round.num_rounds + 1):
        is_done = number < game_round.number or (number == game_round.number and is_answered)
        state = "done" if is_done else "now" if number == game_round.number else ""
        dots.append(tag("i", css_class=state) if state else tag("i"))
    label = f"round {game_round.number} of {game_round.num_rounds}"
    points = [
        tag("div", tag("span", player, css_class="lab"), tag("span", str(score), css_class="fig"))
        for player, score in zip(("you", "model"), game_round.scores, strict=True)
    ]
    rounds = tag("div", *dots, css_class="rounds", role="img", aria_label=label, title=label)
    return tag("div", rounds, *points, css_class="score")


def name_row(tiles: Sequence[NameTile]) -> Markup:
    """Return the tiles of a name in one row."""
    elements = []
    for tile in tiles:
        length = "" if label_length(tile.text) <= 2 else "long"
        css_class = f"tile {ROLE_CLASSES[tile.role]} {length}"
        elements.append(tag("span", tile.text, css_class=css_class))
    shown = "".join(tile.text for tile in tiles)
    return tag(
        "div", *elements, css_class="name", dir="auto", role="img", aria_label=f"the name: {shown}"
    )


def _promise(game_round: GuessRound, grid: KeyGrid) -> Markup:
    """Return the line that stands where the bars will be."""
    return tag("p", "The bars appear here after your guess", css_class="lab promise")


def _board(game_round: GuessRound, grid: KeyGrid, bars_grow: bool) -> Markup:
    answer = game_round.answer()
    assert answer is not None
    heard = ", ".join(
        f"{key.label} {format_prob(float(answer[1][key.token]))}{key.owner and f' ({key.owner})'}"
        for key in grid.keys
    )
    is_list = len(game_round.labels) > MAX_KEYS
    return tag(
        "div",
        *(key_tile(key, bars_grow) for key in grid.keys),
        css_class="board few" if is_list else "board",
        role="img",
        aria_label=f"the model's probabilities: {heard}",
    )


def key_tile(key: Key, bars_grow: bool) -> Markup:
    """Return a token's tile with its bar above it, which grows with `bars_grow`."""
    assert key.share is not None
    roles = " ".join(["yours"] * key.is_yours + ["right"] * key.is_true)
    css_class = f"keycap span{key.span} {roles}"
    from_share = f"--h0:{percent(key.before)}" if key.before else None
    bar = tag("i", css_class="bar gr" if bars_grow else "bar", style=from_share)
    outline, height = "", None
    if key.outline is not None:
        outline = tag("i", css_class="outline", style=f"--p:{percent(key.outline)}")
        height = f"--p:{percent(key.number_share)}"
    number_class = " ".join(["number", *["top"] * key.is_favourite, *["gi"] * bars_grow])
    unit = tag("span", " %", css_class="unit")
    number = (
        tag("span", key.number, unit, css_class=number_class, style=height) if key.number else ""
    )
    return tag(
        "div",
        tag("span", bar, outline, number, css_class="above", style=f"--p:{percent(key.share)}"),
        tag("span", key.label, css_class="letter"),
        tag("em", key.owner) if key.owner else "",
        css_class=css_class,
    )
