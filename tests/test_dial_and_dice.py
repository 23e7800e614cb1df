"""Dial and dice: what is drawn is the `SampledToken`, and what is moved is what changes."""

import re
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import microgpt as mg
from microgpt.sampling import FixedOrigin, Walk, long_tail
from microgpt.viz import sampler

WORDS = ("closer", "every", "effort", "forward", "inches", "moves", "pizza", "toward", "you")
SCORES = [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79]
SVG = "{http://www.w3.org/2000/svg}"


def texts(walk, role, rows=20):
    """The texts of one role in the picture of a walk."""
    root = ElementTree.fromstring(sampler.draw(walk, rows=rows)[0].svg())
    return [
        "".join(element.itertext())
        for element in root.iter(f"{SVG}text")
        if f"mg-{role}" in element.get("class", "").split()
    ]


def shapes(walk, role):
    """The places of the shapes of one role."""
    root = ElementTree.fromstring(sampler.draw(walk)[0].svg())
    return [
        (element.get("x"), element.get("width"))
        for element in root.iter(f"{SVG}rect")
        if element.get("class") == f"mg-{role}"
    ]


def nine(**dials):
    return Walk(FixedOrigin("nine words", SCORES, WORDS)).placed(0.6).turned(**dials)


def test_reference_numbers():
    assert texts(nine(), "chance") == [
        "57.2 %", "35.8 %", "6.1 %", "0.4 %", "0.3 %", "0.2 %", "< 0.1 %", "< 0.1 %", "< 0.1 %",
    ]  # fmt: skip
    assert texts(nine(), "kept") == ["9 of 9 kept · feels like 2.49"]
    half = nine(temperature=0.5)
    assert texts(half, "chance")[:3] == ["71.3 %", "27.9 %", "0.8 %"]
    assert texts(half, "kept") == ["9 of 9 kept · feels like 1.89"]
    assert texts(nine(top_k=3), "chance") == ["57.8 %", "36.1 %", "6.1 %", *["cut"] * 6]


def test_the_line_names_the_cut_that_binds():
    assert texts(nine(top_k=3), "cut-label") == ["top-k 3 keeps 3, which held 99.1 %"]
    (label,) = texts(nine(top_k=3, top_p=0.93), "cut-label")
    assert label.startswith("top-p 0.93 keeps 2")
    assert texts(nine(), "cut-label") == []


def test_the_sentence_says_why_the_pick_changed():
    walk = nine(temperature=0.9).turned(temperature=0.85)
    assert sampler.sentence(walk) == (
        "At T = 0.85, 'forward' leads with 60.5 %. The dart stayed at 0.600; the edge of 'forward' "
        "moved from 0.593 to 0.605, so the pick changed from 'toward' to 'forward'."
    )
    assert shapes(walk, "outline") == shapes(nine(), "outline")


def test_greedy():
    walk = nine(temperature=0.0)
    assert texts(walk, "chance") == ["100.0 %"]
    assert texts(walk, "kept") == ["1 of 9 kept · feels like 1.00"]
    assert texts(walk, "dart") == ["▽"]
    assert texts(walk, "dart-u") == ["the dice are not used"]
    assert texts(nine(), "dart") == ["▼"]


def shown_tenths(walk):
    """All displayed numbers in tenths: rows, and everything else."""
    said = [*texts(walk, "chance"), *texts(walk, "rest")]
    found = [re.search(r"(\d+)\.(\d) %$", text.replace("< 0.1 %", "")) for text in said]
    return [int(match[1]) * 10 + int(match[2]) for match in found if match]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_displayed_adds_up(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        V = int(rng.choice([2, 5, 20, 21, 22, 27, 60, 200]))
        walk = Walk(FixedOrigin("random", rng.normal(0, rng.uniform(0.1, 4), V)))
        walk = walk.placed(float(rng.random())).turned(
            temperature=float(rng.choice([0, 0.3, 1, 2])),
            top_k=int(rng.integers(1, V + 1)) if rng.random() < 0.3 else None,
            top_p=float(rng.uniform(0.05, 1)) if rng.random() < 0.3 else None,
            min_p=float(rng.uniform(0, 0.5)) if rng.random() < 0.3 else 0.0,
        )
        assert sum(shown_tenths(walk)) == 1000


def test_the_table_has_six_digits_of_the_choice():
    walk = nine(top_k=3)
    rows = re.findall(r"<tr><td>(.*?)</td>((?:<td>.*?</td>)+)</tr>", sampler.numbers(walk))
    assert len(rows) == 9
    for rank, (label, cells) in enumerate(rows):
        token = int(walk.choice.order[rank])
        _, plain, now, total = re.findall(r"<td>(.*?)</td>", cells)
        assert label.removesuffix(" ◀ picked") == WORDS[token]
        assert float(plain) == pytest.approx(walk.choice.base_probabilities[token], abs=1e-6)
        assert float(total) == pytest.approx(walk.choice.cumulative[rank], abs=1e-6)
        assert now == ("cut" if rank > 2 else f"{walk.choice.probabilities[token]:.6f}")


def test_the_long_tail():
    walk = Walk(long_tail()).turned(top_k=50, temperature=2.0)
    assert texts(walk, "cut-label") == ["top-k 50 keeps 50, which held 3.9 %"]
    assert texts(walk, "rest")[0].startswith("everything else (50,237 ranks, 30 kept)")
    assert "Made-up numbers" in sampler.sentence(Walk(long_tail()))


HOSTILE = ["<img src=x onerror=alert(1)>", "a" * 10_000, "سلام", "👩\u200d🚀", "", "\x00\u202e"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_text_is_shown_as_text_or_refused(text):
    panel = mg.widgets.DialAndDice("names")
    height = re.search(r'style="height:\d+px"', panel.picture.value)[0]
    panel.prompt.value = text
    panel.likely.toggle.value = True
    panel.likely.typed.value = text
    assert not panel.error
    assert height in panel.picture.value
    assert panel.picture.value.count("<svg") == 1
    for html in (panel.picture.value, panel.likely.answer.value):
        assert "<img" not in html
        assert "\x00" not in html
    if text:
        assert panel.state.prompt == ""  # refused: nothing else changed
        assert "vocabulary has no" in panel.sentence or "at most" in panel.sentence
        assert panel.png().startswith(b"\x89PNG")


def test_labels_of_any_kind_are_escaped():
    labels = ["<b>&", "שלום", "👩\u200d🚀", " x", "\n"]
    panel = mg.widgets.DialAndDice(logits=[5.0, 4, 3, 2, 1], labels=labels)
    assert "<b>" not in panel.picture.value
    assert "&lt;b&gt;&amp;" in panel.picture.value
    assert "\u2068שלום\u2069" in panel.picture.value
    assert panel.png().startswith(b"\x89PNG")


def test_back_restores_the_very_same_picture():
    panel = mg.widgets.DialAndDice("names")
    panel.dials["temperature"].slider.value = 0.8
    pictures = [panel.picture.value]
    for _ in range(4):
        panel.next.click()
        pictures.append(panel.picture.value)
    panel.finish.click()
    while panel.state.drawn:
        panel.back.click()
        if len(panel.state.drawn) < len(pictures) and len(panel.state.drawn) <= 4:
            assert panel.picture.value == pictures[len(panel.state.drawn)]
    assert panel.back.disabled


def test_each_control_does_what_it_says():
    panel = mg.widgets.DialAndDice("names")
    walk = panel.state
    for name, value in (("temperature", 0.65), ("top_k", 12), ("top_p", 0.8), ("min_p", 0.05)):
        panel.dials[name].slider.value = value
        assert getattr(panel.state.dials, name) == value
        assert panel.dials[name].box.value == value
        panel.dials[name].box.value = panel.dials[name].box.min
        assert panel.dials[name].slider.value == panel.dials[name].slider.min
    assert panel.state.u == walk.u
    panel.dials["top_k"].slider.value = 27
    panel.dials["top_p"].box.value = 1.0
    panel.dials["min_p"].box.value = 0.0
    panel.dials["temperature"].box.value = 1.0
    assert panel.state.dials == mg.SampleConfig()
    assert panel.dials["top_k"].box.description == "top-k (off)"
    panel.dials["temperature"].slider.value = 0.0
    assert panel.dials["temperature"].box.description == "Temperature (greedy)"
    panel.dials["temperature"].slider.value = 1.0

    panel.roll.click()
    assert panel.state.u == mg.uniform(1, 1, 1)
    assert panel.dart.value == round(panel.state.u, 3)
    exact = panel.state.u
    panel.dials["temperature"].slider.value = 0.5
    assert panel.state.u == exact  # the slider shows three digits, the panel keeps all
    panel.dart.slider.value = 0.25
    assert panel.state.u == 0.25
    assert "placed by hand" in panel.sentence
    panel.dice.value = 7
    assert panel.state.u == mg.uniform(7, 1)
    panel.next.click()
    panel.header[-1].click()
    assert not panel.state.drawn
    panel.prompt.value = "an"
    assert panel.state.tokens == (26, 0, 13)
    panel.prompt.value = "anÖ"
    assert "'Ö'" in panel.sentence
    assert panel.state.tokens == (26, 0, 13)
    panel.chooser.value = "story"
    assert panel.state.origin.name == "story"
    assert panel.dials["top_k"].box.max == 59
    panel.chooser.value = "long tail (made-up numbers)"
    assert panel.prompt.disabled
    panel.dials["top_k"].box.value = 50
    assert panel.state.dials.top_k == 50
    panel.dials["top_k"].slider.value = 101
    assert panel.state.dials.top_k is None
    panel.chooser.value = "names"
    assert not panel.prompt.disabled
    assert mg.widgets.errors() == []


def test_folded_parts_are_filled_when_they_open():
    panel = mg.widgets.DialAndDice("names")
    assert panel.table.part.value == ""
    panel.table.toggle.value = True
    before = panel.table.part.value
    assert "<details open>" in before
    panel.dials["temperature"].slider.value = 0.5
    assert panel.table.part.value != before
    panel.five.toggle.value = True
    end = time.monotonic() + 20  # it is filled beside the hand, not under it
    while not panel.five.part.value:
        assert time.monotonic() < end
        time.sleep(0.01)
    for word in ("at these dials", "new"):
        assert word in panel.five.part.value
    panel.likely.toggle.value = True
    typed, answer = panel.likely.typed, panel.likely.answer
    typed.value = "anna"
    assert "(trained on): 1 in" in answer.value
    panel.dials["top_k"].box.value = 5
    typed.value = "aq"
    assert re.search(r"'q' after 'a' has rank \d+, top-k 5 keeps 5", _plain(answer.value))
    typed.value = "Ö"
    assert "never met 'Ö'" in _plain(answer.value)


def _plain(html):
    from html import unescape

    return unescape(re.sub(r"<[^>]*>", "", html))


def test_a_finished_name_gets_its_mark():
    panel = mg.widgets.DialAndDice("names", temperature=0.0)
    panel.finish.click()
    name = panel.state.text
    corpus = mg.load_corpus("names-mini")
    train, held_out = corpus.split()
    (mark,) = texts(panel.state, "mark")
    brute = (
        "trained on" if name in list(train)
        else "in the list, not trained on" if name in list(held_out) else "new"
    )  # fmt: skip
    assert mark == brute
    assert not set(train) & set(held_out)


def test_an_error_inside_is_a_card_and_is_remembered(monkeypatch):
    from microgpt.widgets import panel as module

    monkeypatch.setattr(module, "_errors", [])
    panel = mg.widgets.DialAndDice("names")
    before = panel.state

    def broken(walk):
        raise ZeroDivisionError("<oops>")

    panel.change(broken)
    assert "&lt;oops&gt;" in panel.picture.value
    assert "<oops>" not in panel.picture.value
    assert mg.widgets.errors() == ["DialAndDice: ZeroDivisionError: <oops>"]
    assert panel.state is before
    panel.next.click()
    assert panel.picture.value.count("<svg") == 1


def test_before_it_runs_there_is_a_picture_and_a_sentence():
    panel = mg.widgets.DialAndDice("names")
    live, still = panel._repr_mimebundle_(), panel.still()
    assert "application/vnd.jupyter.widget-view+json" in live
    assert "image/png" not in live  # it would be shadowed by "model not found" when reopened
    for text in (live["text/plain"], still["text/plain"], still["text/html"]):
        assert "At T = 1.00, " in text
    assert live["text/plain"].endswith("Run this cell to use it.")
    assert len(still["image/png"]) > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "gpt5"}, "known: 'names', 'story'"),
        ({"model": 3}, "by name or a GPT"),
        ({"dials": ("heat",)}, "dials must be some of 'temperature'"),
        ({"dials": "temperature"}, "in a tuple"),
        ({"model": mg.GPT(backend="numpy")}, "hand over its corpus"),
        ({"logits": [1.0, 2.0], "labels": ["a"]}, "as many labels"),
        ({"temperature": 3.0}, "temperature goes from 0 to 2"),
        ({"temperature": "hot"}, "temperature must be a number"),
        ({"top_q": 3}, "no setting 'top_q'; known: temperature"),
        ({"dials": 3}, "in a tuple"),
        ({"u": "x"}, "must be a number from 0"),
        ({"prompt": 3}, "a text is a string"),
        ({"logits": "abc"}, "logits must be numbers"),
        ({"logits": [float("nan"), 1.0]}, "must be finite"),
        ({"model": mg.GPT(backend="numpy"), "corpus": "names-mini"}, "from mg.load_corpus"),
        ({"min_p": 0.8}, "min_p goes from 0 to 0.5"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(mg.MicrogptError, match=message):
        mg.widgets.DialAndDice(**arguments)


def test_a_redraw_is_quick():
    panel = mg.widgets.DialAndDice("long tail (made-up numbers)")
    slow = []
    for hundredths in range(0, 200, 5):
        begun = time.perf_counter()
        panel.dials["temperature"].slider.value = hundredths / 100
        slow.append(time.perf_counter() - begun)
    assert np.percentile(slow, 95) < 0.1


def test_without_colour_everything_is_told_apart():
    walk = nine(top_k=4)
    svg = sampler.draw(walk, name="panel")[0].svg()
    assert texts(walk, "picked") == ["◀ picked"]  # a word
    assert texts(walk, "chance")[4:] == ["cut"] * 5  # a word, and a hatch
    assert svg.count('fill="url(#panel-hatch)"') >= 5
    assert 'id="panel-hatch"' in svg
    outlines = [tag for tag in re.findall(r"<rect[^>]*>", svg) if 'class="mg-outline"' in tag]
    assert len(outlines) == 9
    assert all('fill="none"' in tag and "stroke=" in tag for tag in outlines)  # no filling
    kept = [tag for tag in re.findall(r"<rect[^>]*>", svg) if 'class="mg-now"' in tag]
    assert len(kept) == 4
    assert not any("hatch" in tag or 'fill="none"' in tag for tag in kept)  # a filling
    (picked,) = [tag for tag in re.findall(r"<rect[^>]*>", svg) if 'class="mg-cell-picked"' in tag]
    assert 'stroke-width="3"' in picked  # a thick frame


def test_the_same_chances_look_the_same_in_both_themes():
    from microgpt.viz.style import COLOURS

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    for shade, ground in ((0, "#ffffff"), (1, "#111111")):
        behind = luminance(ground)
        for name in ("blue", "orange", "outline", "text"):
            one, other = sorted((luminance(COLOURS[name][shade]), behind))
            least = 4.5 if name in ("text", "orange") else 3  # letters, and shapes
            assert (other + 0.05) / (one + 0.05) >= least, (name, shade)


def test_what_is_drawn_is_what_the_state_says():
    panel = mg.widgets.DialAndDice("names", temperature=1 / 3, dice=123_456, top_k=50)
    assert panel.state.dials.temperature == 1 / 3
    assert panel.dice.value == 123_456
    assert "top-k" not in panel.sentence  # 50 of 27 is off
    assert panel.dials["top_k"].box.description == "top-k (off)"
    panel.dials["temperature"].box.value = 0.01  # finer than the slider
    assert panel.state.dials.temperature == 0.01
    assert "T = 0.01" in panel.sentence


@pytest.mark.parametrize("dice", range(1, 6))
def test_bars_and_sentence_show_the_same_digits(dice):
    panel = mg.widgets.DialAndDice("names", dice=dice)
    for hundredths in range(5, 200, 15):
        panel.dials["temperature"].slider.value = hundredths / 100
        shown = texts(panel.state, "chance")[0]
        assert f"leads with {shown}" in panel.sentence
        panel.next.click() if not panel.next.disabled else panel.header[-1].click()


def test_the_story_model_counts_its_first_letter():
    panel = mg.widgets.DialAndDice("story")
    panel.next.click()
    letter = panel.state.drawn[0].token
    chance = panel.state.back().choice.probabilities[letter]
    (said,) = texts(panel.state, "so-far")
    odds = float(said.removeprefix("so far: 1 in ").replace(",", ""))
    assert odds == pytest.approx(1 / chance, rel=0.06)
    panel.likely.toggle.value = True
    panel.likely.typed.value = "W"
    assert "1 in" in panel.likely.answer.value
    assert mg.widgets.errors() == []


def test_words_are_called_words_and_stand_apart():
    panel = mg.widgets.DialAndDice(logits=SCORES, labels=WORDS, u=0.6)
    assert panel.next.description == "Next word"
    assert panel.likely.toggle.disabled
    panel.finish.click()
    assert "Sixteen words are drawn" in panel.sentence
    assert "forward · toward" in sampler.five_texts(panel.state)
    panel.header[-1].click()
    assert panel.state.u == 0.6  # the dart of the opening lies there again


def test_a_state_that_cannot_be_drawn_is_dropped(monkeypatch):
    from microgpt.widgets import panel as module

    monkeypatch.setattr(module, "_errors", [])
    panel = mg.widgets.DialAndDice("names")
    before = panel.state
    broken = FixedOrigin("broken", [1.0, 2.0])
    broken.row[:] = np.nan
    panel.change(lambda walk: Walk(broken))
    assert panel.state is before
    panel.next.click()
    assert not panel.error


def test_every_dial_that_is_named_is_there():
    names = ("temperature", "top_k", "top_p", "min_p")
    for compact in (False, True):
        panel = mg.widgets.DialAndDice("names", dials=names, compact=compact)
        seen, stack = set(), [panel.box]
        while stack:
            widget = stack.pop()
            seen.add(widget)
            stack += getattr(widget, "children", ())
        assert all(panel.dials[name].slider in seen for name in names)


def test_start_over_places_the_dart_only_where_it_lay():
    panel = mg.widgets.DialAndDice(logits=SCORES, labels=WORDS, u=0.6)
    panel.chooser.value = "names"
    panel.header[-1].click()
    assert panel.state.turn.placed is None
