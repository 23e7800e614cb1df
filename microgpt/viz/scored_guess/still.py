"""The still picture of a scored round: the same composition as the live view's."""

from microgpt.viz.drawing import MARGIN, Drawing, Rect, Text
from microgpt.viz.guess_game.still import TOP, WIDTH, draw_keys, draw_name, keys_height
from microgpt.viz.scored_guess.board import scored_keys
from microgpt.viz.scored_guess.page import means_axis_end, means_label, round_label
from microgpt.viz.scored_guess.scored_round import NO_MEAN, PLAYERS, QUESTION, ScoredRound

LABEL_WIDTH, VALUE_WIDTH, ROW, BAR = 140, 48, 22, 14
# Fill and edge of each player's bar: yours is filled and the pairs' outlined, as on the keys.
LOOKS = (("mark", "mark"), ("ink3", "ink3"), ("data3", "data3"), ("none", "data"))


def draw_scored_round(scored_round: ScoredRound) -> Drawing:
    """Draw the question, the name, the keys with bars, and the means."""
    grid = scored_keys(scored_round)
    keys_top = TOP + 56
    means_top = keys_top + keys_height(grid) + 26
    drawing = Drawing(WIDTH, means_top + 14 + ROW * len(PLAYERS) + 12)
    drawing.add_question(QUESTION)
    drawing.add(Text(WIDTH - MARGIN, 36, round_label(scored_round), "end", fill="ink2"))
    draw_name(drawing, scored_round.name_tiles())
    draw_keys(drawing, grid, keys_top, "mark")
    drawing.add(Text(MARGIN, means_top, means_label(scored_round), fill="ink2"))
    means, end = scored_round.means(), means_axis_end(scored_round)
    left, max_width = MARGIN + LABEL_WIDTH, WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH
    for index, player in enumerate(PLAYERS):
        y = means_top + 12 + index * ROW
        fill, edge = LOOKS[index]
        drawing.add(Rect(MARGIN, y + 2, 10, 10, fill, edge, 1.5, radius=2))
        drawing.add(Text(MARGIN + 18, y + 12, player))
        drawing.add(Rect(left, y, max_width, BAR, "well", radius=3))
        value = NO_MEAN
        if means is not None:
            width, value = max_width * float(means[index]) / end, f"{means[index]:.2f}"
            drawing.add(Rect(left, y, width, BAR, fill, edge, 1.5, radius=3))
        drawing.add(Text(WIDTH - MARGIN, y + 12, value, "end", weight="bold"))
    return drawing
