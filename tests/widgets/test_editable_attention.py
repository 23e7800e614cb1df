"""Editable attention: what it shows is what an independent model computes, edited or not."""

import ast
import gc
import re
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.plain_gpt import plain_gpt

import microgpt as mg
from microgpt.viz.editable_attention import CUT, MASK, OFF, UNSCALED, AttentionEdit
from microgpt.widgets.attention_runs import cell_arithmetic, cell_effects, run_attention
from microgpt.widgets.attention_state import AttentionState, attended_text, first_state
from microgpt.widgets.editable_attention import ALL_HEADS
from microgpt.widgets.head_statistics import evenly_spaced, held_out_heads
from microgpt.widgets.model_lookup import find_gpt_source
from microgpt.widgets.opening_text import held_out_texts


@pytest.fixture(scope="module")
def names():
    return mg.load_corpus("names-mini")


@pytest.fixture(scope="module")
def source():
    return find_gpt_source("names")


@pytest.fixture
def view(names):
    return mg.widgets.EditableAttention("names", names, text="joh")


def model_of(**settings):
    settings = {"n_embd": 16, "n_head": 4, "init_std": 0.4} | settings
    return mg.GPT(mg.GPTConfig(**settings), seed=3, dtype="float64", backend="numpy")


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def losses_of(model, rows, edits=None):
    """The mean negative log-likelihood of each row's tokens, by the plain model."""
    nll, count = 0.0, 0
    for row in rows:
        logits = plain_gpt(model, [row[:-1]], edits)["logits"][0]
        nll -= sum(np.log(softmax(logits[i]))[token] for i, token in enumerate(row[1:]))
        count += len(row) - 1
    return nll / count


# -- what is shown ------------------------------------------------------------------------------


def test_it_opens_on_the_first_held_out_name_that_attention_helps_with(names):
    view, texts = (
        mg.widgets.EditableAttention("names", names),
        held_out_texts(find_gpt_source("names"), "names", names),
    )
    probs = []  # of the last letter, with attention and without
    for entry in (text for text in texts if len(text) >= 4):
        state = first_state(view.source, entry[:-1], texts)
        off = run_attention(view.source.model, state.token_ids, 0, [AttentionEdit(OFF, 0)])
        token = view.source.tokenizer.encode(entry)[-1]
        probs.append([softmax(run.logits)[token] for run in (state.now, off)])
        if entry[:-1] == view.state.text:
            break
    assert view.source.labels[view.state.target] == entry[-1]
    helped = [known > 1.5 * alone for known, alone in probs]
    assert helped == [False] * (len(probs) - 1) + [True]
    assert view.state.edits == ()
    assert view.state.row == len(entry) - 1  # the start comes first
    assert "Nothing is changed yet." in view.caption
    assert "A weight is not an explanation" in view.caption


def test_rows_add_up_to_1_before_and_after_masking_and_to_less_after_a_cut(view):
    view.cell_buttons[MASK].click()
    assert np.abs(view.state.now.weights.sum(axis=-1) - 1).max() < 1e-6
    share = view.state.before.weights[0, view.state.row, view.state.column]
    view.cell_buttons[CUT].click()  # in place of the mask
    assert len(view.state.edits) == 1
    assert view.state.view.shown[view.state.row].sum() == pytest.approx(1 - share, abs=1e-6)
    assert f"adds up to {1 - share:.2f}" in view.caption


def test_the_printed_arithmetic_gives_the_printed_weight():
    rng = np.random.default_rng(0)
    for trial in range(500):
        if trial % 50 == 0:
            model = model_of(n_head=(1, 2, 4, 8)[trial // 50 % 4], init_std=0.3)
            ids = rng.integers(0, 27, rng.integers(2, 16))
            action = (UNSCALED,) if trial % 100 else ()
            edits = [AttentionEdit(k, 0) for k in action]
            run = run_attention(model, ids, 0, edits)
        row = rng.integers(len(ids))
        column, head = rng.integers(row + 1), rng.integers(model.config.n_head)
        a = cell_arithmetic(run, head, row, column, edits)
        scale = 1 if edits else a.head_dim**0.5
        assert a.scaled == pytest.approx(a.product / scale, abs=1e-12)
        shown = [round(x, 3) for x in (a.scaled, a.row_max, a.row_sum)]
        assert np.exp(shown[0] - shown[1]) / shown[2] == pytest.approx(a.weight, abs=0.002)
        assert a.weight == pytest.approx(run.weights[head, row, column])


@pytest.mark.parametrize("settings", [{}, {"n_layer": 3, "bias": True, "norm": "layernorm"}])
@pytest.mark.parametrize("head", [None, 2])
@pytest.mark.parametrize("action", [MASK, CUT, OFF, UNSCALED])
def test_an_edit_is_that_of_an_independent_model(settings, head, action):
    model, ids, layer = model_of(**settings), [0, 9, 14, 7], settings.get("n_layer", 1) - 1
    cell = (3, 2) if action in (MASK, CUT) else (None, None)
    heads = slice(None) if head is None else slice(head, head + 1)

    def scores(array):
        if action == MASK:
            array[:, heads, 3, 2] = -1e30
        elif action == UNSCALED:
            array[:, heads] *= model.config.head_dim**0.5
        return array

    def weights(array):
        if action == CUT:
            array[:, heads, 3, 2] = 0
        elif action == OFF:
            array[:, heads] = 0
        return array

    run = run_attention(model, ids, layer, [AttentionEdit(action, layer, head, *cell)])
    names = {f"h.{layer}.attn.scores": scores, f"h.{layer}.attn.weights": weights}
    plain = plain_gpt(model, [ids], names)
    assert np.allclose(run.logits, plain["logits"][0, -1], rtol=0, atol=1e-6)
    assert np.allclose(run.weights, plain[f"h.{layer}.attn.weights"][0], rtol=0, atol=1e-6)


def test_effects_are_those_of_single_runs():
    model, ids, target = model_of(n_layer=2), [0, 9, 14, 7, 1], 11
    effects = cell_effects(model, ids, 1, 4, target, first_column=1)
    base = -np.log(softmax(run_attention(model, ids, 1).logits))[target]
    for head in range(4):
        for column in range(1, 5):
            edits = [AttentionEdit(MASK, 1, head, 4, column)]
            nll = -np.log(softmax(run_attention(model, ids, 1, edits).logits))[target]
            assert effects.effects[head, column - 1] == pytest.approx(nll - base, abs=1e-9)
    run = run_attention(model, ids, 1)
    assert effects.of(2, 3) == (pytest.approx(run.weights[2, 4, 3]), effects.effects[2, 2])


def test_a_row_that_sees_itself_alone_and_a_model_that_is_too_large_have_no_effects(view):
    assert cell_effects(model_of(), [0, 1], 0, 0, 1) is None
    large = mg.GPT(mg.GPTConfig(vocab_size=50_000, n_embd=64, block_size=64), backend="numpy")
    assert cell_effects(large, list(range(64)), 0, 63, 1) is None
    view.row_box.value = 1
    assert view.caption.endswith("A weight is not an explanation.")


# -- controls -----------------------------------------------------------------------------------


def test_masking_the_only_letter_of_a_row_is_refused_in_a_sentence(view):
    view.row_box.value = 1
    view.cell_buttons[MASK].click()
    assert "row 1, which sees only itself" in view.caption
    assert view.state.edits == ()
    view.cell_buttons[CUT].click()
    assert len(view.state.edits) == 1


def test_masking_the_last_letter_that_a_row_still_sees_is_refused(view):
    view.row_box.value = 2
    for column in (1, 2):
        view.column_box.value = column
        view.cell_buttons[MASK].click()
    assert "would see nothing at all" in view.caption
    assert [edit.column for edit in view.state.edits] == [0]


def test_undoing_restores_the_logits_bit_for_bit(view):
    logits = view.state.now.logits.tobytes()
    view.cell_buttons[MASK].click()
    view.head_toggles[OFF].value = True
    assert view.state.now.logits.tobytes() != logits
    view.undo_button.click()
    assert view.state.now.logits.tobytes() == logits
    assert not view.head_toggles[OFF].value
    view.cell_buttons[CUT].click()
    view.chips.children[0].click()
    assert view.state.now.logits.tobytes() == logits
    assert view.chips.children == ()


def test_edits_add_up_and_are_listed(view):
    view.cell_buttons[MASK].click()
    view.head_select.value = ALL_HEADS
    view.head_toggles[UNSCALED].value = True
    labels = [chip.description for chip in view.chips.children]
    assert labels[0].startswith("head 1: h → ")
    assert labels[0].endswith("masked  ✕")
    assert labels[1:] == ["all heads: no √D  ✕", "Undo all"]
    one = run_attention(view.source.model, view.state.token_ids, 0, view.state.edits[:1])
    assert not np.array_equal(view.state.now.weights, one.weights)


def test_the_guess_of_one_layer_does_not_change_if_an_earlier_row_does(view):
    view.row_box.value = 3
    view.cell_buttons[MASK].click()
    assert "only the last row leads to the guess" in view.caption
    assert abs(view.state.view.rise) < 1e-9


def test_the_chosen_cell_stays_inside_the_triangle(view):
    view.row_box.value, view.column_box.value = 4, 4
    view.row_box.value = 2
    assert (view.state.row, view.state.column) == (1, 1)
    assert view.column_box.max == 2
    assert view.state.with_cell(99, 99).column == len(view.state.token_ids) - 1


def test_another_text_has_another_triangle_and_the_true_letter_of_a_name(view, names):
    entry = next(
        text for text in held_out_texts(find_gpt_source("names"), "names", names) if len(text) > 5
    )
    view.cell_buttons[MASK].click()
    view.text_box.value = entry[:4].upper()
    assert view.state.text == entry[:4]
    assert view.source.labels[view.state.target] in {
        t[4] for t in names if t.startswith(entry[:4]) and len(t) > 4
    }
    assert view.state.edits == ()
    view.text_box.value = entry
    assert view.state.target == view.source.eos_token_id
    view.text_box.value = "josé"
    assert "é" in view.caption
    assert view.state.text == entry
    view.text_box.value = ""
    assert view.state.token_ids == (view.source.eos_token_id,)


@pytest.mark.parametrize("text", ["<b>&amp;", "a" * 40, "\u202eabc", "ｊ"])
def test_hostile_text_is_refused_or_shown_as_text(view, text):
    view.text_box.value = text
    assert "<b>&" not in view.picture.value + view.caption_box.value
    assert not view.error


def test_each_cell_of_the_triangle_has_a_button_that_chooses_it(view):
    names = [name for name, _ in view.cells.options]
    assert len(set(names)) == 4 + 3 + 2 + 1
    assert "row 4 (h), column 1 (start)" in names
    assert view.cells.value == (view.state.row, view.state.column)
    view.cells.value = (2, 1)
    assert (view.state.row, view.state.column) == (2, 1)
    assert (view.row_box.value, view.column_box.value) == (3, 2)
    view.row_box.value = 2
    assert view.cells.value == (1, 1)


def test_the_buttons_over_the_cells_lie_in_the_columns_of_the_triangle(view):
    for text in ("", "joh", "maximilianawwww"):
        view.text_box.value = text
        classes = re.search(r'class="mg-grid ([^"]+)"', view.picture.value)[1].split()
        assert sorted(view.cells._dom_classes) == sorted(["mg-over", *classes])
        n = min(len(text) + 1, 10)
        assert f"mg-n{n}" in classes
        assert len(view.cells.options) == n * (n + 1) // 2
    assert "mg-part" in classes
    first, _ = view.cells.options[0]
    assert first == f"row 1 ({'maximilianawwww'[5]}), column 1 ({'maximilianawwww'[5]})"
    view.cells.value = (9, 8)
    assert (view.state.row, view.state.column) == (9, 8)
    assert (view.row_box.value, view.column_box.value) == (4, 3)


def test_long_texts_show_their_last_ten_letters(view):
    view.text_box.value = "abcdefghijklmn"
    assert view.state.first == 5
    assert "The last 10 letters." in view.picture.value
    assert view.row_box.max == 10
    view.row_box.value, view.column_box.value = 1, 1
    assert (view.state.row, view.state.column) == (5, 5)


def test_a_model_of_several_layers_has_a_menu_for_them():
    view = mg.widgets.EditableAttention("story", text="the door")
    view.layer_select.value = 2
    view.cell_buttons[MASK].click()
    assert view.state.edits[0].layer == 2
    assert view.chips.children[0].description.startswith("layer 3, head 1: ")
    view.layer_select.value = 0
    assert "That layer is not in the picture, which shows layer 1, head 1." in view.caption


def test_a_cell_that_runs_again_keeps_its_edits(names):
    view = mg.widgets.EditableAttention("names", names, text="joh")
    view.cell_buttons[MASK].click()
    again = mg.widgets.EditableAttention("names", names, text="joh")
    again.state = again.take_over(view.state)
    assert again.state.edits == view.state.edits
    other = replace(view.state, text="жук")
    assert again.take_over(other) is again.state


# -- words --------------------------------------------------------------------------------------


def test_the_caption_says_what_the_row_and_the_guess_did(view):
    view.head_select.value = ALL_HEADS
    view.column_box.value = 3
    state: AttentionState = view.state
    shares = [f"{w:.2f}" for w in state.before.weights[:, state.row, state.column]]
    view.cell_buttons[MASK].click()
    assert "All heads: “h” no longer sees “o”, masked before the softmax." in view.caption
    assert (
        f"share its {', '.join(shares[:3])} and {shares[3]}, and the row still adds up to 1.00"
        in view.caption
    )
    before, now = (
        -np.log(p[state.target]) for p in (view.state.view.probs_before, view.state.view.probs)
    )
    said = re.search(r"log-likelihood (rises|falls) by ([\d.]+), to (\d+\.\d\d)", view.caption)
    assert said[1] == ("rises" if now > before else "falls")
    assert float(said[3]) == round(float(now), 2)
    assert float(said[2]) == round(abs(float(now - before)), 2)


def test_no_head_has_a_name(view):
    view.numbers.toggle.value = True
    table = view.numbers.content.value
    rows = re.findall(r"Head (\d)</td>", table)
    assert rows == ["1", "2", "3", "4"]
    assert "Equal shares" in table


# -- many texts ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_table_of_heads_is_that_of_an_independent_model(names, source):
    texts = held_out_texts(find_gpt_source("names"), "names", names)[:60]
    rows = [source.tokenizer.encode(text, bos=True, eos=True) for text in texts]
    found, model = held_out_heads(source, texts, 0), source.model
    base = losses_of(model, rows)
    assert found.loss == pytest.approx(base, abs=1e-5)
    unscaled = losses_of(model, rows, {"h.0.attn.scores": lambda s: s * 2})
    assert found.unscaled_rise == pytest.approx(unscaled - base, abs=1e-4)

    def without_head_2(weights):
        weights[:, 1] = 0
        return weights

    rise = losses_of(model, rows, {"h.0.attn.weights": without_head_2}) - base
    assert found.heads[1].rise == pytest.approx(rise, abs=1e-5)
    weights = [plain_gpt(model, [row[:-1]])["h.0.attn.weights"][0, 0] for row in rows]
    before = np.concatenate([np.diag(w, -1)[1:] for w in weights])
    assert found.heads[0].letter_before == pytest.approx(before.mean(), abs=1e-5)
    shares = np.concatenate([1 / np.arange(3, len(w) + 1) for w in weights])
    assert found.equal[0] == pytest.approx(shares.mean(), abs=1e-9)


def test_the_table_of_heads_is_that_of_the_notebook(names, source, view):
    path = Path(__file__).parents[2] / "notebooks/src/06_attention.py"
    wanted = ("padded", "loss_with", "switched_off", "mean_weights")
    functions = [
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name in wanted
    ]
    tokenizer = names.distinct().tokenizer()
    vowels = tokenizer.encode("aeiou")
    cells = {"np": np, "mg": mg, "tokenizer": tokenizer, "vowels": vowels}
    exec(compile(ast.Module(functions, []), str(path), "exec"), cells)
    held = cells["padded"](names.distinct().split()[1])
    unedited = cells["loss_with"](source.model, held)
    found = held_out_heads(source, view.texts, 0)
    assert (found.num_texts, found.num_held_out) == (len(held[0]), len(view.texts))
    assert found.loss == pytest.approx(unedited, abs=1e-5)
    with mg.no_grad(), mg.trace(source.model) as trace:
        source.model(held[0])
    weights = trace["h.0.attn.weights"]
    for head, row in enumerate(found.heads):
        off = cells["loss_with"](source.model, held, weights=cells["switched_off"](head))
        assert row.rise == pytest.approx(off - unedited, abs=1e-5)
        on = (row.itself, row.letter_before, row.start)
        places = cells["mean_weights"](weights[:, head], *held)
        assert on == pytest.approx(places[:3], abs=1e-5)


def test_a_long_list_is_measured_on_texts_from_all_of_it(monkeypatch, source):
    texts = [f"{a}{b}na" for a in "abcdefghijklmnopqrstuvwxyz" for b in "aeiou"]
    monkeypatch.setattr("microgpt.widgets.head_statistics.MAX_TEXTS", 26)
    sample = evenly_spaced(texts, 26)
    assert len(sample) == 26
    assert len({text[0] for text in sample}) >= 25
    found, of_sample = held_out_heads(source, texts, 0), held_out_heads(source, sample, 0)
    assert (found.num_texts, found.num_held_out) == (26, 130)
    assert found.heads == of_sample.heads
    monkeypatch.setattr("microgpt.widgets.head_statistics.MAX_WORK", 1)  # a large model
    assert held_out_heads(source, texts, 0).num_texts == 20


@pytest.mark.slow
def test_masking_the_letter_before_costs_more_than_cutting_it(names, source):
    def edited(number):
        def edit(array):
            later = np.arange(1, array.shape[-1])
            array[..., later, later - 1] = number
            return array

        return edit

    held_out = np.array(held_out_texts(find_gpt_source("names"), "names", names))
    for seed in range(5):
        texts = np.random.default_rng(seed).choice(held_out, 40, replace=False)
        rows = [source.tokenizer.encode(text, bos=True, eos=True) for text in texts]
        masked = losses_of(source.model, rows, {"h.0.attn.scores": edited(-1e30)})
        cut = losses_of(source.model, rows, {"h.0.attn.weights": edited(0)})
        assert masked > cut > losses_of(source.model, rows)


def test_texts_that_are_too_short_give_no_table_of_heads(source):
    assert held_out_heads(source, [], 0) is None
    assert held_out_heads(source, ["a"], 0) is None


# -- several edits, several heads ---------------------------------------------------------------


def test_the_weight_that_is_said_is_the_one_just_before_the_last_edit(view):
    view.column_box.value = 3
    view.cell_buttons[MASK].click()
    view.column_box.value = 2
    weight = view.state.now.weights[0, view.state.row, view.state.column]
    view.cell_buttons[CUT].click()
    total = view.state.now.weights[0, view.state.row].sum()
    assert f"Nobody gets its {weight:.2f}, and the row adds up to {total:.2f}." in view.caption
    assert total == pytest.approx(1 - weight, abs=1e-6)


def test_the_sum_that_is_said_is_that_of_the_edited_head(view):
    view.cell_buttons[CUT].click()
    total = view.state.now.weights[0, view.state.row].sum()
    view.head_select.value = ALL_HEADS
    assert f"and the row adds up to {total:.2f}." in view.caption


def test_the_menu_of_heads_shows_that_it_shows_all(view):
    view.head_select.label = "all"
    assert view.state.head is None
    assert (view.head_select.label, view.head_select.index) == ("all", 4)
    assert "head 1 (above: the mean of 4)" in view.picture.value
    view.head_select.label = "2"
    assert view.state.head == 1


def test_an_edit_of_all_heads_can_be_taken_back_in_one(view):
    view.head_select.value = ALL_HEADS
    view.cell_buttons[MASK].click()
    view.head_select.value = 0
    assert view.state.cell_action == MASK
    view.cell_buttons[MASK].click()
    assert sorted(edit.head for edit in view.state.edits) == [0, 1, 2, 3]
    view.cell_buttons[""].click()
    assert sorted(edit.head for edit in view.state.edits) == [1, 2, 3]
    row, column = view.state.row, view.state.column
    before, now = view.state.before.weights, view.state.now.weights
    assert now[0, row, column] == before[0, row, column]
    assert not now[1:, row, column].any()


def test_heads_that_are_all_off_can_be_switched_on_one_by_one(view):
    view.head_select.value = ALL_HEADS
    view.head_toggles[OFF].value = True
    view.head_select.value = 2
    assert view.head_toggles[OFF].value
    view.head_toggles[OFF].value = False
    assert view.state.now.weights[2].any()
    assert not view.state.now.weights[[0, 1, 3]].any()
    view.head_select.value = ALL_HEADS
    assert not view.head_toggles[OFF].value


def test_masks_are_left_alone_by_no_root():
    model, ids = model_of(), [0, 9, 14, 7]
    edits = [AttentionEdit(MASK, 0, 1, 3, 2), AttentionEdit(UNSCALED, 0, 1)]
    for order in (edits, edits[::-1]):
        arithmetic = cell_arithmetic(run_attention(model, ids, 0, order), 1, 3, 2, order)
        assert arithmetic.scaled == pytest.approx(-1e30)  # not divided by √D


def test_a_list_that_attention_does_not_help_with_begins_with_its_first_entry(source):
    assert attended_text(source, ["aafke", "aage"]) == "aafk"
    assert attended_text(source, ["aafke", "aatu"]) == "aat"
    assert attended_text(source, ["ab"]) == "a"


def test_an_entry_that_another_goes_on_from_is_not_judged_by_the_others_letter(source):
    texts = ["aatuq", "aatq"]  # attention helps with u after "aat", which is not the end of either
    assert source.labels[first_state(source, "aat", texts).target] == "u"
    assert attended_text(source, texts) == "aatu"  # the first, since neither is helped
    assert attended_text(source, [*texts, "aatu"]) == "aat"


def test_it_opens_on_a_name_without_a_corpus_and_on_one_that_a_trainer_holds_out(names):
    assert mg.widgets.EditableAttention().state.text
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    config = mg.TrainConfig(steps=1, val_fraction=0.05, seed=7)
    trainer = mg.Trainer(model, names, config)
    view = mg.widgets.EditableAttention(trainer)
    assert view.texts
    assert {trainer.memorization_check(text) for text in view.texts} == {
        "in the list, not trained on"
    }


def test_the_table_of_heads_is_measured_once_a_layer(view, monkeypatch):
    view.numbers.toggle.value = True
    table = view.numbers.content.value
    monkeypatch.setattr("microgpt.widgets.editable_attention.held_out_heads", None)
    view.row_box.value = 2
    assert view.numbers.content.value != table
    assert "Equal shares" in view.numbers.content.value
    assert not view.error


def test_runs_are_kept_no_longer_than_their_state():
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    source = find_gpt_source(model, mg.load_corpus("names-mini"))
    state = first_state(source, "joh")
    assert len(state.view.weights) == 4
    kept = weakref.ref(source.model)
    del source, state
    gc.collect()
    assert kept() is None
