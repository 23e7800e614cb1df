"""A sampling step as it is drawn: what is displayed is the `SampledToken`."""

import re

import numpy as np
import pytest
from nine_words import WORDS, nine_words
from svg import rects_of, texts_of

from microgpt.viz import sampler
from microgpt.widgets.logits_source import FixedLogits, zipf_logits
from microgpt.widgets.sampling_trace import SamplingTrace


def texts(trace, css_class):
    """The texts of one class in the picture of a trace."""
    return texts_of(sampler.draw_sampling(trace.view())[0], css_class)


def caption(trace):
    return sampler.sampling_caption(trace.view())


def test_reference_numbers():
    assert texts(nine_words(), "prob-label") == [
        "57.2 %", "35.8 %", "6.1 %", "0.4 %", "0.3 %", "0.2 %", "< 0.1 %", "< 0.1 %", "< 0.1 %",
    ]  # fmt: skip
    assert texts(nine_words(), "num-kept") == ["9 of 9 kept · feels like 2.49"]
    half = nine_words(temperature=0.5)
    assert texts(half, "prob-label")[:3] == ["71.3 %", "27.9 %", "0.8 %"]
    assert texts(half, "num-kept") == ["9 of 9 kept · feels like 1.89"]
    top_k = nine_words(top_k=3)
    assert texts(top_k, "prob-label") == ["57.8 %", "36.1 %", "6.1 %", *["cut"] * 6]


def test_the_line_names_the_filter_that_binds():
    top_k = nine_words(top_k=3)
    assert texts(top_k, "filter-label") == ["top-k 3 keeps 3, which held 99.1 %"]
    (label,) = texts(nine_words(top_k=3, top_p=0.93), "filter-label")
    assert label.startswith("top-p 0.93 keeps 2")
    assert texts(nine_words(), "filter-label") == []


def test_the_caption_says_why_the_pick_changed():
    trace = nine_words(temperature=0.9).with_params(temperature=0.85)
    assert caption(trace) == (
        "At T = 0.85, 'forward' leads with 60.5 %. The dart stayed at 0.600; the edge of 'forward' "
        "moved from 0.593 to 0.605, so the pick changed from 'toward' to 'forward'."
    )
    before, after = (
        rects_of(sampler.draw_sampling(one.view())[0], "base-prob") for one in (nine_words(), trace)
    )
    assert after == before
    assert len(before) == 9


@pytest.mark.parametrize(
    ("vocab_size", "rows", "rest"),
    [(19, 19, []), (20, 20, []), (21, 21, []), (22, 20, ["everything else (2 ranks)"])],
)
def test_a_row_for_the_others_stands_for_two_or_more(vocab_size, rows, rest):
    trace = SamplingTrace(zipf_logits(vocab_size))
    assert len(texts(trace, "label")) == rows
    assert [
        text[: len(part)] for text, part in zip(texts(trace, "rest"), rest, strict=True)
    ] == rest


def test_the_filters_without_effect_are_not_named():
    assert caption(nine_words(top_k=8)).startswith("At T = 1.00, top-k 8, 'forward'")
    assert caption(nine_words(top_k=9)).startswith("At T = 1.00, 'forward'")
    assert "top-p 0.9" in caption(nine_words(top_p=0.9))
    assert "top-p" not in caption(nine_words())
    assert "min-p 0.1" in caption(nine_words(min_p=0.1))


@pytest.mark.parametrize("u", [0.1, 0.6, 0.93, 0.999])
def test_the_frame_of_the_pick_is_around_the_dart(u):
    """Also where the pick is one of many narrow cells that are drawn as one."""
    trace = SamplingTrace(zipf_logits(500)).with_fixed_u(u)
    rank, cumulative = trace.sampled.rank, trace.sampled.cumulative
    drawing = sampler.draw_sampling(trace.view())[0]
    ((x, width),) = rects_of(drawing, "cell-picked")
    left, right = (float(cumulative[i]) if i >= 0 else 0.0 for i in (rank - 1, rank))
    start = (52 + 666 * left) / 720
    assert float(x.rstrip("%")) == pytest.approx(100 * start, abs=0.01)
    expected = 100 * max(2.0, 666 * (right - left)) / 720
    assert float(width.rstrip("%")) == pytest.approx(expected, abs=0.01)


def test_greedy():
    trace = nine_words(temperature=0.0)
    assert texts(trace, "prob-label") == ["100.0 %"]
    assert texts(trace, "num-kept") == ["1 of 9 kept · feels like 1.00"]
    assert texts(trace, "u-marker") == ["▽"]
    assert texts(trace, "u-label") == ["the dice are not used"]
    assert texts(nine_words(), "u-marker") == ["▼"]


def displayed_permille(trace):
    """All displayed percentages in tenths: the rows, and everything else."""
    labels = [*texts(trace, "prob-label"), *texts(trace, "rest")]
    matches = [re.search(r"(\d+)\.(\d) %$", text.replace("< 0.1 %", "")) for text in labels]
    return [int(match[1]) * 10 + int(match[2]) for match in matches if match]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_displayed_adds_up(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        V = int(rng.choice([2, 5, 20, 21, 22, 27, 60, 200]))
        trace = SamplingTrace(FixedLogits("random", rng.normal(0, rng.uniform(0.1, 4), V)))
        trace = trace.with_fixed_u(float(rng.random())).with_params(
            temperature=float(rng.choice([0, 0.3, 1, 2])),
            top_k=int(rng.integers(1, V + 1)) if rng.random() < 0.3 else None,
            top_p=float(rng.uniform(0.05, 1)) if rng.random() < 0.3 else None,
            min_p=float(rng.uniform(0, 0.5)) if rng.random() < 0.3 else 0.0,
        )
        assert sum(displayed_permille(trace)) == 1000


def test_the_table_has_six_digits_of_the_sampled_token():
    trace = nine_words(top_k=3)
    table = sampler.probs_table(trace.view())
    rows = re.findall(r"<tr><td>(.*?)</td>((?:<td>.*?</td>)+)</tr>", table)
    assert len(rows) == 9
    for rank, (label, cells) in enumerate(rows):
        token = int(trace.sampled.ranked_ids[rank])
        _, base_prob, prob, cumulative = re.findall(r"<td>(.*?)</td>", cells)
        assert label.removesuffix(" ◀ picked") == WORDS[token]
        assert float(base_prob) == pytest.approx(trace.sampled.base_probabilities[token], abs=1e-6)
        assert float(cumulative) == pytest.approx(trace.sampled.cumulative[rank], abs=1e-6)
        assert prob == ("cut" if rank > 2 else f"{trace.sampled.probabilities[token]:.6f}")


@pytest.mark.parametrize(("vocab_size", "hidden"), [(99, 0), (100, 0), (101, 1), (50257, 50157)])
def test_the_table_says_how_many_rows_it_leaves_out(vocab_size, hidden):
    table = sampler.probs_table(SamplingTrace(zipf_logits(vocab_size)).view())
    assert table.count("<tr><td>") == vocab_size - hidden
    expected = f"ranks by rank, {hidden:,} more not shown" if hidden else "ranks by rank"
    assert f"<caption>{expected}</caption>" in table


def test_the_long_tail():
    trace = SamplingTrace(zipf_logits()).with_params(top_k=50, temperature=2.0)
    assert texts(trace, "filter-label") == ["top-k 50 keeps 50, which held 3.9 %"]
    assert texts(trace, "rest")[0].startswith("everything else (50,237 ranks, 30 kept)")
    assert "Made-up numbers" in caption(SamplingTrace(zipf_logits()))


def test_without_colour_everything_is_told_apart():
    trace = nine_words(top_k=4)
    svg = sampler.draw_sampling(trace.view(), id_prefix="panel")[0].svg()
    assert texts(trace, "picked") == ["◀ picked"]  # a word
    assert texts(trace, "prob-label")[4:] == ["cut"] * 5  # a word, and a hatch
    assert svg.count('fill="url(#panel-hatch)"') >= 5
    assert 'id="panel-hatch"' in svg
    rects = re.findall(r"<rect[^>]*>", svg)
    outlines = [tag for tag in rects if 'class="mg-base-prob"' in tag]
    assert len(outlines) == 9
    assert all('fill="none"' in tag and "stroke=" in tag for tag in outlines)  # no filling
    kept = [tag for tag in rects if 'class="mg-prob"' in tag]
    assert len(kept) == 4
    assert not any("hatch" in tag or 'fill="none"' in tag for tag in kept)  # a filling
    (picked,) = [tag for tag in rects if 'class="mg-cell-picked"' in tag]
    assert 'stroke-width="3"' in picked  # a thick frame
