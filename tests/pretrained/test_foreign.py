"""Foreign models, each one change away from an export: they load, or are refused by name."""

import numpy as np
import pytest
from pretrained.foreign import FOREIGN

import microgpt as mg
from microgpt.errors import FormatError

LOADED = [name for name, case in FOREIGN.items() if case.refused is None]
REFUSED = [name for name, case in FOREIGN.items() if case.refused is not None]
TOKENS = np.array([[1, 299, 17, 260, 5, 0, 299, 271, 44, 3, 2, 256]])


def test_there_are_many():
    assert len(LOADED) >= 25
    assert len(REFUSED) >= 15


@pytest.mark.parametrize("name", LOADED)
def test_it_loads_with_the_original_s_logits(tmp_path, name):
    original, path = FOREIGN[name].write(tmp_path)
    loaded = mg.load_pretrained(path, backend="numpy", **FOREIGN[name].options)
    expected = original.model.eval()(TOKENS).numpy()
    np.testing.assert_allclose(loaded.model(TOKENS).numpy(), expected, rtol=1e-6, atol=1e-6)
    assert loaded.tokenizer.to_dict() == {**original.tokenizer.to_dict(), "counts": None}
    texts = mg.sampling.generate_text(loaded.model, loaded.tokenizer, 3, "the cat", 40)
    assert len(list(texts)) == 3


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_a_sentence(tmp_path, name):
    _, path = FOREIGN[name].write(tmp_path)
    with pytest.raises(FormatError, match=FOREIGN[name].refused) as refused:
        mg.load_pretrained(path, backend="numpy", **FOREIGN[name].options)
    assert str(tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_surplus_ids_are_never_drawn(tmp_path):
    _, path = FOREIGN["padded vocabulary"].write(tmp_path)
    loaded = mg.load_pretrained(path, backend="numpy")
    assert loaded.model.config.vocab_size == loaded.tokenizer.vocab_size == 300
    drawn = [token for seed in range(5) for token in mg.generate(loaded.model, [1], 20, seed=seed)]
    assert max(drawn) < 300


@pytest.mark.parametrize("name", ["nanoGPT with its arguments", "the book with its dictionary"])
def test_dropout_for_fine_tuning_is_theirs(tmp_path, name):
    _, path = FOREIGN[name].write(tmp_path)
    assert mg.load_pretrained(path, backend="numpy").model.config.dropout == 0.25
