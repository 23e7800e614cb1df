"""The still picture of a guessing round: the same composition as the live view's."""

from unicodedata import bidirectional

from microgpt.viz.drawing import MARGIN, Circle, Drawing, Rect, Text
from microgpt.viz.formatting import label_length
from microgpt.viz.guess_game.game_round import GuessRound, NameTile, name_tiles
from microgpt.viz.guess_game.keys import Key, KeyGrid, key_grid

WIDTH, TOP = 720, 56
TILE, TILE_GAP = 44, 6
GAP, KEY_HEIGHT = 3, 36
CHAR_WIDTH = 0.64  # of a character, in its font size


def draw_guess_round(game_round: GuessRound) -> Drawing:
    """Draw the question, the score, the name and the keys, with bars after the guess."""
    grid = key_grid(game_round)
    keys_top = TOP + 56
    drawing = Drawing(WIDTH, keys_top + keys_height(grid) + 16)
    drawing.add_question(game_round.question)
    _draw_score(drawing, game_round)
    draw_name(drawing, name_tiles(game_round))
    if game_round.answer() is None:
        sentence = "The bars appear here after your guess"
        drawing.add(
            Text(
                WIDTH / 2,
                keys_top + bar_height_limit(grid) / 2 + 14,
                sentence,
                "middle",
                fill="ink2",
            )
        )
    draw_keys(drawing, grid, keys_top)
    return drawing


def bar_height_limit(grid: KeyGrid) -> float:
    """Return the greatest height of a bar."""
    return 84 if grid.num_rows <= 1 else 40


def keys_height(grid: KeyGrid) -> float:
    """Return the height of all rows of keys, with the room for their bars."""
    return (bar_height_limit(grid) + 20 + KEY_HEIGHT + 18) * max(1, grid.num_rows)


def draw_keys(drawing: Drawing, grid: KeyGrid, top: float, bar_fill: str = "data") -> None:
    """Draw the rows of keys below `top`, with bars in the colour `bar_fill` but for yours."""
    unit = (WIDTH - 2 * MARGIN + GAP) / grid.columns
    row_height = keys_height(grid) / max(1, grid.num_rows)
    for index, row in enumerate(grid.rows()):
        column = 0
        for key in row:
            x, y = MARGIN + column * unit, top + index * row_height + bar_height_limit(grid) + 20
            _draw_key(drawing, key, x, y, unit * key.span - GAP, bar_height_limit(grid), bar_fill)
            column += key.span


def _draw_score(drawing: Drawing, game_round: GuessRound) -> None:
    """Draw a dot for each round and the points, from the right edge to the left."""
    x = WIDTH - MARGIN
    user_score, model_score = game_round.scores
    for label, score in (("model", model_score), ("you", user_score)):
        drawing.add(Text(x, 38, str(score), "end", size=24, weight="light"))
        x -= 16 * len(str(score)) + 6
        drawing.add(Text(x, 38, label, "end", fill="ink2"))
        x -= 9 * len(label) + 16
    is_answered = game_round.answer() is not None
    for number in range(game_round.num_rounds, 0, -1):
        is_done = number < game_round.number or (number == game_round.number and is_answered)
        is_now = number == game_round.number
        fill, stroke = ("ink2", "ink2") if is_done else ("none", "data" if is_now else "ink3")
        drawing.add(Circle(x - 5, 32, 4, fill, stroke, 2.5 if is_now and not is_done else 1.5))
        x -= 15


def draw_name(drawing: Drawing, tiles: list[NameTile]) -> None:
    """Draw the tiles of a name in one row, in the direction of its script."""
    widths = [max(TILE, 16 + 24 * CHAR_WIDTH * label_length(tile.text)) for tile in tiles]
    total = sum(widths) + TILE_GAP * (len(tiles) - 1)
    scale = min(1.0, (WIDTH - 2 * MARGIN) / total)
    x = WIDTH / 2 - total * scale / 2
    in_order = list(zip(tiles, widths, strict=True))
    if _is_right_to_left(tiles):
        in_order.reverse()
    for tile, full_width in in_order:
        width = full_width * scale
        weight, fill = "normal", "ink"
        if tile.role == "asked":
            drawing.add(Rect(x, TOP, width, 48, "none", "mark", 1.5, radius=8))
            weight, fill = "bold", "mark"
        elif tile.role == "rest":
            drawing.add(Rect(x, TOP, width, 48, "none", "hair", 1, radius=8))
            fill = "ink2"
        else:
            drawing.add(Rect(x, TOP, width, 48, "well", radius=8))
        if tile.role == "target":
            drawing.add(Rect(x - 3, TOP - 3, width + 6, 54, "none", "ink", 2, radius=10))
        size = min(24.0, 24 * scale + 2)
        drawing.add(Text(x + width / 2, TOP + 32, tile.text, "middle", size, weight, fill))
        x += width + TILE_GAP * scale


def _is_right_to_left(tiles: list[NameTile]) -> bool:
    """Whether the first letter that has a direction runs to the left."""
    directions = (bidirectional(char) for tile in tiles for char in tile.text)
    return next((found for found in directions if found in ("L", "R", "AL")), "L") != "L"


def _draw_key(
    drawing: Drawing,
    key: Key,
    x: float,
    y: float,
    width: float,
    max_bar_height: float,
    bar_fill: str,
) -> None:
    """Draw a key whose tile begins at (x, y), the bar above it and its owner below it."""
    is_yours, is_true = key.is_yours, key.is_true
    centre, mark = x + width / 2, "mark" if is_yours else "ink"
    if key.share is not None:
        height, bar_width = max(1.0, max_bar_height * key.share), (width + GAP) / key.span - GAP
        fill = "mark" if is_yours else bar_fill
        left = centre - bar_width / 2
        drawing.add(Rect(left, y - 2 - height, bar_width, height, fill, radius=min(3, height / 2)))
        if key.outline is not None:
            outline = max(1.0, max_bar_height * key.outline)
            drawing.add(Rect(left, y - 2 - outline, bar_width, outline, "none", "data", 1.5))
        if key.number:
            height = max(1.0, max_bar_height * key.number_share)
            weight = "bold" if is_yours else "normal"
            has_unit = key.is_favourite or width > 33
            number = f"{key.number} %" if has_unit else key.number
            number_fill = "mark" if fill == "mark" else "ink"
            drawing.add(Text(centre, y - 7 - height, number, "middle", 13, weight, number_fill))
    drawing.add(Rect(x, y, width, KEY_HEIGHT, "mark" if is_yours else "well", radius=6))
    if is_true:
        drawing.add(Rect(x - 2, y - 2, width + 4, KEY_HEIGHT + 4, "none", "ink", 2, radius=8))
    weight, fill = ("bold", "on-mark") if is_yours else ("normal", "ink")
    drawing.add(Text(centre, y + 23, key.label, "middle", 15, weight, fill))
    if key.owner:
        weight = "bold" if is_yours else "normal"
        drawing.add(Text(centre, y + KEY_HEIGHT + 16, key.owner, "middle", 13, weight, mark))
