"""The drawing of a network: its boxes, its squares, its sizes, the still picture."""

from dataclasses import replace

import numpy as np
import pytest

from microgpt.viz.network_diagram import NetworkPass, draw_network, network_table, render_network
from microgpt.viz.network_diagram.data import (
    HIDDEN_COLUMNS,
    LOGIT_COLUMNS,
    MAX_PROBS,
)


def network_pass(T=3, C=4, H=9, V=11):
    """A pass with sizes that are all different."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=V)
    labels = (*"abcdefghijklmnopqrstuvwxyz<αβγδεζηθικλμνξοπρστυφχψωабвгдежзий"[: V - 1], "⟨BOS⟩")
    return NetworkPass(
        text="ab",
        tokens=("⟨BOS⟩", "a", "b")[-T:],
        embeddings=rng.normal(size=(T, C)),
        hidden=np.tanh(rng.normal(size=H)),
        logits=logits,
        probs=np.exp(logits) / np.exp(logits).sum(),
        labels=labels,
        num_parameters=1234,
    )


SHOWN = network_pass()


def test_each_size_is_the_length_of_an_array():
    html, caption = render_network(SHOWN)
    for size in ("3 × 4 = 12", ">9<", ">11<"):
        assert size in html
    for shape in ("wte (11, 4)", "c_fc (9, 12)", "+ bias (9,)", "lm_head (11, 9)", "+ bias (11,)"):
        assert shape in html
    assert "How do 3 letters become 11 probabilities?" in html
    assert caption.startswith(
        "3 letters → 3 × 4 = 12 numbers side by side → 9 → 11 logits → 11 probabilities. Here "
    )
    assert caption.endswith("The network has 1,234 parameters.")
    one = network_pass(T=1)
    assert "How does 1 letter become" in render_network(one).html
    assert "1 × 4 = 4" in render_network(one).html


def test_every_number_has_a_square():
    assert [len(strip) for strip in SHOWN.strips] == [4, 4, 4]
    assert len(SHOWN.hidden_squares) == 9
    assert max(square.column for square in SHOWN.hidden_squares) == HIDDEN_COLUMNS - 1
    assert [len(squares) for _, squares in SHOWN.logit_rows] == [LOGIT_COLUMNS, 2]
    squares = [square for strip in SHOWN.strips for square in strip]
    assert [square.sign for square in squares] == np.sign(SHOWN.embeddings).reshape(-1).tolist()
    assert max(square.side for square in squares) == 1  # one scale for all tokens
    areas = [square.side**2 for square in SHOWN.hidden_squares]
    assert areas == pytest.approx(np.abs(SHOWN.hidden))


def test_the_most_probable_tokens():
    order = np.argsort(-SHOWN.probs)
    assert len(SHOWN.prob_rows) == 5
    assert SHOWN.prob_rows[0][0] == SHOWN.labels[order[0]]
    assert [prob for _, _, prob in SHOWN.prob_rows] == [
        f"{100 * SHOWN.probs[i]:.1f} %" for i in order[:5]
    ]
    shares = [share for _, share, _ in SHOWN.prob_rows]
    assert shares == sorted(shares, reverse=True)
    assert 0.4 < shares[0] <= 1


def above(count, V=27):
    """A pass in which `count` of V tokens have more than an equal share."""
    probs = np.full(V, 0.3 / V)
    probs[:count] += 0.7 / count
    return replace(network_pass(V=V), probs=probs)


def test_all_tokens_above_an_equal_share_are_listed():
    shown = above(12)
    assert [label for label, _, _ in shown.prob_rows] == list("abcdefghijkl")
    html = render_network(shown).html
    assert "the 12 largest" in html
    assert "12 lie above it" in html
    assert "c_fc (9, 12)" in draw_network(shown).texts()
    assert "the 5 largest" in render_network(above(2)).html
    assert "2 lie above it" in render_network(above(2)).html
    many = above(25, V=60)
    assert len(many.prob_rows) == MAX_PROBS
    assert "25 lie above it" in render_network(many).html


def test_equal_probabilities_lie_on_the_line():
    equal = np.exp(np.full(27, 0.1, np.float32))
    shown = replace(network_pass(V=27), probs=equal / equal.sum())
    assert shown.num_above == 0
    assert len(shown.prob_rows) == 5


@pytest.mark.parametrize("V", [11, 18, 27, 28, 54])
def test_there_is_room_behind_the_end(V):
    shown = network_pass(V=V)
    labels, squares = shown.logit_rows[-1]
    assert labels[-1] == "end"
    assert len(labels) == len(squares) < shown.logit_columns
    html = render_network(shown).html
    assert f'style="--columns:{shown.logit_columns}"' in html
    assert '<span class="mg-word">end</span></div>' in html


def test_the_start_and_the_end():
    html = render_network(SHOWN).html
    assert ">start<" in html
    assert ">end<" in html
    assert "BOS" not in html
    end = replace(SHOWN, probs=np.eye(11)[10])
    assert "Here the end leads with 100.0 %" in render_network(end).caption


def test_logits_of_a_large_vocabulary_have_no_letters():
    large = network_pass(V=61)
    assert all(not labels for labels, _ in large.logit_rows)
    assert all(labels for labels, _ in network_pass(V=60).logit_rows)
    assert draw_network(large).png().startswith(b"\x89PNG")


def test_the_table_of_numbers():
    html = network_table(SHOWN)
    best = int(SHOWN.probs.argmax())
    assert html.count("<tr>") == 12
    assert f"{SHOWN.logits[best]:.4f}" in html.split("</tr>")[1]


def test_hostile_letters_are_escaped():
    html = render_network(network_pass(V=30)).html
    assert "&lt;" in html
    assert "<<" not in html


def test_the_still_picture():
    drawing = draw_network(SHOWN)
    texts = drawing.texts()
    assert texts[0] == "How do 3 letters become 11 probabilities?"
    assert {"3 × 4 = 12", "9", "11", "start", "c_fc (9, 12)", "then tanh", "full square: 1"} <= set(
        texts
    )
    assert drawing.png().startswith(b"\x89PNG")


def test_squares_and_bars_have_a_scale():
    html = render_network(SHOWN).html
    assert f"full square: {np.abs(SHOWN.embeddings).max():.2f}" in html
    assert f"full square: {np.abs(SHOWN.logits).max():.2f}" in html
    assert f"axis: 0 to {100 * SHOWN.axis_end:.0f} %" in html
    assert "line: 1/11 = 9.1 %" in html
    assert html.count(f'<b style="left:{100 / 11 / SHOWN.axis_end:.3f}%">') == 5
