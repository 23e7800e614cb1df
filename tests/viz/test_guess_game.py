"""A guessing round: the caption and the picture tell the guess from the target."""

import re
from dataclasses import replace

import numpy as np
import pytest

from microgpt.viz.drawing import Rect
from microgpt.viz.guess_game import (
    MAX_KEYS,
    GuessRound,
    draw_guess_round,
    guess_caption,
    guess_table,
    key_grid,
    render_guess_round,
)
from microgpt.viz.guess_game.caption import NUMBERS, times_out_of
from microgpt.viz.guess_game.game_round import MAX_TILES, name_tiles

PROBS = np.array([0.1, 0.5, 0.25, 0.15])
ROUND = GuessRound(2, 3, "anca", ("a", "n"), ("a",), target=2, labels="abcd")
ANSWERED = replace(ROUND, guess=0, probs=PROBS, ranked_ids=np.array([1, 2, 3, 0]))


def with_vocabulary(size, **changes):
    """A round with `size` tokens, t0 the most probable; each as long as its number."""
    probs = np.arange(size, 0, -1) / (size * (size + 1) / 2)
    labels = [f"t{i}" for i in range(size)]
    return replace(ANSWERED, labels=labels, probs=probs, ranked_ids=np.arange(size), **changes)


def html_of(game_round, bars_grow=False):
    return render_guess_round(game_round, "mg-7", bars_grow).html


def shown(game_round):
    """The texts of the page, in its order."""
    html = re.sub(r"<style>.*?</style>", "", html_of(game_round))
    return [text for text in re.split(r"<[^>]*>", html) if text.strip()]


def test_before_the_guess_nothing_is_given_away():
    rendered = render_guess_round(ROUND, "mg-7")
    assert rendered.caption == (
        "A name begins “an”. It comes from the held-out set: it was kept back, and the model was "
        "never trained on it. Click a key to guess."
    )
    assert shown(ROUND)[:6] == ["Which letter comes next?", "you", "0", "model", "0", "a"]
    assert not re.search(r"\d ?%", " ".join(shown(ROUND)))
    assert [tile.text for tile in name_tiles(ROUND)] == ["a", "n", "?"]
    assert "<table" not in guess_table(ROUND)
    assert not any("%" in text for text in draw_guess_round(ROUND).texts())


def test_guess_target_and_favourite_are_told_apart():
    assert guess_caption(ANSWERED) == (
        "You said “a”: the model gives it 10.0 %, the 4th most probable. Its favourite is “b” with "
        "50.0 %. The name is “anca”: “c” follows, the 2nd most probable with 25.0 %. No point for "
        "either. A favourite with 50 % is wrong about half the time."
    )
    keys = key_grid(ANSWERED).keys
    assert [key.owner for key in keys] == ["you", "", "true", ""]
    assert [key.number for key in keys] == ["10", "50", "25", ""]
    assert [key.share for key in keys] == pytest.approx(PROBS / 0.6)  # the axis ends at 60 %
    for text in ("you", "true", "10", "50", "25"):
        assert text in shown(ANSWERED)
    texts = draw_guess_round(ANSWERED).texts()
    assert {"you", "true", "10 %", "50 %", "25 %"} <= set(texts)


def test_the_name_is_shown_after_the_guess_with_the_target_outlined():
    assert [(tile.text, tile.role) for tile in name_tiles(ANSWERED)] == [
        ("a", "prefix"), ("n", "prefix"), ("c", "target"), ("a", "rest"),
    ]  # fmt: skip
    assert html_of(ANSWERED).count("mg-true") == 1
    long_name = replace(ANSWERED, rest=tuple("abcdefghijklmnop"))
    assert len(name_tiles(long_name)) == MAX_TILES
    assert name_tiles(long_name)[-1].text == "…"
    just_fits = replace(ANSWERED, rest=tuple("abcdefghi"))
    assert len(name_tiles(just_fits)) == MAX_TILES
    assert name_tiles(just_fits)[-1].text == "i"


@pytest.mark.parametrize(
    ("guess", "target", "sentence"),
    [
        (2, 2, "The name is “anca”: a point for you, none for the model."),
        (1, 1, "The name is “anca”: a point for you and for the model."),
        (0, 1, "The name is “anca”: “b” follows, a point for the model."),
    ],
)
def test_who_gets_a_point(guess, target, sentence):
    caption = guess_caption(replace(ANSWERED, guess=guess, target=target))
    assert sentence in caption
    right = target == 1
    assert ("is right about half the time: this time it was." in caption) == right
    assert ("the model's favourite with 50.0 %." in caption) == (guess == 1)


def test_how_often_a_favourite_is_wrong_follows_from_its_probability():
    quarter = replace(ANSWERED, probs=np.array([0.25, 0.26, 0.25, 0.24]), target=0)
    assert "A favourite with 26 % is wrong about three times in four." in guess_caption(quarter)


def test_a_right_guess_is_one_key_with_both_marks():
    owners = [key.owner for key in key_grid(replace(ANSWERED, guess=2)).keys]
    assert owners == ["", "", "you ✓", ""]
    assert "mg-yours mg-right" in html_of(replace(ANSWERED, guess=2))


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0001, "less than one time in 1,000"),
        (0.005, "about one time in 200"), (0.02, "about one time in 50"),
        (0.25, "about one time in four"), (0.335, "about one time in three"),
        (0.5, "about half the time"), (0.654, "about two times in three"),
        (0.71, "about seven times in ten"), (0.749, "about three times in four"),
        (0.96, "about 96 times in 100"), (0.999, "more than 99 times in 100"),
    ],
)  # fmt: skip
def test_a_share_in_words_is_near_it(share, words):
    assert times_out_of(share) == words


def test_shares_in_words_are_never_far_off():
    numbers = {word: number for number, word in enumerate(NUMBERS)}
    for share in np.linspace(0.05, 0.95, 500):
        words = times_out_of(share).split()
        near = 0.5 if "half" in words else numbers[words[1]] / numbers[words[4]]
        assert abs(near - share) <= 0.0501, (share, words)


def test_the_last_round_has_the_final_score():
    last = replace(ANSWERED, number=3, scores=(1, 2))
    assert guess_caption(last).endswith("Final score in 3 rounds: you 1, the model 2.")
    assert "Final score" not in guess_caption(ANSWERED)
    only = replace(last, number=1, num_rounds=1)
    assert "Final score in 1 round: you" in guess_caption(only)


def test_score_and_rounds_are_above():
    second = html_of(replace(ANSWERED, scores=(1, 2)))
    assert 'aria-label="round 2 of 3"' in second
    assert second.count('class="mg-done"') == 2
    assert html_of(ROUND).count('class="mg-done"') == html_of(ROUND).count('class="mg-now"') == 1
    assert shown(replace(ANSWERED, scores=(1, 2)))[1:5] == ["you", "1", "model", "2"]


def test_motion_only_changes_how_it_gets_there():
    still, moving = html_of(ANSWERED), html_of(ANSWERED, bars_grow=True)
    assert moving.count("mg-gr") == 4
    assert re.sub(" mg-g[ri]", "", moving) == still


def test_the_keys_leave_for_the_bars_in_this_view_only():
    assert ".mg-7 .mg-guess :is(.mg-keys,.mg-choice){display:none!important}" in html_of(ANSWERED)
    assert ".mg-7 .mg-guess .mg-act{visibility:hidden}" in html_of(ROUND)
    assert "display:none" not in html_of(ROUND)


def with_letters(letters):
    return replace(ROUND, labels=[*letters, "⟨BOS⟩"])


def test_as_many_keys_as_fit_stand_in_even_rows():
    latin = key_grid(with_letters("abcdefghijklmnopqrstuvwxyz"))
    assert (latin.num_rows, latin.columns) == (1, 28)  # "end" is two columns wide
    russian = key_grid(with_letters("абвгдеёжзийклмнопрстуфхцчшщъыьэюя"))
    assert [len(row) for row in russian.rows()] == [19, 15]
    assert all(sum(key.span for key in row) <= russian.columns for row in russian.rows())
    arabic = key_grid(with_letters("محد"))
    assert [key.span for key in arabic.keys] == [1, 1, 1, 2]  # isolates take no space
    mixed = key_grid(replace(ROUND, labels=["wide", *"abc"] * 10))
    assert sum(map(len, mixed.rows())) == 40
    assert all(sum(key.span for key in row) <= mixed.columns for row in mixed.rows())


@pytest.mark.parametrize("guess", [0, 98, 99])
def test_of_many_tokens_guess_target_and_the_most_probable_have_bars(guess):
    many = with_vocabulary(100, guess=guess, target=99)
    keys = key_grid(many).keys
    assert {guess, 99} <= {key.token for key in keys}
    assert [key.token for key in keys] == sorted(key.token for key in keys)  # by rank
    assert keys[1].token == 1
    assert 6 < len(keys) < 20
    asked = replace(many, guess=None, probs=None, ranked_ids=None)
    assert key_grid(asked).keys == ()
    assert "then press Guess." in guess_caption(asked)
    assert len(key_grid(with_vocabulary(MAX_KEYS, guess=0)).keys) == MAX_KEYS


def test_tokens_are_text_in_the_page():
    hostile = replace(ANSWERED, labels=["<b>", "&", "<i>x</i>", "d"], name="<b>", prefix=("<b>",))
    html = html_of(hostile)
    assert "<b>" not in html
    assert "<i>x" not in html
    assert "&lt;b&gt;" in html


def test_the_still_picture_draws_each_bar_from_its_key():
    with_end = replace(ANSWERED, labels=("a", "b", "c", "⟨BOS⟩"))
    drawing = draw_guess_round(with_end)
    bars = [
        shape
        for shape in drawing.shapes
        if isinstance(shape, Rect) and shape.fill in ("data", "mark") and shape.height != 36
    ]
    heights = [bar.height for bar in bars]
    assert heights == pytest.approx([84 * key.share for key in key_grid(ANSWERED).keys])
    assert len({round(bar.width, 3) for bar in bars}) == 1  # also that of "end"
    assert [bar.fill for bar in bars] == ["mark", "data", "data", "data"]


def test_a_name_in_arabic_runs_to_the_left_in_the_still_picture():
    arabic = replace(ROUND, prefix=("م", "ح"))
    texts = [text.strip("\u2068\u2069") for text in draw_guess_round(arabic).texts()]
    assert texts.index("?") < texts.index("ح") < texts.index("م")


def test_the_table_is_sorted_by_rank():
    table = guess_table(ANSWERED)
    rows = [f">{cells[0]}</td><td>{cells[1]}</td><td>{cells[2]}</td>" for cells in (
        ("b", 1, "0.500000"), ("c", 2, "0.250000"), ("d", 3, "0.150000"), ("a", 4, "0.100000"),
    )]  # fmt: skip
    assert [table.index(row) for row in rows] == sorted(table.index(row) for row in rows)
