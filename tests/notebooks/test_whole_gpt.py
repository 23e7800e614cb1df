"""Notebook 07: its cells compute what its text says; no view shows an answer before the guess."""

import re

import numpy as np
import pytest
from course.percent_source import SOURCES, read_source
from measuring.experiment_cells import experiment_cells

import microgpt as mg

NAME = "07_whole_gpt"


@pytest.fixture(scope="module")
def cells():
    return experiment_cells(NAME)


@pytest.fixture(scope="module")
def sources():
    return [
        (cell.source, cell.metadata.get("tags", []))
        for cell in read_source(SOURCES / f"{NAME}.py").cells
    ]


def index_of(sources, tag):
    return next(i for i, (_, tags) in enumerate(sources) if tag in tags)


def test_what_has_no_part_has_no_parameters_of_it(cells):
    assert cells.build_one_layer().parameter_count() == 4192
    assert cells.build_one_layer("MLP").parameter_count() == 4192 - 2 * 16 * 64


def test_all_models_of_the_board_train_equally_long(sources):
    added = [call for text, _ in sources for call in re.findall(r"board\.add\(.*", text)]
    assert len(added) == 3
    assert all("train_one(" in call and not re.search(r"\), \d", call) for call in added)


def test_a_part_is_taken_out_where_its_contribution_is_measured(cells):
    x = np.ones((3, 4))
    assert cells.without_last(x).sum(axis=1).tolist() == [4, 4, 0]
    assert x.all()
    effects = cells.removals(mg.load_pretrained("names").model, ["an", "jo", "kath"])
    contribution, fall = effects["h.0.mlp.out"]
    assert fall == pytest.approx(contribution, abs=1e-4)
    assert not np.allclose(*effects["token_embedding"], atol=0.05)


def test_a_layer_s_gradient_is_equally_tiny_whether_first_or_last(cells):
    plain = cells.build(residual=False, norm=False)
    gradients, sizes = (
        cells.gradient_sizes(plain, cells.batch),
        cells.sizes_of_x(plain, cells.batch),
    )
    assert np.log10(gradients).max() - np.log10(gradients).min() < 2
    assert np.diff(np.log10(sizes)) == pytest.approx(-2, abs=0.6)
    assert gradients.max() < 1e-20


def test_no_view_shows_an_answer_before_the_guess(sources):
    views = [(i, text) for i, (text, _) in enumerate(sources) if "ResidualLedger(" in text]
    removal, where = index_of(sources, "answer:07.remove"), index_of(sources, "answer:07.where")
    assert {i < removal for i, _ in views} == {False, True}
    for i, text in views:
        assert i > removal or "removal=False" in text
        assert i > where or "size=False" in text


def test_the_ledger_begins_with_the_text_of_the_cell_above(sources):
    texts = [text for text, _ in sources if "ResidualLedger(" in text or "beginning =" in text]
    assert "beginning = word[:-1]" in texts[0]
    assert "tokenizer.encode(beginning, bos=True)" in texts[0]
    assert all("text=beginning" in text for text in texts[1:])
