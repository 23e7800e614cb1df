"""The residual ledger: it adds up, and what it shows is what independent runs give."""

import re

import numpy as np
import pytest
from plain_gpt import plain_gpt
from trace_cases import random_model

import microgpt as mg
from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.viz.residual_ledger import BIASES, PICK_STEP, ledger_rows
from microgpt.widgets import ledger_state
from microgpt.widgets.ledger_runs import logits_without
from microgpt.widgets.ledger_state import first_state
from microgpt.widgets.model_lookup import find_gpt_source
from microgpt.widgets.size_state import size_of

SIZE = size_of(mg.GPTConfig())
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def names():
    return mg.load_corpus("names-mini")


@pytest.fixture
def view(names):
    return mg.widgets.ResidualLedger("names", names, text="kath")


def gpt2_like(names, **settings):
    """LayerNorms with random weights and biases, a final norm, a tied head."""
    config = mg.GPTConfig.preset(
        "gpt2-small-char", vocab_size=27, block_size=16, n_layer=2, n_head=2, n_embd=16,
        init_std=0.3, **settings,
    )  # fmt: skip
    return find_gpt_source(random_model(config, "float32"), names)


def open_part(view, number):
    """What a click on the row of a part does."""
    view.row_number.value = PICK_STEP * number


def text_of(html):
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", html))


# -- it adds up ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["names", "gpt2"])
def test_500_random_texts_add_up(kind, names):
    source = find_gpt_source("names") if kind == "names" else gpt2_like(names)
    rng = np.random.default_rng(0)
    for _ in range(500):
        text = "".join(rng.choice(list(ALPHABET), rng.integers(1, 14)))
        first, second = (int(token) for token in rng.integers(27, size=2))
        state = first_state(source, text, SIZE).with_first(first).with_second(second)
        logits = state.view.logits.astype(np.float64)
        assert state.view.total == pytest.approx(logits[first] - logits[second], abs=1e-5)
        assert np.exp(state.view.total) == pytest.approx(state.view.odds, rel=1e-4)
        for part in state.parts:
            if part.split is not None:
                assert part.split.sum() == pytest.approx(part.share, abs=1e-5)
        rows = ledger_rows(state.parts, state.opened)
        assert sum(row.share for row in rows if not row.is_piece) == pytest.approx(
            state.view.difference, abs=1e-5
        )
        assert rows[-1].total == pytest.approx(state.view.difference, abs=1e-5)


def test_the_sum_is_printed_beside_the_logits(view):
    state = view.state.view
    printed = text_of(view.picture.value)
    sign = {True: "+", False: "−"}[state.difference > 0]
    number = f"{sign}{abs(state.difference):.4f}"
    assert f"sum of the parts {number}" in printed
    assert f"= {number} they differ by" in printed
    assert f"{view.state.view.odds:.3g} times the probability of “" in printed
    assert f"2.718 to the power {view.state.view.difference:.2f}".replace("-", "−") in printed


def test_exchanging_the_tokens_flips_every_sign_and_nothing_else(view):
    there = view.state.view
    view.swap_button.click()
    back = view.state.view
    assert (back.first, back.second) == (there.second, there.first)
    for one, other in zip(there.parts, back.parts, strict=True):
        assert (one.name, one.share) == (other.name, -other.share)
        assert one.split is None or np.array_equal(one.split, -other.split)
    assert "trails" in view.caption
    assert ": “a” is 1.5 times as probable." in view.caption


def test_one_token_twice_gives_zeros_and_a_sentence(view):
    view.second_select.value = view.state.first
    for part in view.state.parts:
        assert part.share == 0
        assert part.split is None or not part.split.any()
    assert "is compared with itself: every contribution is 0." in view.caption
    assert "contributes" not in view.caption


def test_adding_a_number_to_all_logits_changes_no_bar(names, view):
    model = view.source.model.copy("numpy")
    head = model.lm_head_weight
    head.data[...] = head.numpy() + np.random.default_rng(0).normal(size=(1, 16))
    moved = first_state(find_gpt_source(model, names), "kath", SIZE)
    moved = moved.with_first(view.state.first).with_second(view.state.second)
    shift = moved.view.logits - view.state.view.logits
    assert abs(shift.mean()) > 0.1
    assert np.ptp(shift) < 1e-4
    for one, other in zip(view.state.parts, moved.parts, strict=True):
        assert other.share == pytest.approx(one.share, abs=1e-5)
        if one.split is not None:
            assert np.allclose(one.split, other.split, atol=1e-5)


@pytest.mark.parametrize("embedding_norm", [False, True])
def test_held_scales_are_the_models_own_and_biases_have_a_row(names, embedding_norm):
    source = gpt2_like(names, embedding_norm=embedding_norm)
    state = first_state(source, "kath", SIZE)
    plain = plain_gpt(source.model, [state.token_ids])

    def scale(x):
        return 1 / np.sqrt(x.var() + 1e-5)

    assert state.view.scale == pytest.approx(scale(plain["h.1.out"][0, -1]), abs=1e-6, rel=1e-6)
    if embedding_norm:
        expected = scale(plain["embedding"][0, -1])
        assert state.view.embedding_scale == pytest.approx(expected, abs=1e-6, rel=1e-6)
    else:
        assert state.view.embedding_scale is None
    assert [part.name for part in state.parts][-1] == BIASES
    assert state.view.total == pytest.approx(state.view.difference, abs=1e-5)


def test_a_model_with_one_norm_prints_that_one(view):
    plain = plain_gpt(view.source.model, [view.state.token_ids])
    scale = 1 / np.sqrt((plain["embedding"][0, -1] ** 2).mean() + 1e-5)
    assert view.state.view.scale is None
    assert view.state.view.embedding_scale == pytest.approx(scale, abs=1e-6)
    assert f"scale of the norm on the embeddings, held × {scale:.4f}" in text_of(view.picture.value)
    assert f"the scale of the norm on the embeddings held at {scale:.2f}" in view.caption


# -- removing -----------------------------------------------------------------------------------


def without(model, ids, pair, edits):
    logits = plain_gpt(model, [ids], edits)["logits"][0, -1]
    return logits[pair[0]] - logits[pair[1]]


def zero(indices):
    """An edit that sets some heads or neurons to zero at the last position, or all there is."""

    def edit(array):
        if array.ndim == 4:
            array[:, list(indices), -1] = 0
        else:
            array[..., -1, list(indices) if indices else slice(None)] = 0
        return array

    return edit


@pytest.mark.parametrize("kind", ["names", "gpt2"])
def test_markers_are_those_of_a_run_with_the_part_at_zero(kind, names):
    source = find_gpt_source("names") if kind == "names" else gpt2_like(names)
    state = first_state(source, "kath", SIZE).with_removal(True)
    pair, ids, model = (state.first, state.second), state.token_ids, source.model
    seen = set()
    for opened in ("h.0.attn.out", "h.0.mlp.out"):
        number = [part.name for part in state.parts].index(opened) + 1
        shown = state if state.opened == opened else state.with_toggled(number)
        for row in ledger_rows(shown.parts, shown.opened):
            if BIASES in dict(row.pieces):
                continue
            edits = {name: zero(indices) for name, indices in row.pieces}
            expected = without(model, ids, pair, edits)
            assert shown.view.without[row.pieces] == pytest.approx(expected, abs=1e-5)
            seen |= set(edits)
    assert {"token_embedding", "h.0.attn.head_out", "h.0.mlp.hidden"} <= seen


def test_the_row_of_biases_is_tried_without_them(names):
    source = gpt2_like(names)
    state = first_state(source, "kath", SIZE)
    pair = (state.first, state.second)
    removals = (((BIASES, ()),), ((BIASES, ()), ("h.1.attn.out", ())))
    logits = logits_without(source.model, state.token_ids, removals)
    found = dict(zip(removals, logits[:, pair[0]] - logits[:, pair[1]], strict=True))
    weights = source.model.state_dict()

    def less(name):
        def edit(array):
            array[..., -1, :] -= weights[name].astype(np.float64)
            return array

        return edit

    edits = {
        f"h.{layer}.{part}.out": less(f"h.{layer}.{part}.c_proj.bias")
        for layer in range(2)
        for part in ("attn", "mlp")
    } | {"ln_f": less("ln_f.bias")}
    both = edits | {"h.1.attn.out": zero(())}
    for removal, expected in zip(removals, (edits, both), strict=True):
        expected = without(source.model, state.token_ids, pair, expected)
        assert found[removal] == pytest.approx(expected, abs=1e-5)


def test_the_sentence_names_the_part_whose_removal_changes_most(view):
    assert not view.state.view.without
    assert "changes most" not in view.caption
    view.removal_toggle.value = True
    picture = view.state.view
    lost = {part.name: abs(picture.loss_without(((part.name, ()),))) for part in picture.parts}
    share = {part.name: abs(part.share) for part in picture.parts}
    assert max(lost, key=lost.get) == "position_embedding" != max(share, key=share.get)
    then = f"{picture.without[(('position_embedding', ()),)]:+.2f}"
    assert (
        "Taken out at the last letter, position 5 changes most, not the letter “h”, whose "
        f"contribution is largest: the difference is then {then}."
    ) in view.caption
    assert view.picture.value.count("mg-lost") > len(picture.parts)


def test_another_part_is_named_only_where_it_is_another(view):
    view.removal_toggle.value = True
    named = set()
    for text in ("kath", "ann", "jo", "mar", "elis", "b", "c", "d", "tho", "wi"):
        view.text_box.value = text
        picture = view.state.view
        lost = [abs(picture.loss_without(((part.name, ()),))) for part in picture.parts]
        is_same = np.argmax(lost) == np.argmax([abs(part.share) for part in picture.parts])
        assert ("changes most" not in view.caption) == is_same
        named.add(bool(is_same))
    assert named == {True, False}


def test_a_marker_stands_at_what_is_lost(view):
    view.removal_toggle.value = True
    picture = view.state.view
    end = float(re.search(r"<span>\+([\d.]+)</span>", view.picture.value)[1])
    places = re.findall(r'mg-lost" style="left:([-\d.]+)%', view.picture.value)
    rows = ledger_rows(view.state.parts, view.state.opened)
    expected = [50 + 50 * (picture.difference - picture.without[row.pieces]) / end for row in rows]
    assert list(map(float, places)) == pytest.approx(expected, abs=0.002)


def test_parts_are_taken_out_once_for_a_text(view, monkeypatch):
    removals = []

    def note(model, token_ids, some):
        removals.append(len(some))
        return logits_without(model, token_ids, some)

    monkeypatch.setattr(ledger_state, "logits_without", note)
    ledger_state._logits_without.cache_clear()
    view.removal_toggle.value = True
    assert removals == [4, 4]  # parts, and heads
    view.swap_button.click()
    view.order_select.value = True
    view.first_select.value = 3
    assert len(removals) == 2
    open_part(view, 4)
    assert removals[2:] == [6]  # five neurons and the rest


def test_a_model_that_is_too_large_is_not_run_for_each_part(view, monkeypatch):
    monkeypatch.setattr("microgpt.widgets.ledger_runs.MAX_WORK", 10)
    ledger_state._logits_without.cache_clear()
    view.removal_toggle.value = True
    assert "too large to run once more without each part" in view.caption
    assert "mg-lost" not in view.picture.value
    ledger_state._logits_without.cache_clear()


def test_a_part_is_taken_out_at_the_last_position_alone(names):
    """As its contribution is, which is the last token's."""
    source = find_gpt_source("names")
    ids = first_state(source, "kath", SIZE).token_ids
    logits = logits_without(source.model, ids, [(("token_embedding", ()),)])[0]
    edit = {"token_embedding": lambda array: array * 0}
    everywhere = plain_gpt(source.model, [ids], edit)["logits"][0, -1]
    assert np.abs(logits - everywhere).max() > 0.1
    at_last = plain_gpt(source.model, [ids], {"token_embedding": zero(())})["logits"][0, -1]
    assert np.allclose(logits, at_last, atol=1e-5)


def test_without_removal_there_is_no_button_for_it(names):
    def descriptions(view):
        rows = view.contributions_box.children
        return [getattr(child, "description", "") for row in rows for child in row.children]

    view = mg.widgets.ResidualLedger("names", names, text="kath", removal=False)
    assert not any("removing" in text for text in descriptions(view))
    assert any("removing" in text for text in descriptions(mg.widgets.ResidualLedger("names")))
    for other in (1, "on"):
        with pytest.raises(SettingError, match="removal must be True, False, or one of 'shown'"):
            mg.widgets.ResidualLedger("names", names, removal=other)


def test_the_view_may_begin_with_the_effect_of_removing(names, view):
    shown = mg.widgets.ResidualLedger("names", names, text=view.state.text, removal="shown")
    legend = "◇ how far it falls without the part"
    assert legend in shown.draw_still(shown.state).texts()
    assert legend not in view.draw_still(view.state).texts()
    assert shown.removal_toggle.value
    shown.removal_toggle.value = False
    assert not shown.state.shows_removal


# -- texts --------------------------------------------------------------------------------------


def test_a_text_longer_than_the_block_is_shown_from_its_end_with_a_note(view):
    view.text_box.value = "abcdefghijklmnop"  # 16 letters, as many as the model reads
    assert "The model reads at most" not in view.caption
    view.text_box.value = "abcdefghijklmnopqrstuvwxyz"
    assert view.caption.endswith(
        "The model reads at most 16 letters, so it reads the last 16 letters of this text."
    )
    printed = text_of(view.picture.value)
    assert "after “…hijklmnopqrstuvwxyz”" in printed
    assert "abcdefg" not in printed
    assert "after “…hijklmnopqrstuvwxyz”" in view.draw_still(view.state).texts()


@pytest.mark.parametrize("view_type", ["ResidualLedger", "EditableAttention"])
def test_blanks_alone_are_refused_as_other_characters_are(view_type, names):
    view = getattr(mg.widgets, view_type)("names", names, text="kath")
    view.text_box.value = "  "
    letters = ALPHABET
    assert view.caption == f"This model's vocabulary has no “␣”: it has {letters}."
    assert view.state.text == "kath"
    assert "mg-refused" in view.picture.value


def test_the_picture_of_before_is_dimmed_while_a_text_is_refused(view):
    view.text_box.value = "k2"
    assert "mg-refused" in view.picture.value
    view.text_box.value = "ka"
    assert "mg-refused" not in view.picture.value


def test_a_model_without_a_name_is_this_model(names):
    model = mg.load_pretrained("names").model
    view = mg.widgets.ResidualLedger(model, names, text="kath")
    assert [label for label, _ in view.model_select.options] == ["this model", "names", "story"]


def test_one_word_for_what_a_part_adds(view):
    view.removal_toggle.value = True
    texts = [view.picture.value, view.caption, *view.draw_still(view.state).texts()]
    texts += [button.description for button in view.tab_buttons.values()]
    shown = text_of(" ".join(texts))
    assert "contribut" in shown.lower()
    assert not re.search(r"\b(share|vote|gives|takes|odds)", shown)


# -- controls -----------------------------------------------------------------------------------


def test_it_opens_on_a_held_out_name_and_its_two_likeliest_letters(names):
    view = mg.widgets.ResidualLedger("names", names)
    logits = view.state.view.logits
    order = np.argsort(-logits)
    assert [view.first_select.value, view.second_select.value] == order[:2].tolist()
    assert len(view.state.text) >= 3
    assert view.state.opened == "h.0.attn.out"


def test_any_two_tokens_can_be_compared(view):
    view.first_select.value, view.second_select.value = 5, 18
    assert (view.state.first, view.state.second) == (5, 18)
    logits = view.state.view.logits
    assert view.state.view.difference == float(logits[5]) - float(logits[18])
    view.text_box.value = "joh"
    logits = view.state.view.logits
    assert [view.state.first, view.state.second] == np.argsort(-logits)[:2].tolist()


def test_a_click_opens_a_row_and_closes_it_again(view):
    shown = text_of(view.picture.value)
    assert "head 4" in shown
    total = view.state.view.total
    open_part(view, 4)
    assert view.state.opened == "h.0.mlp.out"
    shown = text_of(view.picture.value)
    assert len(re.findall(r"neuron \d", shown)) == 5
    assert "59 more neurons" in shown
    assert "head 4" not in shown
    open_part(view, 4)
    assert view.state.opened == ""
    assert view.state.view.total == total
    open_part(view, 1)  # a letter has no pieces
    assert view.state.opened == ""


def test_rows_by_size_have_no_running_total(view):
    assert "mg-run" in view.picture.value
    view.order_select.value = True
    shares = [abs(row.share) for row in ledger_rows(view.state.parts, "", by_size=True)]
    assert shares == sorted(shares, reverse=True)
    for gone in ("mg-run", "mg-along", "mg-landing", "running total"):
        assert gone not in view.picture.value


def test_another_model_reads_the_same_text(view):
    view.model_select.value = "story"
    assert view.state.source.name == "story"
    assert view.state.text == "kath"
    assert len(view.first_select.options) == 59
    assert view.first_select.value == view.state.first
    view.text_box.value = "Don't stop"
    view.model_select.value = "names"
    assert view.state.text == view.state.source.tokenizer.default_prompt
    assert view.state.view.total == pytest.approx(view.state.view.difference, abs=1e-5)


def test_a_token_chosen_from_the_list_of_the_model_before_changes_nothing(names):
    view = mg.widgets.ResidualLedger("story")
    last = view.first_select.options[-1][1]
    assert last > 27
    view.model_select.value = "names"
    state = view.state
    for with_token in (state.with_first, state.with_second):
        assert with_token(last) is state


def test_a_model_of_ones_own_is_in_the_menu(names):
    source = gpt2_like(names)
    view = mg.widgets.ResidualLedger(source.model, names, text="ann")
    assert view.model_select.value == "your model"
    view.model_select.value = "names"
    view.model_select.value = "your model"
    assert view.state.source is view.source


@pytest.mark.parametrize("text", ["<b>&amp;", "\u202eabc", "ｊ", "josé"])
def test_hostile_text_is_refused_in_a_sentence(view, text):
    view.text_box.value = text
    assert view.state.text == "kath"
    assert "vocabulary has no" in view.caption
    assert "<b>&" not in view.picture.value + view.caption_box.value
    assert not view.error


def test_labels_of_a_vocabulary_are_text(names):
    corpus = Corpus("tags", ["<b>&\"'", "&<>b"])
    model = mg.GPT(mg.GPTConfig(vocab_size=corpus.tokenizer().vocab_size), backend="numpy")
    view = mg.widgets.ResidualLedger(model, corpus, text="<b>")
    view.numbers.toggle.value = True
    for html in (view.picture.value, view.caption_box.value, view.numbers.content.value):
        assert "<b>&" not in html
        assert "“<”" not in html
    assert not view.error


def test_rows_can_be_opened_with_the_keyboard(view):
    buttons = re.findall(r"<[^>]*role=\"button\"[^>]*>", view.picture.value)
    assert len(buttons) == 2
    assert all('tabindex="0"' in one and "aria-expanded=" in one for one in buttons)
    numbers = [int(re.search(r'data-pick="(\d+)"', one)[1]) for one in buttons]
    assert numbers == [3 * PICK_STEP, 4 * PICK_STEP]  # arrow keys pick neighbours: there are none


def test_a_sign_stands_beside_each_bar(view):
    rows = re.findall(r'<b class="mg-number">([^<]*)</b>.*?mg-bar mg-(\w+)', view.picture.value)
    assert len(rows) == 8
    assert all((text[0] == "−") == (side == "minus") for text, side in rows)


def test_a_cell_that_runs_again_keeps_what_was_chosen(names, cell):
    def make():
        return mg.widgets.ResidualLedger("names", names, text="kath")

    view = make()
    view.model_select.value = "story"
    view.text_box.value = "Jo"
    view.first_select.value = 4
    view.order_select.value = True
    view.tab_buttons["size"].click()
    cell()
    again = make()
    assert again.state.text == "Jo"
    assert again.model_select.value == again.state.source.name == "story"
    assert again.state.first == 4
    assert again.state.by_size
    assert again.state.tab == "size"


# -- untrained, and many layers -----------------------------------------------------------------


def test_an_untrained_model_has_no_preference_and_the_same_axis(names, view):
    untrained = mg.GPT(mg.GPTConfig(), seed=2, backend="numpy")
    other = mg.widgets.ResidualLedger(untrained, names, text="kath")
    assert other.caption.startswith("No trained preference: all 27 letters")
    assert "No trained preference" not in view.caption

    def ends(panel):
        return re.findall(r"[−+]\d+(?=</span>)", panel.picture.value)

    assert ends(other)[0] == ends(view)[0] == "−1"


def test_48_layers_fold_into_12_rows_and_are_run_once(names, monkeypatch):
    runs = []
    record = ledger_state.record
    monkeypatch.setattr(ledger_state, "record", lambda *args: runs.append(1) or record(*args))
    model = mg.GPT(mg.GPTConfig(n_layer=48), seed=1, backend="numpy")
    view = mg.widgets.ResidualLedger(model, names, text="kath")
    assert len(runs) == 1
    heights = set()
    for change in (
        lambda: open_part(view, 3),
        lambda: open_part(view, 98),
        lambda: setattr(view.order_select, "value", True),
        view.swap_button.click,
        lambda: setattr(view.order_select, "value", False),
    ):
        change()
        lines = view.picture.value.count('class="mg-line')
        assert lines <= 12 + 2  # the header and the sum
        heights.add(re.search(r"--rows:(\d+)", view.picture.value)[1])
    assert heights == {"12"}
    assert "93 more parts" in view.picture.value
    assert len(runs) == 1
    assert view.state.view.total == pytest.approx(view.state.view.difference, abs=1e-5)


# -- pictures and tables ------------------------------------------------------------------------


def test_the_table_has_every_part_to_six_digits(view):
    view.removal_toggle.value = True
    view.numbers.toggle.value = True
    table = view.numbers.content.value
    for part in view.state.parts:
        assert f"{abs(part.share):.6f}" in table
        assert f"{abs(view.state.view.without[((part.name, ()),)]):.6f}" in table
    assert "attention 1, head 4" in table
    assert '<th scope="col">contribution</th>' in table


def test_the_still_picture_shows_the_rows_of_the_view(view):
    view.removal_toggle.value = True
    drawing = view.draw_still(view.state)
    for text in ("letter “h”", "position 5", "attention 1", "head 3", "MLP 1", "running total"):
        assert text in drawing.texts()
    view.order_select.value = True
    assert "running total" not in view.draw_still(view.state).texts()
    view.tab_buttons["size"].click()
    assert "4,192" in view.draw_still(view.state).texts()
    assert view.png().startswith(b"\x89PNG")


def test_the_caption_says_what_contributes_most(view):
    shares = {part.name: part.share for part in view.state.parts}
    heads = view.state.parts[2].split
    assert f"The letter “h” contributes {shares['token_embedding']:+.2f}" in view.caption
    assert min(heads) > shares["h.0.attn.out"]
    least = f"the attention of layer 1 −{-shares['h.0.attn.out']:.2f}."
    assert f"{least} Contributions add up" in view.caption
    assert view.caption.endswith("without a part, the others would contribute something else.")
