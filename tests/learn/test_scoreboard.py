"""The scoreboard: all models on the same held-out texts, and a caption that follows the numbers."""

import re
from itertools import pairwise
from math import log

import numpy as np
import pytest

import microgpt as mg
from microgpt.learn.text_losses import losses_of_rows, padded_rows, texts_of
from microgpt.viz.scoreboard import Score, scoreboard_caption

NAMES = "anna\nhanna\nann\nhannah\nnana\nan\nna\nnan\nhan\nnah\nahna\naha\nhana\nanah\nhahn"


@pytest.fixture
def board():
    return mg.learn.scoreboard(mg.load_corpus(text=NAMES))


def test_it_opens_with_counted_models_of_the_training_texts(board):
    assert [score.name for score in board.scores] == [
        "knowing nothing", "letters counted", "pairs counted",
    ]  # fmt: skip
    V = board.tokenizer.vocab_size
    nothing, letters, pairs = board.scores
    assert nothing.loss == pytest.approx(log(V))
    assert (nothing.parameters, letters.parameters, pairs.parameters) == (0, V, V * V)
    assert set(board.train).isdisjoint(board.val)
    count = sum("a" in pair for name in board.train for pair in name)
    assert board["letters counted"].counts[board.tokenizer.ids["a"]] == pytest.approx(count + 0.3)


def test_a_loss_is_the_mean_over_held_out_letters(board):
    pairs, tokenizer, losses = board["pairs counted"], board.tokenizer, []
    for name in board.val:
        ids = tokenizer.encode(name, bos=True, eos=True)
        losses += [-log(pairs.probabilities[a, b]) for a, b in pairwise(ids)]
    score = board.scores[-1]
    assert score.num_tokens == len(losses)
    assert score.loss == pytest.approx(np.mean(losses))
    num_bytes = sum(len(name) + 1 for name in board.val)
    assert score.bits_per_byte == pytest.approx(sum(losses) / log(2) / num_bytes)


def test_every_kind_of_model_may_be_added(board):
    V = board.tokenizer.vocab_size
    table = np.log(board["pairs counted"].probabilities)
    expected = board.scores[-1].loss
    gpt = mg.GPT(mg.GPTConfig(vocab_size=V, block_size=8), backend="numpy")
    trainer = mg.Trainer(gpt, board.train, mg.TrainConfig(steps=1, val_fraction=0))
    for name, model in {
        "table": table,
        "tensor": mg.Tensor(table),
        "function": lambda tokens: table[tokens],
        "network": mg.models.MLP(V, n_embd=2, hidden=3, backend="numpy"),
        "gpt": gpt,
        "trainer": trainer,
    }.items():
        board.add(name, model)
        assert board.scores[-1].name == name
        if name in ("table", "tensor", "function"):
            assert board.scores[-1].loss == pytest.approx(expected)
    assert board.scores[-1].loss == pytest.approx(board.scores[-2].loss)
    assert board["trainer"] is gpt


def test_a_row_that_is_added_again_is_replaced(board):
    board.add_ngram(2, smoothing=1).add_ngram(2)
    assert [score.name for score in board.scores].count("pairs counted") == 1
    board.remove("pairs counted")
    with pytest.raises(mg.SettingError, match="one of 'knowing nothing', 'letters counted'"):
        board["pairs counted"]


def test_a_row_may_be_compared_with_any_other(board):
    size = board.tokenizer.vocab_size
    score = board.add("equal", np.zeros((size, size)), baseline="letters counted").scores[-1]
    letters = next(one for one in board.scores if one.name == "letters counted")
    assert score.baseline == "letters counted"
    difference = (score.loss - letters.loss) * score.num_tokens / score.num_bytes
    assert score.difference == pytest.approx(difference)
    with pytest.raises(mg.SettingError, match="baseline"):
        board.add("equal", np.zeros((size, size)), baseline="equal")


def test_a_difference_is_paired_text_by_text(board):
    V = board.tokenizer.vocab_size
    best = min(board.scores, key=lambda score: score.loss).name
    board.add("the same", board[best])
    same = board.scores[-1]
    assert (same.baseline, same.difference) == (best, 0)
    assert "no difference is seen" in scoreboard_caption(board.scores)
    board.add("blind", np.zeros((V, V)))
    blind = board.scores[-1]
    baseline = next(score for score in board.scores if score.name == blind.baseline)
    assert baseline.loss == min(score.loss for score in board.scores[:-1])
    per_letter = blind.difference * blind.num_bytes / blind.num_tokens
    assert per_letter == pytest.approx(log(V) - baseline.loss)


def test_the_caption_says_what_the_numbers_say():
    first = Score("a", 2.0, 0.1, 100, 100)
    better = Score("b", 1.5, 0.1, 100, 100, baseline="a", difference=-0.5, difference_stderr=0.1)
    assert scoreboard_caption([first]).startswith("The loss of “a” is 2.00 nats per letter.")
    assert scoreboard_caption([first, better]).startswith(
        "The loss of “b” is 0.500 ± 0.200 nats per letter below that of “a”."
    )
    tie = Score("b", 1.9, 0.1, 100, 100, baseline="a", difference=-0.1, difference_stderr=0.05)
    assert scoreboard_caption([first, tie]).startswith("Between “b” and “a”, no difference")
    coarse = Score("b", 4, 0.1, 50, 100, None, "token", "a", 0.1, 0.01)
    assert scoreboard_caption([first, coarse]).startswith(
        "The loss of “b” is 0.144 ± 0.029 bits per byte above that of “a”."
    )


def test_other_tokenizers_are_compared_by_bytes():
    corpus = mg.load_corpus("story")
    board = mg.learn.scoreboard(corpus, max_n=1)
    assert "".join(texts_of(board.val)) == board.val[0]
    tokenizer = board.train.tokenizer("bpe:300")
    board.add("merges", mg.NGram(300, n=1), tokenizer)
    letters, merges = board.scores[1:]
    assert merges.num_bytes == letters.num_bytes == len(board.val[0].encode())
    assert merges.num_tokens < letters.num_tokens
    assert merges.loss == pytest.approx(log(300))
    assert "bits per byte" in scoreboard_caption(board.scores)


def test_rows_longer_than_the_block_are_cut():
    rows = [np.arange(6), np.arange(3)]
    tokens, targets, source = padded_rows(rows, 2)
    assert tokens.tolist() == [[0, 1], [2, 3], [4, 0], [0, 1]]
    assert targets.tolist() == [[1, 2], [3, 4], [5, -1], [1, 2]]
    assert source.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (np.zeros((2, 3)), "a table of logits must have shape"),
        (lambda tokens: np.zeros(3), "the model must return logits of shape"),
        (lambda tokens: np.zeros((len(tokens), 2)), r"of shape \(\d+, 4\), one for each.*, 2\)$"),
        (lambda tokens: np.zeros((len(tokens), 3)), r"of shape \(\d+, 4\), one for each.*, 3\)$"),
        (lambda tokens: np.full((len(tokens), 4), np.nan), r"finite numbers.* of \d+ NaN or inf$"),
        (np.where(np.eye(4), np.nan, 0), "finite numbers.* 4 of 16 NaN or inf$"),
        (3, "a model, a table of logits, or a function"),
    ],
)
def test_what_is_no_model_is_refused(board, model, message):
    with pytest.raises(mg.MicrogptError, match=message):
        board.add("mine", model)
    assert "mine" not in repr(board)


def test_the_bars_are_named_and_as_long_as_their_bits_per_byte(board):
    html = board._repr_html_()
    assert "bits per byte, from 0" in html
    widths = [float(width) for width in re.findall(r'class="mg-bar" style="width:([\d.]+)%', html)]
    bits = [score.bits_per_byte for score in board.scores]
    assert widths == pytest.approx([100 * number / max(bits) for number in bits], abs=0.001)


def test_a_name_is_escaped(board):
    board.add("<b>", board["pairs counted"])
    html = board._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    with pytest.raises(mg.SettingError, match="what the row is called"):
        board.add("", board["pairs counted"])


def test_an_impossible_letter_costs_an_infinite_loss_and_nothing_else(board):
    table = np.log(board["pairs counted"].probabilities)
    table[:, board.tokenizer.ids["a"]] = -np.inf
    board.add("no a", table)
    assert board.scores[-1].loss == float("inf")
    assert "“no a” gave probability 0 to something that came" in repr(board)
    assert "nan" not in board._repr_html_()
    board.add_ngram(3)
    assert board.scores[-1].baseline != "no a"
    assert board.scores[-1].difference is not None


def test_logits_may_be_minus_infinity_and_more_than_the_tokens(board):
    table = np.log(board["pairs counted"].probabilities)
    expected = board.scores[-1].loss
    padded = np.pad(table, ((0, 0), (0, 3)), constant_values=-np.inf)
    board.add("padded", lambda tokens: padded[tokens])
    assert board.scores[-1].loss == pytest.approx(expected)


def test_without_a_vocabulary_every_id_needs_a_logit():
    rows = [np.array([0, 3, 1]), np.array([2, 0])]
    with pytest.raises(mg.ShapeError, match=r"of shape \(2, 4\)"):
        losses_of_rows(lambda tokens: np.zeros((len(tokens), 3)), rows)
    losses = losses_of_rows(lambda tokens: np.zeros((len(tokens), 4)), rows)
    np.testing.assert_allclose(losses, [2 * log(4), log(4)])
