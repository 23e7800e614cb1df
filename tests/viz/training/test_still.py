"""The still picture of the training view."""

from dataclasses import replace

import pytest
from training_runs import NAN, training_run

from microgpt.viz.drawing import Circle, Rect
from microgpt.viz.formatting import width_in_em
from microgpt.viz.training import BigramBaseline, Snapshot, draw_training_still


def test_it_shows_what_the_live_view_shows_but_no_time():
    progress = training_run(3.36, 2.9, 2.51, bigram=BigramBaseline(2.63), seconds=3.0)
    texts = draw_training_still(progress).texts()
    for text in (
        "Is it learning?", "finished: 100 steps", "loss, nats", "3.36", "2.51", "step 100", "12.3",
        "letters", "anna", "pairs counted", "2.63", "perplexity\u00a013.9", "perplexity",
        "worse than", "knowing nothing", "in the list, not trained on",
    ):  # fmt: skip
        assert text in texts
    assert "worse than knowing nothing" not in texts  # it would run into the next column
    assert not any(" s" in text and "3.0" in text for text in texts)


def test_the_bar_shows_the_part_that_is_done():
    shapes = draw_training_still(training_run(3.3, steps_done=25)).shapes
    track, bar = [shape for shape in shapes if isinstance(shape, Rect)][:2]
    assert bar.width / track.width == pytest.approx(0.25)
    finished = draw_training_still(training_run(3.3, steps_done=100)).shapes
    assert not [one for one in finished if isinstance(one, Rect) and one.fill == "well"]


def test_names_stay_inside_their_columns():
    samples = (("maximilianaaa", "new"), ("m" * 30, "trained on"), ("", ""), ("o", "new"))
    steps = (0, 10, 100, 1000)
    progress = training_run(steps=steps)
    for step in steps:
        progress = progress.with_snapshot(Snapshot(step, 3.0, 0.1, samples))
    drawing = draw_training_still(progress)
    names = [one for one in drawing.shapes if getattr(one, "text", "").startswith(("max", "mm"))]
    assert len(names) == 8
    for name in names:
        column = (name.x - 96) // 116
        assert name.x + 0.95 * name.size * width_in_em(name.text) < 96 + 116 * (column + 1)
    assert len({name.size for name in names}) == 1
    offsets = {round((name.x - 96) % 116, 6) for name in names}
    assert len(offsets) == 1


@pytest.mark.parametrize(
    "progress",
    [training_run(), training_run(NAN, NAN, NAN), training_run(3.3, 3.2, steps=(0, 1)),
     training_run(3.3, float("inf"), 5e6), replace(training_run(3.3), text_noun="text")],
    ids=["nothing yet", "nothing held out", "one step", "broken", "texts"],
)  # fmt: skip
def test_any_run_becomes_a_picture(progress):
    drawing = draw_training_still(progress)
    assert drawing.png().startswith(b"\x89PNG")
    circles = [shape for shape in drawing.shapes if isinstance(shape, Circle)]
    assert all(0 < circle.y < drawing.height for circle in circles)
