"""The ledger of shapes: its rows are the graph's, and a blank is given away by nothing."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.viz.shape_ledger import (
    LedgerState,
    ShapeRow,
    Taken,
    draw_ledger,
    ledger_lines,
    render_ledger,
)
from microgpt.widgets.operation_shapes import find_repeat
from microgpt.widgets.shape_ledger import parse_shape


def network(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"w1": (2, 8), "b1": (8,), "w2": (8, 1), "b2": (1,)}
    leaves = {
        name: mg.Tensor(rng.normal(size=shape), requires_grad=True)
        for name, shape in shapes.items()
    }
    w1, b1, w2, b2 = leaves.values()
    return lambda x: (x @ w1 + b1).tanh() @ w2 + b2, leaves


def blank_ledger(**options):
    function, leaves = network()
    return mg.shapes(function, mg.Tensor(np.ones((32, 2))), blanks=True, **options, **leaves)


def test_a_network_of_two_layers():
    function, leaves = network()
    ledger = mg.shapes(function, mg.Tensor(np.ones((32, 2))), **leaves)
    assert [(row.operation, row.gives) for row in ledger.rows] == [
        ("matmul", (32, 8)),
        ("broadcast_to", (32, 8)),
        ("add", (32, 8)),
        ("tanh", (32, 8)),
        ("matmul", (32, 1)),
        ("broadcast_to", (32, 1)),
        ("add", (32, 1)),
    ]
    assert ledger.rows[0].takes == (Taken((32, 2), name="input"), Taken((2, 8), name="w1"))
    assert ledger.rows[4].takes == (Taken((32, 8), row=3), Taken((8, 1), name="w2"))
    assert "matmul        input (32, 2) and w1 (2, 8)" in repr(ledger)
    assert "7 operations; the last one gives (32, 1)." in ledger._repr_html_()


@pytest.mark.parametrize("tokens", [np.arange(5), np.arange(10).reshape(2, 5)], ids=["T", "BT"])
def test_a_gpt_names_its_weights_and_ends_with_its_logits(tokens):
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    rows = mg.shapes(model, tokens).rows
    assert rows[0].takes[0] == Taken(tokens.shape, name="tokens")
    assert rows[-1].gives == model(tokens).shape == (*tokens.shape, 27)
    used = {taken.name for row in rows for taken in row.takes if taken.name}
    assert used == {name for name, _ in model.named_parameters()} | {"tokens"}
    arrays = mg.activations(model, tokens)
    assert {a.shape for name, a in arrays.items() if ".attn." in name} <= {r.gives for r in rows}


def test_a_matrix_that_is_used_transposed_says_so():
    rows = mg.shapes(mg.GPT(mg.GPTConfig.microgpt(), backend="numpy"), np.arange(5)).rows
    transposed = [(row.operation, row.takes[1]) for row in rows if row.takes[-1].transposed]
    assert {operation for operation, _ in transposed} == {"linear", "matmul_transposed"}
    for row in rows:
        if row.operation == "linear":
            (*_, taken), (columns, shared) = row.takes[0].shape, row.takes[1].shape
            assert (taken, columns) == (shared, row.gives[-1])
    text = repr(mg.shapes(mg.GPT(mg.GPTConfig.microgpt(), backend="numpy"), np.arange(5)))
    assert "h.0.attn.c_attn.weight (48, 16) transposed" in text
    assert "wte.weight (27, 16) transposed" not in text


def test_layers_that_are_alike_are_shown_once():
    config = mg.GPTConfig.microgpt()
    one = mg.shapes(mg.GPT(config, backend="numpy"), np.arange(4))
    four_layers = mg.GPT(mg.GPTConfig(**(vars(config) | {"n_layer": 4})), backend="numpy")
    four = mg.shapes(four_layers, np.arange(4))
    assert len(four.rows) == len(one.rows) + 3 * 16
    assert len(repr(four).splitlines()) == len(repr(one).splitlines()) + 1
    assert "rows 4 to 19 come 3 times more, with weights of their own" in repr(four)


def test_a_repeat_covers_as_many_rows_as_it_can():
    def rows(*sizes):
        return [ShapeRow("relu", (Taken((n,), name="w"),), (n,)) for n in sizes]

    assert find_repeat(rows(*range(12))) is None
    assert find_repeat(rows(9, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 8)) == (1, 4, 3)
    assert find_repeat(rows(1, 2, 1, 2, 1, 2)) is None  # too short to be a layer


def test_a_blank_is_given_away_by_nothing():
    view = blank_ledger()
    assert view.state.blanks == (0, 1, 4, 5)
    for text in (view.picture.value, "\n".join(ledger_lines(view.state))):
        assert "(32, 8)" not in text
        assert "(32, 1)" not in text
    assert not any("(32, 8)" in text for text in draw_ledger(view.state).texts())
    for row in view.state.blanks:
        view.boxes[row].value = str(view.state.rows[row].gives)
    assert view.caption == "Row 5 gives (32, 1): yes. All are right."
    assert "(32, 8)" in view.picture.value
    assert "? for row" not in view.picture.value
    assert not any("(32, 8)" in text for text in draw_ledger(view.state).texts())


@pytest.mark.parametrize(
    ("row", "answer", "cause"),
    [
        (0, "(8, 32)", "the sizes are right, their order is not."),
        (0, "32", "the result has 2 axes, and this shape has 1."),
        (4, "32 x 8", "added up along the axis of size 8, so it is gone."),
        (0, "(31, 8)", "look at axis 0, counted from 0."),
        (5, "(1, 8)", "look at axes 0 and 1, counted from 0."),
    ],
)
def test_a_wrong_answer_gets_a_cause(row, answer, cause):
    view = blank_ledger()
    view.boxes[row].value = answer
    assert view.caption.startswith(f"Row {row} does not give (")
    assert cause in view.caption
    assert str(view.state.rows[row].gives) not in view.caption
    assert view.caption.endswith("0 of 4 are right.")


@pytest.mark.parametrize(
    ("text", "shape"),
    [("(2, 3)", (2, 3)), ("2x3", (2, 3)), ("[2,3]", (2, 3)), ("5", (5,)), ("(5,)", (5,)),
     ("()", ()), (" 2 × 3 ", (2, 3)), ("2 3 4", (2, 3, 4))],
)  # fmt: skip
def test_a_shape_may_be_written_in_many_ways(text, shape):
    assert parse_shape(text) == shape


@pytest.mark.parametrize("text", ["two", "(-1, 3)", "2.5", "(", "1" * 40, "<b>", "2,,3"])
def test_what_is_no_shape_is_refused_and_the_picture_stays(text):
    view = blank_ledger()
    view.boxes[0].value = "(32, 8)"
    before = view.picture.value
    view.boxes[0].value = text
    assert view.caption.startswith("your answer must be a shape, such as (2, 3) or 2 x 3; got ")
    assert view.picture.value == before
    assert view.error == ""


def test_an_emptied_box_is_a_blank_again():
    view = blank_ledger()
    view.boxes[0].value = "(32, 8)"
    view.boxes[1].value = "(32, 8)"
    view.boxes[0].value = ""
    assert list(view.state.answers) == [1]
    assert view.caption.startswith("3 shapes are missing.")
    assert "? for row 0" in view.picture.value


def test_as_many_blanks_as_asked_for_and_the_last_change_is_one():
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    view = mg.shapes(model, np.arange(5), blanks=2)
    assert view.state.blanks == (0, 21)
    assert len(mg.shapes(model, np.arange(5), blanks=True).state.blanks) == 6


def test_what_has_no_shapes_is_refused():
    with pytest.raises(mg.SettingError, match="a function that returns a Tensor"):
        mg.shapes(lambda x: np.ones(3), 1)
    with pytest.raises(mg.SettingError, match="a model, or a function"):
        mg.shapes(3, 1)
    with pytest.raises(mg.StateError, match="requires_grad=True"):
        mg.shapes(lambda x: x + 1, mg.Tensor([1.0]))
    with pytest.raises(mg.SettingError, match=r"w2 must be a Tensor.*; got str"):
        mg.shapes(network()[0], mg.Tensor(np.ones((3, 2))), w2="…")
    with pytest.raises(mg.SettingError, match="how many"):
        mg.shapes(network()[0], mg.Tensor(np.ones((3, 2))), blanks=-1)


def test_the_rendering_escapes_names():
    row = ShapeRow("<i>", (Taken((1,), name="<b>"),), (1,))
    html = render_ledger(LedgerState((row,))).html
    assert "<i>" not in html
    assert "&lt;b&gt;" in html


def test_looking_draws_no_dropout_mask():
    config = mg.GPTConfig(vocab_size=5, block_size=4, n_embd=8, n_head=2, dropout=0.5)
    model = mg.GPT(config, backend="numpy")
    mg.shapes(model, [0, 1, 2])
    assert model.dropout_counter[0] == 0
