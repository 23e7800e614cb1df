"""The drawing of a network: the model's own numbers, and the text in the box."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.errors import SettingError, TokenError

CORPUS = mg.load_corpus("names-mini")
MODEL = mg.models.MLP(27, context=3, n_embd=5, hidden=12, seed=1)


@pytest.fixture(autouse=True)
def no_errors():
    yield
    assert mg.widgets.errors() == []


@pytest.fixture
def view():
    return mg.widgets.NetworkDiagram(MODEL, CORPUS, "ann")


def test_it_shows_what_the_model_computes(view):
    shown, table = view.state, MODEL.wte.weight.numpy()
    assert shown.tokens == ("a", "n", "n")
    assert (shown.embeddings == table[[0, 13, 13]]).all()
    assert shown.hidden.shape == (12,)
    np.testing.assert_allclose(shown.logits, MODEL.logits([0, 13, 13]).numpy())
    ids = CORPUS.tokenizer().encode("ann", bos=True)
    np.testing.assert_allclose(np.log(shown.probs), MODEL.log_probs(ids)[-1], atol=1e-6)
    assert shown.num_parameters == MODEL.parameter_count()
    assert "3 × 5 = 15" in view.picture.value
    assert view.png().startswith(b"\x89PNG")


def test_before_the_start_stands_the_start():
    assert mg.widgets.NetworkDiagram(MODEL, CORPUS, "a").state.tokens == ("⟨BOS⟩", "⟨BOS⟩", "a")
    assert mg.widgets.NetworkDiagram(MODEL, CORPUS).state.tokens == ("⟨BOS⟩",) * 3


def test_another_text_is_followed(view):
    view.text_box.value = "Maria"
    assert view.state.tokens == ("r", "i", "a")
    assert view.text_box.value == "maria"
    view.text_box.value = ""
    assert view.state.tokens == ("⟨BOS⟩",) * 3


def test_a_text_that_cannot_be_read(view):
    picture = view.picture.value
    view.text_box.value = "a!"
    assert "This model's vocabulary has no “!”" in view.caption
    assert view.picture.value == picture
    assert view.text_box.value == "a!"
    view.text_box.value = "b"
    assert view.state.tokens[-1] == "b"


def test_it_keeps_the_network_as_it_was(view):
    before = view.state.logits
    model = mg.models.MLP(27, context=3, n_embd=5, hidden=12, seed=1)
    view = mg.widgets.NetworkDiagram(model, CORPUS, "ann")
    with mg.no_grad():
        model.wte.weight.data = np.zeros((27, 5), np.float32)
    view.text_box.value = "bob"
    view.text_box.value = "ann"
    assert (view.state.logits == before).all()


def test_a_cell_that_runs_again_follows_the_same_text(view):
    other = mg.widgets.NetworkDiagram(mg.models.MLP(27, seed=2), CORPUS, "bob")
    state = other.take_over(view.state)
    assert state.text == "ann"
    assert state.embeddings.shape == (3, 10)
    short = mg.widgets.NetworkDiagram(mg.models.MLP(3, seed=2), mg.load_corpus(text="ab\nba"), "ab")
    assert short.take_over(view.state) is short.state


def test_a_long_text_has_no_start():
    story = mg.load_corpus("story")
    model = mg.models.MLP(story.tokenizer().vocab_size, context=2)
    view = mg.widgets.NetworkDiagram(model, story, "the sea")
    assert view.state.tokens == ("e", "a")


def test_other_models_are_refused():
    with pytest.raises(SettingError, match="an MLP"):
        mg.widgets.NetworkDiagram(mg.NGram(27), CORPUS)
    with pytest.raises(TokenError):
        mg.widgets.NetworkDiagram(MODEL, CORPUS, "é")
