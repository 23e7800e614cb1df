"""The size tab: every model is counted to the last parameter, and none is built."""

import re

import pytest

import microgpt as mg
from microgpt.config import PRESETS
from microgpt.errors import SettingError
from microgpt.widgets.model_size import model_size
from microgpt.widgets.size_state import size_of

# Counted from the published sizes: OpenAI 2019, and the recipes of this package.
COUNTS = {
    "microgpt": 4_192,
    "char": 811_264,
    "gpt2-124M": 124_439_808,
    "gpt2-355M": 354_823_168,
    "gpt2-774M": 774_030_080,
    "gpt2-1558M": 1_557_611_200,
}


@pytest.fixture
def view():
    view = mg.widgets.ResidualLedger("names", text="kath")
    view.tab_buttons["size"].click()
    return view


def choose(view, name, value):
    view.size_controls.sliders[name].box.value = value


@pytest.mark.parametrize("name", COUNTS)
def test_presets_have_the_published_sizes(name, view):
    view.size_controls.preset_select.value = name
    assert view.state.size.view.size.total == COUNTS[name]
    assert f"{COUNTS[name]:,}" in view.picture.value
    assert view.caption.startswith(f"{COUNTS[name]:,} parameters: ")


@pytest.mark.parametrize("name", ["microgpt", "gpt2-small-char", "gpt2-small", "char"])
def test_the_count_is_that_of_a_model_that_was_built(name):
    config = PRESETS[name]
    if name == "gpt2-small":
        config = mg.GPTConfig.preset(name, vocab_size=100)
    assert model_size(config).total == mg.GPT(config, backend="numpy").parameter_count()


def test_the_sentence_of_gpt2(view):
    view.size_controls.preset_select.value = "gpt2-124M"
    assert view.caption == (
        "124,439,808 parameters: 45.5 % in the MLPs and 31.0 % in the token table. Weights 0.50 "
        "GB; to train with AdamW 1.99 GB, for weights, gradients and two running means of these."
    )
    for text in ("22.8 %", "0.6 %", "0.03 %", "285 million"):
        assert text in view.picture.value


def test_operations_are_two_for_each_number_of_a_matrix():
    size = model_size(mg.GPTConfig.preset("gpt2-124M"))
    C, V, layers, T = 768, 50_257, 12, 1_024
    assert size.matrix_operations == 2 * (12 * C * C * layers + V * C)
    assert size.attention_operations == layers * T * C * 4
    untied = model_size(mg.GPTConfig.preset("gpt2-124M", tie_weights=False))
    assert untied.matrix_operations == size.matrix_operations
    assert untied.total - size.total == V * C == untied.parts["head"]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("norm", ["rmsnorm", "layernorm"])
def test_the_controls_count_as_the_formula_does(view, bias, norm):
    for name, value in (("n_layer", 3), ("n_embd", 48), ("block_size", 32), ("vocab_size", 100)):
        choose(view, name, value)
    controls = view.size_controls
    controls.norm_select.value = norm
    controls.switches["bias"].value = bias
    C, V, T, layers = 48, 100, 32, 3
    norms = (2 * layers + 1) * C * (1 + bias) if norm == "layernorm" else 0
    block = 12 * C * C + 9 * C * bias
    total = view.state.size.view.size.total
    assert total == layers * block + norms + 2 * V * C + T * C
    controls.switches["tie_weights"].value = True
    assert view.state.size.view.size.total == total - V * C
    assert controls.switches["tie_weights"].description.startswith("☑")


def test_heads_that_do_not_divide_the_width_are_refused_in_a_sentence(view):
    choose(view, "n_head", 5)
    assert view.caption == (
        "A width of 16 cannot be shared out evenly among 5 heads: choose a width that is a "
        "multiple of 5, or another number of heads."
    )
    assert "no such model" in view.picture.value
    assert "4,192" not in view.picture.value
    view.numbers.toggle.value = True
    assert view.numbers.content.value == '<div class="mg"><p class="mg-lab">no such model</p></div>'
    assert view.size_controls.sliders["n_head"].value == 5
    assert view.size_controls.preset_select.value == ""
    choose(view, "n_embd", 80)  # now they do
    assert (view.state.size.config.n_head, view.state.size.config.n_embd) == (5, 80)
    assert view.caption.startswith(f"{model_size(view.state.size.config).total:,} parameters: ")
    assert "no such model" not in view.picture.value


def test_a_preset_is_named_until_a_setting_changes(view):
    controls = view.size_controls
    assert controls.preset_select.value == "microgpt"
    controls.preset_select.value = "gpt2-1558M"
    assert [controls.sliders[name].value for name in ("n_layer", "n_head", "n_embd")] == [
        48, 25, 1600,
    ]  # fmt: skip
    choose(view, "n_layer", 47)
    assert controls.preset_select.value == ""
    choose(view, "n_layer", 48)
    assert controls.preset_select.value == "gpt2-1558M"


def test_nothing_is_built_and_the_ledger_is_not_run(view, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a model was built or run")

    monkeypatch.setattr("microgpt.models.gpt.GPT.__init__", refuse)
    monkeypatch.setattr("microgpt.widgets.ledger_state.record", refuse)
    view.size_controls.preset_select.value = "gpt2-1558M"
    choose(view, "n_layer", 40)
    assert view.state.size.config.n_layer == 40
    assert not view.error


def test_a_model_of_ones_own_may_be_smaller_than_the_sliders(view):
    config = mg.GPTConfig(n_embd=8, n_head=2, block_size=6, vocab_size=27)
    own = mg.widgets.ResidualLedger(
        mg.GPT(config, backend="numpy"), mg.load_corpus("names-mini"), text="ann"
    )
    assert own.size_controls.sliders["n_embd"].value == 8
    assert own.state.size.view.size.total == model_size(config).total
    assert size_of(config).preset == ""


def test_the_strip_is_filled_and_only_shown_controls_stand_on_a_tab(view):
    widths = [float(w) for w in re.findall(r"mg-segment[^>]*?width:([\d.]+)%", view.picture.value)]
    assert sum(widths) == pytest.approx(100, abs=0.01)
    assert view.contributions_box.layout.display == "none"
    assert view.size_controls.box.layout.display == ""
    view.tab_buttons["contributions"].click()
    assert view.contributions_box.layout.display == ""
    assert view.size_controls.box.layout.display == "none"
    assert "What contributes to" in view.picture.value


@pytest.mark.parametrize("preset", ["gpt2-124M", "gpt2-1558M", "microgpt"])
def test_each_step_of_the_width_s_slider_is_a_model(view, preset):
    controls = view.size_controls
    controls.preset_select.value = preset
    slider, heads = controls.sliders["n_embd"].slider, view.state.size.config.n_head
    assert slider.value == view.state.size.config.n_embd
    for width in (slider.min + slider.step, slider.min, slider.max, slider.max - slider.step):
        slider.value = width
        assert (view.state.size.config.n_embd, view.message) == (width, "")
        assert not view.state.size.refusal
        assert width % heads == 0


def test_the_slider_follows_the_heads_also_when_they_do_not_divide_the_width(view):
    choose(view, "n_head", 48)
    slider = view.size_controls.sliders["n_embd"]
    assert (slider.value, slider.slider.min, slider.slider.step) == (16, 48, 48)
    assert view.state.size.refusal
    slider.slider.value = 96
    assert view.state.size.config.n_embd == 96


def test_a_view_may_begin_with_the_size_of_a_preset_or_have_none():
    view = mg.widgets.ResidualLedger("names", text="kath", size="gpt2-124M")
    assert view.state.tab == "size"
    assert view.caption.startswith("124,439,808 parameters: ")
    assert view.size_controls.preset_select.value == "gpt2-124M"
    without = mg.widgets.ResidualLedger("names", text="kath", size=False)
    assert list(without.tab_buttons) == ["contributions"]
    assert without.tab_buttons["contributions"] not in without.box.children[0].children
    with pytest.raises(SettingError, match="size must be True, False, or one of 'microgpt'"):
        mg.widgets.ResidualLedger("names", text="kath", size="gpt2")
