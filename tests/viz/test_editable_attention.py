"""What the attention view says: equations that hold as printed, and one number for one edit."""

import re
from dataclasses import replace
from math import exp, sqrt

import numpy as np
import pytest

from microgpt.viz.editable_attention import (
    CUT,
    MASK,
    OFF,
    UNSCALED,
    AttentionEdit,
    AttentionPicture,
    CellArithmetic,
    CellEffects,
    HeadRow,
    HeldOut,
    attention_caption,
    attention_table,
    draw_attention,
    render_attention,
)
from microgpt.viz.editable_attention.arithmetic import arithmetic_steps, arithmetic_title
from microgpt.viz.editable_attention.labels import loss_texts, signed

ARITHMETIC = CellArithmetic(0, 4, 0.724, 0.362, 0.362, 1.549, 0.646)
LABELS = tuple("abc")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def picture(weights=None, probs=(0.2, 0.5, 0.3), now=None, edits=(), **fields):
    """A picture of the text "abc" in a model of two heads; `now` are the probabilities after."""
    before = np.tril(np.ones((2, 3, 3))) / np.arange(1, 4)[:, None]
    weights = before if weights is None else np.asarray(weights, float)
    return replace(
        AttentionPicture(
            text="abc", unit="letter", tokens=LABELS, labels=LABELS, num_layers=1, layer=0, head=0,
            row=2, column=1, weights_before=before, weights=weights,
            weights_before_last_edit=before, arithmetic=ARITHMETIC,
            probs_before=np.array(probs), probs=np.array(probs if now is None else now),
            target=0, edits=tuple(edits),
        ),
        **fields,
    )  # fmt: skip


def after(first, rise):
    """Probabilities before and after a rise of the true token's negative log-likelihood."""
    share = first * exp(-rise)
    return {"probs": (first, 1 - first, 0), "now": (share, 1 - share, 0)}


MASKED = AttentionEdit(MASK, 0, 0, 2, 1)


# -- the equations ------------------------------------------------------------------------------


def test_the_chain_is_the_one_on_the_blackboard():
    assert [step.plain for step in arithmetic_steps(ARITHMETIC)] == [
        "query · key = 0.724",
        "0.724 ÷ √4 = 0.362",
        "0.362 − 0.362 = 0",
        "e^0 = 1",
        "1 ÷ 1.549 = 0.646",
    ]


def test_the_chain_of_a_masked_cell_goes_on_with_the_score_of_the_mask():
    masked = replace(ARITHMETIC, scaled=-5e29, row_max=-0.1, weight=0.0, is_masked=True)
    assert [step.plain for step in arithmetic_steps(masked)] == [
        "query · key = 0.724",
        "−10³⁰ ÷ √4 = −5 × 10²⁹",
        "−5 × 10²⁹ − (−0.100) = −5 × 10²⁹",
        "e^(−5 × 10²⁹) = 0",
        "0 ÷ 1.549 = 0",
    ]
    unscaled = replace(masked, scaled=-1e30, is_scaled=False)
    assert arithmetic_steps(unscaled)[1].plain == "masked, not divided by √4 = −10³⁰"
    assert arithmetic_steps(unscaled)[2].plain == "−10³⁰ − (−0.100) = −10³⁰"


def test_a_cut_cell_has_its_share_and_then_0():
    *chain, last = arithmetic_steps(replace(ARITHMETIC, weight=0.0, is_cut=True))
    assert chain[-1].plain == "1 ÷ 1.549 = 0.646"
    assert last.plain == "after the softmax = 0"


def test_the_still_says_why_it_subtracts_and_fits_two_lines():
    masked = replace(ARITHMETIC, scaled=-5e29, row_max=-0.1, weight=0.0, is_masked=True)
    fine = CellArithmetic(0, 4, 0.7241231, 0.3620616, 0.4851231, 1.5491231, 0.5708, is_cut=True)
    for arithmetic in (ARITHMETIC, masked, fine):
        texts = draw_attention(picture(arithmetic=arithmetic)).texts()
        title = texts.index(arithmetic_title(picture()))
        first, second = texts[title + 1 :]
        assert first.startswith("query · key = 0.724")
        [equation] = re.findall(r"minus the largest: (\S.*?)(?:     |$)", f"{first}     {second}")
        assert equation == arithmetic_steps(arithmetic)[2].plain
        assert max(len(first), len(second)) <= 95  # about 630 of 680 pixels


def value(text):
    """The value of what stands on one side of an equation."""
    text = re.sub(r"× 10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "*1e" + m[1].translate(SUPERSCRIPTS), text)
    text = re.sub(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "1e" + m[1].translate(SUPERSCRIPTS), text)
    text = re.sub(r"√(\d+)", r"sqrt(\1)", text).replace("÷", "/").replace("−", "-")
    text = re.sub(r"\be\^0", "exp(0)", text)
    text = re.sub(r"\be\^", "exp", text)
    return eval(text, {"sqrt": sqrt, "exp": exp})


@pytest.mark.parametrize("is_scaled", [True, False])
@pytest.mark.parametrize("is_masked", [True, False])
def test_each_equation_holds_as_it_is_printed(is_scaled, is_masked):
    rng = np.random.default_rng(0)
    for trial in range(400):
        head_dim, head = int(rng.choice([1, 4, 8, 16])), 0
        root = sqrt(head_dim) if is_scaled else 1
        products = rng.normal(0, (0.5, 2, 8)[trial % 3], 6)
        scaled, column = products / root, rng.integers(6)
        if is_masked:
            scaled[column] = -1e30 / root
        powers = np.exp(scaled - scaled.max())
        weight = powers[column] / powers.sum()
        a = CellArithmetic(head, head_dim, products[column], scaled[column], scaled.max(),
                           powers.sum(), weight, is_scaled, is_masked)  # fmt: skip
        first, *others = (step.plain for step in arithmetic_steps(a))
        result = first.split(" = ")[1]
        for text in others:
            if text.startswith(("not divided", "masked, not")):
                result = text.split(" = ")[1]
                continue
            left, right = text.split(" = ")
            assert value(left) == pytest.approx(value(right), rel=2e-3, abs=6e-4)
            if not is_masked or not left.startswith("−10"):  # the mask takes the score's place
                assert result in left  # each goes on with the result of the one before
            result = right
        assert value(result) == round(weight, 3)


def test_the_largest_score_of_a_row_minus_itself_is_0_however_it_is_rounded():
    a = replace(ARITHMETIC, product=0.7254, scaled=0.3627, row_max=0.3627, row_sum=1.549)
    texts = [step.plain for step in arithmetic_steps(a)]
    assert texts[2:4] == ["0.362 − 0.362 = 0", "e^0 = 1"]


def test_all_heads_show_their_mean_and_the_equations_name_their_head():
    assert arithmetic_title(picture()) == "c looks at b, head 1"
    everything = picture(head=None)
    assert arithmetic_title(everything) == "c looks at b, head 1 (above: the mean of 2)"
    html = render_attention(everything).html
    assert "weights of all 2 heads (their mean)" in html
    assert "e<sup>0</sup> = 1" in html


# -- one number for one edit --------------------------------------------------------------------


def test_a_rise_is_that_of_the_unrounded_numbers_wherever_it_is_printed():
    rng = np.random.default_rng(1)
    lengths = set()
    for _ in range(500):
        rise = rng.uniform(-0.5, 0.5)
        shown = picture(edits=[MASKED], **after(rng.uniform(0.1, 0.5), rise))
        before, now = loss_texts(shown)
        lengths.add(len(now))
        assert signed(float(now) - float(before)) == signed(shown.rise)  # as a reader subtracts
        rendered = render_attention(shown)
        assert f">{signed(rise)}</span>" in rendered.html
        assert f"{before} → {now}" in rendered.html
        said = re.search(r"by ([\d.]+), to ([\d.]+)\.", rendered.caption)
        if said:
            assert said[1] == signed(rise)[1:]
            assert said[2] == now
    assert min(lengths) == 4  # two decimals where they do
    assert len(lengths) > 1  # and more where they would not


@pytest.mark.parametrize("rise", [0.002, -0.004, 0.0045, 0.006])
def test_what_prints_the_same_hardly_changes(rise):
    shown = picture(edits=[MASKED], **after(0.133, rise))
    caption = attention_caption(shown)
    numbers = re.search(r"from (\S+) % to (\S+) %.* by ([\d.]+),", caption)
    if abs(rise) < 0.005:
        assert "The guess hardly changes: “a” has 13." in caption
        assert numbers is None
    else:
        assert numbers[1] != numbers[2]
        assert numbers[3] != "0.00"
    assert "-0.00" not in caption + render_attention(shown).html.replace("−", "-")


def test_a_bar_says_what_it_was_only_where_that_is_another_number():
    shown = picture(probs=(0.2, 0.5, 0.3), now=(0.2, 0.5002, 0.2998), edits=[MASKED])
    assert "was" not in re.findall(r"<em>(\w+)", render_attention(shown).html)
    shown = picture(probs=(0.2, 0.5, 0.3), now=(0.2, 0.52, 0.28), edits=[MASKED])
    assert re.findall(r"<em>([^<]+)", render_attention(shown).html) == [
        "was 50.0 %", "was 30.0 %",
    ]  # fmt: skip


def test_a_switched_off_head_has_no_largest_weight():
    off = picture(weights=np.zeros((2, 3, 3)), edits=[AttentionEdit(OFF, 0, 0)])
    assert "All weights in the row of “c” are 0." in attention_caption(off)
    assert "0.00" not in attention_caption(off)
    faint = np.zeros((2, 3, 3))
    faint[:, 2] = 0.001
    caption = attention_caption(picture(weights=faint, edits=[AttentionEdit(UNSCALED, 0, 0)]))
    assert "The row of “c” adds up to 0.00." in caption
    assert "largest weight" not in caption


def test_a_row_still_adds_up_to_1_only_if_nothing_else_changed_it():
    alone = picture(edits=[MASKED])
    assert "and the row still adds up to 1.00." in attention_caption(alone)
    for earlier in (
        AttentionEdit(CUT, 0, 0, 2, 0),
        AttentionEdit(OFF, 0),
        AttentionEdit(OFF, 0, 0),
    ):
        weights = np.full((2, 3, 3), 0.09)
        both = picture(weights=weights, edits=[earlier, MASKED])
        caption = attention_caption(both)
        assert "still" not in caption
        assert "with your earlier changes, the row adds up to 0.27." in caption
    for elsewhere in (AttentionEdit(CUT, 0, 1, 2, 0), AttentionEdit(CUT, 0, 0, 1, 0)):
        assert "still adds up to 1.00" in attention_caption(picture(edits=[elsewhere, MASKED]))


def test_a_weight_that_was_0_already_is_shared_by_nobody():
    for edit in (MASKED, AttentionEdit(CUT, 0, 0, 2, 1)):
        shown = picture(edits=[edit], weights_before_last_edit=np.zeros((2, 3, 3)))
        assert "Its weight was 0.00 already, and the row adds up to 1.00." in (
            attention_caption(shown)
        )


def test_an_edit_that_is_not_shown_is_named():
    shown = picture(edits=[MASKED], head=1)
    assert "That cell is not in the picture, which shows head 2." in attention_caption(shown)
    off = picture(edits=[AttentionEdit(OFF, 0, 0)], head=1)
    assert "That head is not in the picture, which shows head 2." in attention_caption(off)
    deep = picture(edits=[MASKED], num_layers=2, layer=1)
    assert "That layer is not in the picture, which shows layer 2, head 1." in (
        attention_caption(deep)
    )


# -- a weight is not an explanation -------------------------------------------------------------

EFFECTS = CellEffects(
    effects=np.array([[0.10, 0.02, -0.30], [0.0, 0.05, 0.01]]),
    weights=np.array([[0.20, 0.50, 0.30], [0.05, 0.81, 0.14]]),
    first_column=0,
)


def test_no_caption_answers_what_is_to_be_found():
    for edits in ([], [AttentionEdit(CUT, 0, 0, 2, 0)], [AttentionEdit(MASK, 0, None, 2, 0)]):
        caption = attention_caption(picture(effects=EFFECTS, edits=edits))
        assert caption.endswith("A weight is not an explanation.")


def test_a_masked_cell_stands_beside_a_heavier_one_that_matters_less():
    small = picture(effects=EFFECTS, edits=[AttentionEdit(MASK, 0, 0, 2, 0)], **after(0.3, 0.1))
    assert attention_caption(small).endswith(
        "head 2 has more weight on “b”, 0.81 against 0.20, but masking that changes the guess "
        "less, by +0.05 against +0.10."
    )
    large = picture(
        effects=EFFECTS, edits=[AttentionEdit(MASK, 0, 1, 2, 1)], head=1, **after(0.3, 0.05)
    )
    assert attention_caption(large).endswith(
        "A weight is not an explanation: a smaller one in this row changes the guess more."
    )
    ordered = CellEffects(np.array([[0.1, 0.2]]), np.array([[0.3, 0.7]]), 1)
    heaviest = picture(effects=ordered, edits=[AttentionEdit(MASK, 0, 0, 2, 2)], **after(0.3, 0.2))
    assert attention_caption(heaviest).endswith("A weight is not an explanation.")


def test_the_heavier_cell_that_is_named_is_the_heaviest_of_those_that_matter_less():
    rng = np.random.default_rng(0)
    for _ in range(200):
        effects = CellEffects(rng.normal(0, 0.2, (3, 4)), rng.dirichlet(np.ones(4), 3), 2)
        head, column = int(rng.integers(3)), int(rng.integers(4)) + 2
        weight, effect = (round(float(x), 2) for x in effects.of(head, column))
        cells = [(h, c) for h in range(3) for c in range(2, 6)]
        shown = {cell: [round(float(x), 2) for x in effects.of(*cell)] for cell in cells}
        heavier = [c for c, (w, e) in shown.items() if w > weight and abs(e) < abs(effect)]
        expected = max(heavier, key=lambda c: effects.of(*c)[0], default=None)
        assert effects.heavier_but_weaker(head, column) == expected
        lighter = [c for c, (w, e) in shown.items() if w < weight and abs(e) > abs(effect)]
        assert effects.has_lighter_but_stronger(head, column) == bool(lighter)


# -- what is not shown --------------------------------------------------------------------------


def long_picture():
    tokens = ("a",) * 12
    weights = np.tril(np.ones((1, 12, 12))) / np.arange(1, 13)[:, None]
    return replace(
        picture(), tokens=tokens, row=11, column=11, weights=weights, weights_before=weights,
        weights_before_last_edit=weights,
    )  # fmt: skip


def test_the_sums_of_a_long_text_say_how_much_of_them_is_shown():
    html = render_attention(long_picture()).html
    assert ">.33 of 1.00</span>" in html  # the third position: one of its three is shown
    assert ">.83 of 1.00</span>" in html  # the last one: ten of twelve
    assert "The last 10 letters. The rest of a row lies on the 2 positions before." in html
    assert " of 1.00" not in render_attention(picture()).html
    still = str(draw_attention(long_picture()).shapes)
    assert ".33 of 1.00" in still


def test_a_largest_weight_that_is_not_in_the_triangle_says_so():
    shown = long_picture()
    shown.weights[0, 11, 0] = 0.9
    assert "largest weight is that of “a” (1) (not shown), 0.90" in attention_caption(shown)


def test_the_table_says_on_which_texts_it_is_measured():
    row = HeadRow(0.1, 0.2, 0.3, 0.4)
    some = HeldOut(10, 10, 2.0, (row, row), (0.1, 0.1, 0.1), 0.5)
    assert "Mean weights on all 10 held-out texts," in attention_table(picture(), some)
    more = replace(some, num_held_out=4000)
    assert "10 of 4,000 held-out texts, evenly spaced in their list," in (
        attention_table(picture(), more)
    )
    unscaled = picture(edits=[AttentionEdit(UNSCALED, 0)])
    assert "Weights of head 1." in attention_table(unscaled)
