"""The still picture of a sampling step: the same composition, and nothing covers anything."""

from html import unescape

import pytest
from nine_words import LOGITS, WORDS, nine_words

from microgpt.viz.drawing import Line, Rect, Text
from microgpt.viz.formatting import width_in_em
from microgpt.viz.sampler import draw_sampling, render_sampling
from microgpt.viz.sampler.rows import bar_rows
from microgpt.widgets.logits_source import FixedLogits, zipf_logits
from microgpt.widgets.model_lookup import load_source
from microgpt.widgets.sampling_trace import SamplingTrace


def names(prompt="", **params):
    return SamplingTrace(load_source("names"), prompt).with_params(**params)


def still(trace, **options):
    return draw_sampling(trace.view(), "names", trace.seed, **options)


TRACES = {
    "opening": lambda: names(),
    "cut": lambda: names("an", temperature=0.5, top_k=8),
    "greedy": lambda: names("an", temperature=0.0),
    "ended": lambda: SamplingTrace(load_source("names"), seed=3).accept_all(),
    "words": lambda: nine_words(temperature=0.85),
    "tail": lambda: SamplingTrace(zipf_logits()).with_params(top_p=0.4),
    "hot": lambda: names("an", temperature=2.0).with_fixed_u(0.01),
    "long labels": lambda: SamplingTrace(FixedLogits("long", LOGITS, [word * 3 for word in WORDS])),
}


@pytest.fixture(params=TRACES)
def trace(request):
    return TRACES[request.param]()


def text_box(text):
    """Where a text is at most: (left, right, top, bottom)."""
    width = 0.9 * text.size * width_in_em(text.text)  # the estimate is for one character
    left = text.x - {"start": 0, "middle": width / 2, "end": width}[text.anchor]
    return left, left + width, text.y - 0.72 * text.size, text.y


def overlap(a, b):
    return min(a[1], b[1]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[2], b[2]) > 1


def test_no_text_covers_another_or_leaves_the_card(trace):
    drawing = still(trace)
    boxes = [(shape.text, text_box(shape)) for shape in drawing.shapes if isinstance(shape, Text)]
    for i, (text, box) in enumerate(boxes):
        assert box[0] >= 0, text
        assert box[1] <= drawing.width, text
        assert box[3] <= drawing.height, text
        for other, other_box in boxes[i + 1 :]:
            assert not overlap(box, other_box), (text, other)


@pytest.mark.parametrize("u", [0.0, 0.05, 0.25, 0.5, 0.6, 0.75, 0.95, 0.999])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_line_of_the_dart_crosses_no_letter(u, temperature):
    for trace in (names("mari", temperature=temperature), nine_words(temperature=temperature)):
        drawing = still(trace.with_fixed_u(u))
        x = 66 + u * (700 - 66)
        lines = [
            [y for _, y in shape.points]
            for shape in drawing.shapes
            if isinstance(shape, Line) and {round(px, 3) for px, _ in shape.points} == {round(x, 3)}
        ]
        assert lines
        for shape in drawing.shapes:
            if isinstance(shape, Text) and shape.text not in "▼▽":
                left, right, top, bottom = text_box(shape)
                assert left >= 0
                assert right <= drawing.width
                assert not any(
                    overlap((left, right, top, bottom), (x - 2, x + 2, min(line), max(line)))
                    for line in lines
                ), shape.text


def test_it_says_what_the_live_view_says(trace):
    """The same rows, labels and numbers, and the values of what cannot be moved here."""
    drawing, view = still(trace), trace.view()
    seen = " ".join(drawing.texts())
    page = unescape(render_sampling(view).html)
    for text in drawing.texts():
        if text.endswith(" %") or text.endswith("cut") or "together" in text or "between" in text:
            assert text in page
    for name in ("Temperature", "Dart u", "top-k", "top-p", "min-p", "perplexity", "kept"):
        assert name in drawing.texts()
    assert f"{trace.params.temperature:.2f}" in drawing.texts()
    assert f"names · seed {trace.seed}" in drawing.texts()
    assert "picked" in seen
    assert len(bar_rows(view)) <= 10


def test_the_compact_still_has_fewer_things():
    compact = still(names(), compact=True).texts()
    assert "perplexity" in compact
    assert "kept" not in compact
    assert "top-k" not in compact
    assert "names · seed 1" not in compact
    assert "Temperature" in compact
    assert "top-k" in still(names(top_k=5), compact=True).texts()


def test_off_is_said_and_cut_is_hatched():
    drawing = still(names("an", top_k=3))
    off = drawing.texts()
    assert off[off.index("top-p") + 1] == off[off.index("min-p") + 1] == "off"
    assert off[off.index("top-k") + 1] == "3"
    assert off.count("cut") == 5
    assert sum(isinstance(shape, Rect) and shape.hatch for shape in drawing.shapes) >= 6
    vocabulary = still(names("an", top_k=27)).texts()
    assert vocabulary[vocabulary.index("top-k") + 1] == "off"


def test_every_still_is_a_png(trace):
    assert still(trace).png().startswith(b"\x89PNG")
