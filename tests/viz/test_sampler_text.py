"""The text around a sampling step: its question, the tiles, how likely the text is, the tables."""

import math
import re
from dataclasses import replace

import pytest
from elements import elements, texts
from nine_words import WORDS, nine_words

import microgpt as mg
from microgpt.data import Corpus
from microgpt.viz import sampler
from microgpt.viz.sampler import text_so_far
from microgpt.widgets.logits_source import FixedLogits, ModelLogits, zipf_logits
from microgpt.widgets.model_lookup import load_source
from microgpt.widgets.sampling_trace import SamplingTrace


def html(trace):
    return sampler.render_sampling(trace.view()).html


def question(trace):
    (heading,) = texts(html(trace), "q")
    return heading


def tiles(trace):
    """The texts of the tiles, and the classes that tell them apart."""
    found = elements(html(trace), "tile")
    return ["".join(e.itertext()) for e in found], [e.get("class")[8:].strip() for e in found]


def notes(trace):
    return texts(html(trace), "notes")[0]


@pytest.fixture(scope="module")
def names():
    return SamplingTrace(load_source("names"))


@pytest.fixture(scope="module")
def ended(names):
    return names.restarted(seed=3).accept_all()


def test_the_question_names_the_unit_and_the_text_before(names, ended):
    assert question(names) == "Which letter comes first?"
    assert question(names.restarted(prompt="an")) == "Which letter comes after “an”?"
    assert question(names.restarted(prompt="maximilianabcd")).endswith("after “…ximilianabcd”?")
    assert question(SamplingTrace(load_source("story"))) == "Which letter comes first?"
    assert question(SamplingTrace(load_source("story"), "a ")) == "Which letter comes after “a␣”?"
    assert question(nine_words()) == "Which word comes next?"
    assert question(nine_words().accept()) == "Which word comes next?"  # it is the same row
    assert question(SamplingTrace(zipf_logits(30))) == "Which rank comes next?"
    assert question(ended) == f"“{ended.text}” ends here"
    assert question(nine_words().accept_all()) == "“…forward” ends here"
    rank = list(names.sampled.ranked_ids).index(names.source.eos_token_id)
    empty = names.with_fixed_u(float(names.sampled.cumulative[rank - 1])).accept()
    assert question(empty) == "The name ends before it begins"
    assert tiles(empty) == (["end"], ["mg-word"])


def test_tokens_are_called_tokens():
    tokenizer = Corpus("c", ("a ban", "a band", "a banana")).tokenizer("bpe:262")
    config = mg.GPTConfig.microgpt(vocab_size=tokenizer.vocab_size)
    trace = SamplingTrace(ModelLogits("mine", mg.GPT(config, backend="numpy"), tokenizer), "a ban")
    assert question(trace) == "Which token comes after “a␣ban”?"
    assert "equally probable tokens" in texts(html(trace), "lab")


def test_the_pick_is_the_dashed_tile(names):
    labels, classes = tiles(names.restarted(prompt="an"))
    pick = names.restarted(prompt="an").sampled.token
    assert labels == ["a", "n", names.source.labels[pick]]
    assert classes == ["", "", "mg-next"]


def test_after_the_end_every_tile_is_solid(names, ended):
    labels, classes = tiles(ended)
    assert labels == [*ended.text[-6:], "end"]
    assert classes == [""] * 6 + ["mg-word"]
    stopped = nine_words().accept_all()
    assert tiles(stopped)[1] == ["mg-word"] * len(tiles(stopped)[0])


def test_long_texts_show_seven_tiles_at_most(names):
    trace = names.restarted(prompt="abcdefghijklmno")
    labels, _ = tiles(trace)
    assert labels[:-1] == list("jklmno")
    assert texts(html(trace), "earlier") == ["…"]
    assert texts(html(names.restarted(prompt="abcdefg")), "earlier") == ["…"]
    assert not elements(html(names.restarted(prompt="abcdef")), "earlier")
    (wrapper,) = elements(html(trace), "tiles")
    assert wrapper.get("aria-label").startswith("The text so far: “abcdefghijklmno”; picked")


def test_a_text_of_ten_thousand_letters_shows_its_end(names):
    view = names.restarted(prompt="an").view()
    long = replace(view, context=("a",) * 10_000, text=("a",) * 10_000)
    page = sampler.render_sampling(long).html
    assert len(elements(page, "tile")) == 7
    assert texts(page, "q") == ["Which letter comes after “…aaaaaaaaaaaa”?"]
    assert len(page) < 30_000


@pytest.mark.parametrize("label", ["forward", "w" * 12, "東京東京東京", "👩\u200d🚀" * 4])
def test_tiles_of_words_fit_beside_the_buttons(label):
    trace = SamplingTrace(FixedLogits("row", [3.0, 1.0], [label, "b"])).with_fixed_u(0.0)
    for _ in range(8):
        trace = trace.accept()
    labels, _ = tiles(trace)
    widths = [text_so_far.tile_width(label) + text_so_far.TILE_GAP for label in labels]
    assert 1 <= len(labels) <= 7
    assert len(labels) == 1 or sum(widths) <= text_so_far.MAX_TILES_WIDTH + text_so_far.TILE_GAP
    assert texts(html(trace), "earlier") == ["…"]


def test_the_probability_of_the_text_stands_beside_that_of_random_letters(names, ended):
    assert notes(names) == "nothing written yet"
    trace = names.restarted(prompt="an")
    assert notes(trace).startswith("so far 1 in ")
    assert notes(trace).endswith("(random letters: 1 in 730)")  # 27 squared
    assert ended.view().uniform_nll == pytest.approx((len(ended.text) + 1) * math.log(27))
    assert re.fullmatch(r"○ new · 1 in [\d.]+ \w+ \(random letters: 1 in .*\)", notes(ended))
    impossible = names.restarted(prompt="xq").with_params(top_k=1)
    assert notes(impossible) == "cannot be produced with these dials (random letters: 1 in 730)"
    assert notes(nine_words().accept()) == ""  # a row of numbers belongs to no text


def test_the_story_counts_its_first_letter():
    trace = SamplingTrace(load_source("story")).accept()
    prob = trace.undo().sampled.probabilities[trace.accepted[0].token]
    number = re.match(r"so far 1 in ([\d.]+)", notes(trace))[1]
    assert float(number) == pytest.approx(1 / prob, rel=0.06)
    assert trace.view().uniform_nll == pytest.approx(math.log(59))


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("trained on", "● trained on"),
        ("in the list, not trained on", "◐ in the list, held out"),
        ("new", "○ new"),
        ("something else", "something else"),
        ("", ""),
    ],
)
def test_memorization_labels_have_a_sign_and_words(label, shown):
    assert sampler.memorization_mark(label) == shown


def test_the_caption_says_that_a_text_ends(names, ended):
    caption = sampler.sampling_caption(ended.view())
    assert caption.endswith("lands on the end, the most probable: the name ends.")
    stopped = sampler.sampling_caption(nine_words().accept_all().view())
    assert stopped.endswith("Sixteen words are drawn, and the text stops here.")
    story = sampler.sampling_caption(SamplingTrace(load_source("story")).view())
    assert story.endswith("This model has nearly memorised one story.")


def test_the_table_has_six_digits_of_the_sampled_token():
    trace = nine_words(top_k=3)
    table = sampler.probs_table(trace.view())
    assert texts(table.replace("<caption>", '<caption class="mg-cap">'), "cap") == [
        "All 9 words, the most probable first"
    ]
    header, *rows = (
        [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table)
    )
    assert header == [
        "token", "rank", "probability at T = 1, no cuts", "probability now",
        "cumulative probability",
    ]  # fmt: skip
    assert len(rows) == 9
    for rank, (label, number, base_prob, prob, cumulative) in enumerate(rows):
        token = int(trace.sampled.ranked_ids[rank])
        assert label.removesuffix(" ◀ picked") == WORDS[token]
        assert number == str(rank + 1)
        assert float(base_prob) == pytest.approx(trace.sampled.base_probabilities[token], abs=1e-6)
        assert float(cumulative) == pytest.approx(trace.sampled.cumulative[rank], abs=1e-6)
        assert prob == ("cut" if rank > 2 else f"{trace.sampled.probabilities[token]:.6f}")


@pytest.mark.parametrize(
    ("vocab_size", "caption"),
    [
        (99, "All 99 ranks, the most probable first"),
        (100, "All 100 ranks, the most probable first"),
        (101, "The 100 most probable of 101 ranks"),
        (50_257, "The 100 most probable of 50,257 ranks"),
    ],
)
def test_the_table_says_what_it_holds(vocab_size, caption):
    table = sampler.probs_table(SamplingTrace(zipf_logits(vocab_size)).view())
    assert table.count("<tr><td") == min(vocab_size, 100)
    assert f"<caption>{caption}</caption>" in table


def test_the_table_of_texts_says_what_it_holds():
    rows = [(seed, "anna · ○ new", "ann") for seed in range(1, 6)]
    table = sampler.seeds_table(rows)
    assert "<caption>Five texts from seeds 1 to 5</caption>" in table
    for text in ("seed", "with these dials", "at T = 1, no cuts", "anna · ○ new"):
        assert f">{text}</" in table
    assert table.count('class="mg-text"') == 3 * 6  # texts stand on the left
    assert "<caption>12 texts" in sampler.seeds_table([(seed, "", "") for seed in range(12)])


def test_a_long_text_of_tokens_is_written_out(names):
    trace = SamplingTrace(load_source("story"))
    long = replace(
        trace.view(), unit="token", text=("the ", "<b>") * 20, context=("the ", "<b>") * 20
    )
    written = sampler.render_sampling(long).html
    assert "the &lt;b&gt;the &lt;b&gt;" in written
    assert "mg-transcript" not in html(names)
