"""A sampling step as it is shown: what is displayed is the `SampledToken`."""

import itertools
import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from elements import elements, lengths, texts, without_motion
from matplotlib.textpath import TextPath
from nine_words import nine_words

from microgpt.viz import sampler
from microgpt.viz.axis import PERCENT_ENDS
from microgpt.viz.formatting import FIRST_STRONG_ISOLATE, width_in_em
from microgpt.viz.looks import style_sheet
from microgpt.viz.sampler.bars import LABEL_WIDTHS
from microgpt.viz.sampler.cumulative_bar import LABEL_PIXELS, _label_html, strip_segments
from microgpt.viz.sampler.rows import bar_rows
from microgpt.widgets.logits_source import FixedLogits, zipf_logits
from microgpt.widgets.sampling_trace import SamplingTrace


@lru_cache(maxsize=8)
def html(trace, before=None, **options):
    view_before = None if before is None else before.view()
    return sampler.render_sampling(trace.view(), view_before, **options).html


def caption(trace):
    return sampler.render_sampling(trace.view()).caption


def values(trace):
    """What stands at the end of each bar."""
    return [value.replace(" ◀ picked", "") for value in texts(html(trace), "value")]


def figure(trace, name):
    """The name, number and unit of a key figure."""
    (element,) = (e for e in elements(html(trace), "figure") if f"mg-{name}" in e.get("class"))
    return ["".join(part.itertext()) for part in element]


def row_texts(trace):
    """One text for each of the rows: a token's label, or the line that stands for several."""
    (bars,) = elements(html(trace), "bars")
    rows = [e for e in bars if re.search("mg-(bar|text)-row", e.get("class"))]
    return [e[0].text if "mg-bar-row" in e.get("class") else "".join(e.itertext()) for e in rows]


def zipf(vocab_size=50_257, u=0.5, **params):
    return SamplingTrace(zipf_logits(vocab_size)).with_fixed_u(u).with_params(**params)


def test_reference_numbers():
    assert values(nine_words()) == [
        "57.2 %", "35.8 %", "6.1 %", "0.4 %", "0.3 %", "0.2 %", "< 0.1 %", "< 0.1 %", "< 0.1 %",
    ]  # fmt: skip
    assert figure(nine_words(), "kept") == ["kept", "9", "of 9"]
    assert figure(nine_words(), "perplexity") == ["perplexity", "2.49", "equally probable words"]
    half = nine_words(temperature=0.5)
    assert values(half)[:3] == ["71.3 %", "27.9 %", "0.8 %"]
    assert figure(half, "perplexity")[1] == "1.89"
    assert values(nine_words(top_k=3)) == ["57.8 %", "36.1 %", "6.1 %", *["cut"] * 6]


def test_the_line_names_the_filter_that_binds():
    assert texts(html(nine_words(top_k=3)), "cut-line") == [
        "top-k 3 keeps 3, 99.1 % before the cut"
    ]
    (line,) = texts(html(nine_words(top_k=3, top_p=0.93)), "cut-line")
    assert line == "top-p 0.93 keeps 2, 93.0 % before the cut"
    assert texts(html(nine_words(min_p=0.5)), "cut-line")[0].startswith("min-p 0.50 keeps 2")
    assert texts(html(nine_words()), "cut-line") == []


def test_the_caption_says_why_the_pick_changed():
    trace = nine_words(temperature=0.9).with_params(temperature=0.85)
    assert caption(trace) == (
        "At T = 0.85, “forward” leads with 60.5 %. The dart stayed at 0.600; the edge of “forward” "
        "moved from 0.593 to 0.605, so the pick changed from “toward” to “forward”."
    )
    before, after = (
        [lengths(e) for e in elements(html(one), "base")[0]] for one in (nine_words(), trace)
    )
    assert after == before  # the strip of T = 1
    assert len(before) > 3


def test_the_caption_and_the_figures_count_ranks_in_the_same_words():
    first, other = nine_words(), nine_words().with_fixed_u(0.95)
    assert caption(first).endswith("lands on “toward”, the 2nd most probable.")
    assert figure(first, "picked") == ["picked", "toward", "the 2nd most probable"]
    assert figure(nine_words().with_fixed_u(0.1), "picked")[2] == "the most probable"
    assert caption(other).endswith("lands on “closer”, the 3rd most probable.")
    assert "placed by hand" in caption(first)
    assert re.search(r"lands on “rank [\d,]+”\. Made-up", caption(zipf(u=0.9)))  # its own label
    assert figure(zipf(u=0.9), "picked")[2] == ""


def test_a_long_label_is_smaller_beside_the_bars():
    (short,), (long,) = (
        [e[1] for e in elements(html(zipf(u=u)), "figure") if "picked" in e.get("class")]
        for u in (0.1, 0.9)
    )
    assert (short.text, short.get("class")) == ("rank 1", "mg-fig")
    assert (long.text, long.get("class")) == ("rank 7,321", "mg-fig mg-long")
    kept = (elements(html(zipf(size)), "kept")[0].get("class") for size in (30, 50_257))
    assert list(kept) == ["mg-figure mg-kept mg-in-one-line", "mg-figure mg-kept"]


def test_labels_too_wide_for_their_column_are_shortened():
    labels = ["incredible", "M" * 12, "東京東京東京東京東京"]
    page = html(SamplingTrace(FixedLogits("row", [3.0, 2.0, 1.0], labels)))
    shown = [e[0].text for e in elements(page, "bar-row")]
    assert shown[0] == "incredible"
    assert shown[1] == "M" * 7 + "…"
    assert shown[2].endswith("…")
    assert all(13 * width_in_em(label) <= LABEL_WIDTHS[-1] for label in shown)
    assert '"--lab:104px"' in page
    assert '"--lab:30px"' in html(SamplingTrace(FixedLogits("row", [3.0, 2.0], "ab", "letter")))


def test_the_filters_without_effect_are_not_named():
    assert caption(nine_words(top_k=8)).startswith("At T = 1.00, top-k 8, “forward”")
    assert caption(nine_words(top_k=9)).startswith("At T = 1.00, “forward”")
    assert "top-p 0.90" in caption(nine_words(top_p=0.9))
    assert "top-p" not in caption(nine_words())
    assert "min-p 0.10" in caption(nine_words(min_p=0.1))


@pytest.mark.parametrize(
    ("vocab_size", "rank", "expected"),
    [
        (9, 3, [*range(1, 10)]),
        (10, 10, [*range(1, 11)]),
        (11, 9, [*range(1, 10), "2 more"]),
        (11, 10, [*range(1, 8), "⋮  2 between", 10, 11]),
        (11, 11, [*range(1, 9), "⋮  2 between", 11]),
        (12, 10, [*range(1, 8), "⋮  2 between", 10, "2 more"]),
        (30, 25, [*range(1, 8), "⋮  17 between", 25, "5 more"]),
        (30, 30, [*range(1, 9), "⋮  21 between", 30]),
    ],
)
def test_ten_rows_at_most_and_always_the_pick(vocab_size, rank, expected):
    """No line stands for a single token: that has a row."""
    edges = np.cumsum(zipf(vocab_size).view().base_probs)
    trace = zipf(vocab_size, u=float(edges[rank - 1]) - 1e-9)
    assert trace.sampled.rank == rank - 1
    assert [text.split(",")[0] for text in row_texts(trace)] == [
        row if isinstance(row, str) else f"rank {row}" for row in expected
    ]


def test_what_is_cut_has_the_rows_that_are_left_and_folds_into_one():
    assert row_texts(nine_words(top_k=3))[3:] == [
        "top-k 3 keeps 3, 99.1 % before the cut", "you", "inches", "every", "moves", "pizza",
        "effort",
    ]  # fmt: skip
    held = 100 * zipf(30).view().base_probs[:5].sum()
    assert row_texts(zipf(30, top_k=5))[5:] == [
        f"top-k 5 keeps 5, {held:.1f} % before the cut", "rank 6", "rank 7", "rank 8",
        "22 more, cut",
    ]  # fmt: skip
    rows = row_texts(zipf(u=0.89, top_p=0.4))
    assert rows[4:] == [
        "rank 5", "⋮  4 between, 15.3 %", "rank 10", "4 more, 8.6 % together",
        "top-p 0.40 keeps 14, 40.7 % before the cut", "50,243 more, cut",
    ]  # fmt: skip
    for row in elements(html(nine_words(top_k=3)), "cut-row"):
        (track,) = (e for e in row if e.get("class") == "mg-track")
        assert [e.get("class") for e in track] == ["mg-ghost", "mg-value"]  # only T = 1 and "cut"


def test_greedy_is_one_full_bar_and_a_hollow_dart():
    trace = nine_words(temperature=0.0)
    assert values(trace) == ["100.0 %"]
    assert figure(trace, "perplexity")[1] == "1.00"
    assert figure(trace, "kept") == ["kept", "1", "of 9"]
    (dart,) = elements(html(trace), "dart-line")
    assert "mg-hollow" in dart.get("class")
    assert ["".join(part.itertext()) for part in dart] == ["▽", "the dart is not used"]
    (segment,) = elements(html(trace), "now")[0]
    assert lengths(segment) == {"left": 0, "width": 100}
    assert texts(html(trace), "cut-line") == ["T = 0 keeps the most probable only"]
    assert row_texts(zipf(60, temperature=0.0))[-1] == "52 more, never picked at T = 0"
    assert caption(trace) == (
        "At T = 0 there is no dividing by 0: the most probable word, “forward”, is always taken. "
        "The dart is not used."
    )
    assert "mg-hollow" not in html(nine_words())


def displayed_permille(trace):
    """All displayed percentages in tenths: of the bars, and of the lines for several tokens."""
    page = html(trace)
    sums = [text for text in texts(page, "text-row") if "between" in text or "together" in text]
    labels = [*values(trace), *sums]
    matches = [re.search(r"(\d+)\.(\d) %", text.replace("< 0.1 %", "")) for text in labels]
    return [int(match[1]) * 10 + int(match[2]) for match in matches if match]


def random_trace(rng):
    V = int(rng.choice([2, 5, 10, 11, 12, 27, 60, 200]))
    trace = SamplingTrace(FixedLogits("random", rng.normal(0, rng.uniform(0.1, 4), V)))
    return trace.with_fixed_u(float(rng.random())).with_params(
        temperature=float(rng.choice([0, 0.3, 1, 2])),
        top_k=int(rng.integers(1, V + 1)) if rng.random() < 0.3 else None,
        top_p=float(rng.uniform(0.05, 1)) if rng.random() < 0.3 else None,
        min_p=float(rng.uniform(0, 0.5)) if rng.random() < 0.3 else 0.0,
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_is_displayed_adds_up(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        trace = random_trace(rng)
        assert sum(displayed_permille(trace)) == 1000
        assert len(row_texts(trace)) <= 10
        assert len(elements(html(trace), "bar-row")) >= 1
        (picked,) = [e for e in elements(html(trace), "bar-row") if "picked" in e.get("class")]
        assert picked.get("aria-label").endswith(", picked")


@pytest.mark.parametrize("u", [0.1, 0.6, 0.93, 0.999])
@pytest.mark.parametrize("vocab_size", [9, 500])
def test_the_dart_is_in_the_segment_of_the_pick(vocab_size, u):
    """Also where the pick is one of many narrow segments that are drawn as one."""
    trace = zipf(vocab_size, u)
    rank, cumulative = trace.sampled.rank, trace.sampled.cumulative
    for strip, edges in (("now", cumulative), ("base", np.cumsum(trace.view().base_probs))):
        (picked,) = (
            e for e in elements(html(trace), strip)[0] if "mg-picked" in e.get("class").split()
        )
        left, right = (float(edges[i]) if i >= 0 else 0.0 for i in (rank - 1, rank))
        assert lengths(picked)["left"] == pytest.approx(100 * left, abs=0.001)
        assert lengths(picked)["width"] == pytest.approx(100 * (right - left), abs=0.001)
    (dart,) = elements(html(trace), "dart-line")
    assert lengths(dart) == {"left": pytest.approx(100 * u)}


@pytest.mark.parametrize("vocab_size", [30, 500])
def test_every_rank_that_is_picked_has_one_segment_in_each_strip(vocab_size):
    edges = np.cumsum(zipf(vocab_size).view().base_probs)
    for rank in range(0, min(vocab_size, 60), 1 if vocab_size < 100 else 3):
        trace = zipf(vocab_size, u=float(edges[rank]) - 1e-9)
        assert trace.sampled.rank == rank
        for strip in ("now", "base"):
            picked = [e for e in elements(html(trace), strip)[0] if "picked" in e.get("class")]
            assert ["".join(e.itertext()) for e in picked] == [f"rank {rank + 1}"]


def test_no_segment_of_a_single_token_is_narrower_than_can_be_seen():
    for trace in (zipf(), zipf(60), zipf(u=0.1, top_k=30)):
        for strip in ("now", "base"):
            for segment in elements(html(trace), strip)[0]:
                if "picked" not in segment.get("class") and "more" not in segment[0][0].text:
                    assert lengths(segment)["width"] >= 0.4


@pytest.mark.parametrize("params", [{}, {"top_k": 50}, {"top_k": 3}, {"temperature": 0.0}])
def test_the_segments_fill_the_strip(params):
    for trace in (zipf(u=0.1, **params), zipf(60, u=0.1, **params)):
        for strip in ("now", "base"):
            segments = [lengths(e) for e in elements(html(trace), strip)[0]]
            end = 0.0
            for segment in segments:
                assert segment["left"] == pytest.approx(end, abs=0.002)
                end = segment["left"] + segment["width"]
            assert end == pytest.approx(100, abs=0.002)
            assert len(segments) <= 42


def test_the_tail_of_the_strip_says_how_many_it_holds():
    trace = zipf(u=0.1, top_k=50, temperature=2.0)
    now, base = (texts(html(trace), "rest")[i] for i in (0, -1))
    assert now == "10 more"
    assert base == "50,207 more, cut"
    assert texts(html(trace), "cut-line") == ["top-k 50 keeps 50, 3.9 % before the cut"]
    after_the_rows = 100 * trace.view().probs[7:].sum()
    assert row_texts(trace)[-3] == f"43 more, {after_the_rows:.1f} % together"
    assert "Made-up numbers" in caption(zipf())


@pytest.mark.parametrize("u", [0.0, 0.3, 0.599, 0.601, 0.999])
def test_the_number_of_the_dart_stands_where_there_is_space(u):
    (dart,) = elements(html(nine_words().with_fixed_u(u)), "dart-line")
    assert dart[1].get("class") == ("mg-right" if u < 0.6 else "mg-left")
    assert dart[1].text == f"{u:.3f} by hand"


def test_the_axis_ends_just_above_the_longest_bar():
    for temperature in (0.3, 1.0, 2.0):
        trace = nine_words(temperature=temperature)
        numbers = [e.text for e in elements(html(trace), "axis")[0] if e.tag == "span"]
        end = float(numbers[-1].removesuffix(" %"))
        bars = [
            lengths(e)["width"] for name in ("bar", "ghost") for e in elements(html(trace), name)
        ]
        marks = [lengths(e) for e in elements(html(trace), "axis")[0] if e.tag == "span"]
        assert marks == [{"left": 0}, {"left": 50}, {"left": 100}]
        assert end in PERCENT_ENDS
        assert numbers[0] == "0"
        assert 50 <= max(bars) <= 100
        prob = float(trace.view().probs[0])
        width = lengths(elements(html(trace), "bar")[0])["width"]
        assert width == pytest.approx(100 * 100 * prob / end, abs=0.001)


def test_ticks_and_legend_are_left_out_while_now_is_t_1():
    assert not elements(html(nine_words()), "tick")
    assert not elements(html(nine_words()), "ghost")
    assert texts(html(nine_words()), "key") == [""]
    assert texts(html(nine_words(temperature=0.5)), "key") == ["nowat T = 1"]
    assert len(elements(html(nine_words(temperature=0.5)), "ghost")) == 9
    assert elements(html(nine_words(top_k=2)), "tick")


@pytest.mark.parametrize(
    ("probs", "temperature", "expected"),
    [
        ((0.99, 0.01), 1.0, "mg-track mg-in160"),  # of an axis to 100 %
        ((0.90, 0.10), 1.0, "mg-track mg-in190"),
        ((0.65, 0.35), 1.0, "mg-track mg-in190"),  # to 80 %
        ((0.51, 0.49), 1.0, "mg-track mg-in190"),  # to 60 %
        ((0.62, 0.38), 1.0, "mg-track mg-in245"),
        ((0.99, 0.01), 0.9, "mg-track"),  # the tick of T = 1 would cross it
        ((0.99, 0.01), 0.0, "mg-track"),
        ((*[0.05] * 20,), 0.0, "mg-track mg-in160"),
    ],
)
def test_a_long_picked_bar_carries_its_label(probs, temperature, expected):
    """The class says how wide the axis must be for that; the style sheet has a rule for each."""
    trace = SamplingTrace(FixedLogits("row", np.log(probs))).with_fixed_u(0.0)
    tracks = elements(html(trace.with_params(temperature=temperature)), "track")
    assert tracks[0].get("class") == expected
    assert [track.get("class") for track in tracks[1:]] == ["mg-track"] * len(tracks[1:])
    assert "@container mg-track (min-width:160px){.mg-explorer .mg-in160 " in style_sheet()


def test_what_a_row_says_when_it_is_pointed_at():
    told = texts(html(nine_words(top_k=3, temperature=0.5)), "readout")
    assert told[0] == "forward 71.3 % now, 57.2 % at T = 1"
    assert told[-1] == "effort cut, < 0.1 % at T = 1"
    assert texts(html(nine_words()), "readout")[1] == "toward 35.8 % now"
    (first, *_) = elements(html(nine_words(temperature=0.0)), "bar-row")
    assert first.get("aria-label") == "forward: 100.0 % now, 57.2 % at T = 1, picked"
    assert first.get("tabindex") == "0"
    assert elements(html(nine_words(temperature=0.0)), "bar-row")[1].get("aria-label") == (
        "toward: never picked, 35.8 % at T = 1"
    )


def test_segments_and_rows_of_one_token_have_one_number():
    """The style sheet lights up what has the same number as what is pointed at."""
    trace = zipf(60, u=0.97)
    page = html(trace)
    rows = {e.get("data-r"): e[0].text for e in elements(page, "bar-row")}
    for segment in elements(page, "segment"):
        if segment.get("data-r") is not None:
            assert "".join(segment.itertext()) == rows[segment.get("data-r")]
        else:
            assert segment.get("title")
    assert {e.get("data-r") for e in elements(page, "segment")} >= set(rows)
    assert all(int(number) < 10 for number in rows)


@pytest.mark.parametrize("seed", range(5))
def test_motion_ends_where_no_motion_stands(seed):
    rng = np.random.default_rng(seed)
    trace = SamplingTrace(FixedLogits("random", rng.normal(0, 2, 40)), seed=seed)
    for change in (
        lambda trace: trace.with_params(temperature=0.6),
        lambda trace: trace.with_params(top_k=5),
        lambda trace: trace.with_new_draw(),
        lambda trace: trace.accept(),
        lambda trace: trace.undo(),
        lambda trace: trace.with_params(temperature=0.0),
        lambda trace: trace.accept_all(),
        lambda trace: trace.with_next_seed(),
    ):
        before, trace = trace, change(trace)
        still = html(trace)
        assert without_motion(still) == still
        assert without_motion(html(trace, before)) == still
        assert html(trace, trace) == still  # nothing changed: nothing moves


def test_nothing_glides_from_another_vocabulary():
    small, large = zipf(9), zipf(30)
    for trace, before in ((small, large), (large, small)):
        assert html(trace, before) == html(trace)


def test_bars_and_edges_glide_from_where_they_were():
    before, after = nine_words(), nine_words(temperature=0.5)
    bar = lengths(elements(html(after, before), "bar")[1])
    assert "mg-gl" in elements(html(after, before), "bar")[1].get("class")
    assert bar["--w0"] == pytest.approx(100 * 0.3577 / 0.6, abs=0.1)  # the axis ended at 60 %
    assert bar["width"] == pytest.approx(100 * 0.2787 / 0.8, abs=0.1)
    segment = lengths(elements(html(after, before), "now")[0][1])
    assert segment["--l0"] == pytest.approx(57.2, abs=0.1)
    assert segment["--w0"] == pytest.approx(35.8, abs=0.1)
    assert segment["left"] == pytest.approx(71.3, abs=0.1)
    assert all("mg-gl" not in e.get("class") for e in elements(html(after, before), "base")[0])
    assert "--a0" in html(after, before)
    assert "mg-gd" not in html(after, before)  # the dart stays


def test_the_dart_drops_only_when_it_is_thrown():
    trace = SamplingTrace(zipf_logits(30))
    drops = {
        "threw again": trace.with_new_draw(),
        "next": trace.accept(),
        "another seed": trace.with_seed(2),
    }
    stays = {
        "warmer": trace.with_params(temperature=1.3),
        "by hand": trace.with_fixed_u(0.123),
        "greedy": trace.with_params(temperature=0.0),
    }
    for after in drops.values():
        assert "mg-gd" in html(after, trace)
    for after in stays.values():
        assert "mg-gd" not in html(after, trace)
    assert "mg-gd" not in html(trace, trace.accept())  # back
    finished = trace.accept_all()
    assert "mg-gd" not in html(finished.undo(), finished)
    assert "mg-gd" in html(finished.with_new_draw(), finished)


def test_the_pick_changes_colour_and_new_letters_join():
    trace = nine_words()
    other = trace.with_fixed_u(0.1)
    (new,) = (e for e in elements(html(other, trace), "now")[0] if "picked" in e.get("class"))
    assert new[0].get("class") == "mg-gp"
    assert [e[0].get("class") for e in elements(html(other, trace), "now")[0]][1] == "mg-gu"
    tiles = elements(html(trace.accept(), trace), "tile")
    assert ["mg-gj" in tile.get("class") for tile in tiles] == [True, False]
    assert "mg-gj" not in html(trace.accept().undo(), trace.accept())


def test_without_colour_everything_is_told_apart():
    page = html(nine_words(top_k=4))
    (picked,) = [text for text in texts(page, "value") if "picked" in text]
    assert picked.endswith("◀ picked")  # a word, and a sign
    assert texts(page, "value")[4:] == ["cut"] * 5  # a word, and a hatch
    assert "mg-hatch" in html(zipf(60, top_k=4))
    assert [e.get("class") for e in elements(page, "segment")].count("mg-segment mg-picked") == 2
    assert len(elements(page, "tick")) == 4 + 1  # of the rows that are kept, and in the legend


def test_labels_of_every_script_stay_what_they_are():
    labels = ["<b>&", "שלום", "👩\u200d🚀", " x", "\n", "a" * 40, "\x00", "東京"]
    trace = SamplingTrace(FixedLogits("labels", [8.0, 7, 6, 5, 4, 3, 2, 1], labels))
    page = html(trace)
    assert [e[0].text for e in elements(page, "bar-row")] == [
        "<b>&", f"{FIRST_STRONG_ISOLATE}שלום\u2069", "👩\u200d🚀", "␣x", "⏎", "a" * 10 + "…",
        "U+0000", "東京",
    ]  # fmt: skip
    assert page.count("&lt;b&gt;&amp;") >= 5
    assert "<b>&<" not in page


def test_the_compact_form_has_fewer_things():
    full, compact = html(nine_words()), html(nine_words(), compact=True)
    assert len(elements(full, "figure")) == 3
    assert len(elements(compact, "figure")) == 1
    for name in ("strip", "tiles", "bars", "q", "perplexity"):
        assert len(elements(compact, name)) == 1
    assert row_texts(nine_words()) == [e[0].text for e in elements(compact, "bar-row")]


def test_a_pick_in_the_tail_is_not_counted_in_it_again():
    view = zipf(1000, u=0.999).view()
    tail, pick = strip_segments(view, is_base=False)[-2:]
    assert pick.is_picked
    assert tail.label(view) == f"{tail.num_tokens - 1:,} more"
    other = zipf(1000, u=0.0).view()
    assert strip_segments(other, is_base=False)[-1].label(other) == f"{tail.num_tokens:,} more"


def test_tokens_that_a_table_never_saw_have_no_rows_of_their_own():
    probs = np.array([0.5, 0.3, *[0.2 / 38] * 38])
    view = SamplingTrace(FixedLogits("row", np.log(probs), [f"t{i}" for i in range(40)])).view()
    rows = bar_rows(replace(view, unit="token", picked_rank=0))
    assert [row.rank for row in rows[:-1]] == [0, 1, 2, 3]
    assert rows[-1].count == 36
    assert len(bar_rows(replace(view, picked_rank=0))) == 10


def test_a_segment_that_is_wide_enough_has_its_label():
    """The widths at which labels appear are close together, and each has its rule."""
    rules = [
        f"@container (max-width:{pixels}px){{.mg-explorer .mg-segment b.mg-w{pixels}{{"
        for pixels in LABEL_PIXELS
    ]
    css = str(style_sheet("explorer"))
    assert all(rule in css for rule in rules)
    assert css.count(".mg-explorer .mg-segment b.mg-w") == len(rules)
    for narrow, wide in itertools.pairwise(LABEL_PIXELS):
        assert wide - narrow <= max(4, 0.3 * narrow)


@pytest.mark.parametrize("text", ["␣bell", "fill", "ferry", "tilt", "Jill's", "a", "end", "river"])
def test_a_label_fits_the_width_that_it_needs(text):
    label = str(_label_html(text, "", 15))
    needed = int(re.search(r"mg-w(\d+)", label)[1])
    width = TextPath((0, 0), text, size=15).get_extents().x1
    assert width <= needed <= 1.5 * width + 6


def test_labels_of_small_letters_need_less_room():
    trace = zipf(200)
    now, base = (
        [e for e in elements(html(trace), name)[0].iter("b") if e.text == "␣the" or e.text]
        for name in ("now", "base")
    )
    classes = [{e.text: e.get("class") for e in labels} for labels in (now, base)]
    shared = set(classes[0]) & set(classes[1])
    width = {text: [int(one[text].split("mg-w")[1]) for one in classes] for text in shared}
    assert any(small < large for large, small in width.values())
    assert all(small <= large for large, small in width.values())
