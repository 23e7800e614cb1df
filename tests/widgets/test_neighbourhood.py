"""The neighbourhood: its numbers, its controls, its sentences."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.viz.neighbourhood.label_layout import axis_ticks
from microgpt.widgets import panel as panel_module
from microgpt.widgets.embedding_geometry import nearest_rows, principal_axes
from microgpt.widgets.neighbourhood_state import NeighbourhoodState, start_state

STEPS = 40
CORPUS = mg.load_corpus("names-mini")


@pytest.fixture(autouse=True)
def no_errors(monkeypatch):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", 1e9)  # so that pictures can be compared
    yield
    assert mg.widgets.errors() == []


@pytest.fixture
def view():
    return mg.widgets.Neighbourhood(steps=STEPS)


@pytest.fixture
def ten(view):
    view.tab_buttons[10].click()
    return view


def ticks(view):
    shown = view.state.view
    return axis_ticks(shown.x_low, shown.extent), axis_ticks(shown.y_low, shown.extent)


def test_it_opens_with_the_table_itself(view):
    shown, network = view.state.view, view.state.shown
    assert shown.is_table
    assert shown.variance_kept == pytest.approx(1)
    assert ">100 %<" in view.picture.value
    assert [(one.x, one.y) for one in shown.letters] == list(map(tuple, network.tables[-1]))
    assert (shown.step, shown.loss) == (STEPS, network.losses[-1])
    assert view.caption.startswith("Nothing is left out: the map is the table itself.")
    gap = shown.trained_loss - shown.other_trained_loss
    assert (
        f"held-out loss is {abs(gap):.3f} {'higher' if gap > 0 else 'lower'} than" in view.caption
    )
    assert view.png().startswith(b"\x89PNG")


def test_ten_numbers_keep_what_the_projection_keeps(ten):
    shown, table = ten.state.view, ten.state.shown.tables[-1]
    assert shown.variance_kept == principal_axes(table).variance_kept(table) < 0.5
    assert f"keeps {round(100 * shown.variance_kept)} % of the variance: a poor map" in ten.caption
    assert f">{shown.trained_loss:.3f}<" in ten.picture.value
    assert f"{shown.other_trained_loss:.3f} with two numbers" in ten.picture.value
    assert "mg-chosen" in ten.tab_buttons[10]._dom_classes
    assert "mg-chosen" not in ten.tab_buttons[2]._dom_classes


@pytest.mark.parametrize("tab", [2, 10])
def test_the_slider_moves_letters_and_no_tick(view, tab):
    view.tab_buttons[tab].click()
    before, shown = ticks(view), view.state.view
    for index in range(21):
        view.slider.slider.value = index
        assert ticks(view) == before
        assert view.state.view.letters != shown.letters or index == 20
    points = [(0, 0), *((one.x, one.y) for one in shown.letters)]  # after training
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    assert shown.extent == pytest.approx(1.16 * (high - low).max())
    corner = np.array([shown.x_low, shown.y_low])
    assert corner + shown.extent / 2 == pytest.approx((low + high) / 2)
    view.slider.slider.value = 0
    assert "Which letters are near “a” before training?" in view.picture.value


def test_letters_have_their_share_of_the_training_texts(view):
    train = CORPUS.distinct().split()[0]
    total = sum(len(name) + 1 for name in train)
    shares = {one.label: one.share for one in view.state.view.letters}
    assert shares["q"] == pytest.approx(sum(name.count("q") for name in train) / total)
    assert shares["end"] == pytest.approx(len(train) / total)
    assert sum(shares.values()) == pytest.approx(1)


def test_the_first_snapshot_shows_random_rows(view):
    view.slider.slider.value = 0
    drawn = mg.models.MLP(27, 3, 2, seed=0).wte.weight.numpy().astype(float)
    assert [(one.x, one.y) for one in view.state.view.letters] == list(map(tuple, drawn))


@pytest.mark.slow
def test_random_rows_seldom_make_a_claim_about_vowels():
    claims = 0
    for seed in range(20):
        state = start_state(CORPUS, 10, 1, seed).with_shown(10).with_snapshot(0)
        claims += state.view.vowels.is_outside
    assert claims <= 3


def test_neighbours_are_ranked_in_all_numbers(ten):
    for index in (0, 7, 20):
        ten.slider.slider.value = index
        table, labels = ten.state.shown.tables[index], ten.state.labels
        expected = [(labels[i], value) for i, value in nearest_rows(table, 0, 5)]
        assert [(one.label, one.value) for one in ten.state.view.neighbours] == expected


def test_each_neighbour_has_the_price_of_its_swap_after_training_only(ten):
    rises, labels = ten.state.shown.swap_rises(0), ten.state.labels
    near = ten.state.view.neighbours
    assert [one.rise for one in near] == [rises[labels.index(one.label)] for one in near]
    ten.slider.slider.value = 19
    assert all(one.rise is None for one in ten.state.view.neighbours)


def test_swaps_are_the_three_cheapest_and_the_three_dearest(ten):
    rises = ten.state.shown.swap_rises(0)
    order = np.argsort(rises[1:]) + 1
    shown, labels = ten.state.view, ten.state.labels
    assert [one.label for one in shown.cheapest] == [labels[i] for i in order[:3]]
    assert [one.label for one in shown.dearest] == [labels[i] for i in order[:-4:-1]]
    assert [one.value for one in shown.dearest] == rises[order[:-4:-1]].tolist()
    ten.slider.slider.value = 3
    assert ten.state.view.cheapest == shown.cheapest  # of the trained network


def test_a_letter_is_chosen_by_typing_and_by_clicking(view):
    letters = view.state.view.letters
    view.letter_box.value = " N "
    assert view.state.view.chosen_label == view.letter_box.value == "n"
    assert view.letter_number.value == 14
    assert view.state.view.letters == letters
    view.letter_number.value = 27
    assert view.letter_box.value == "end"
    assert "Which letters are near the end after 40 steps?" in view.picture.value
    view.letter_number.value = 2
    assert view.letter_box.value == "b"


def test_a_letter_that_is_not_on_the_map(view):
    picture = view.picture.value
    view.letter_box.value = "<b>"
    assert view.caption == (
        "“<b>” is not on the map. Type a letter of the map, such as “a”, or “end”."
    )
    assert view.letter_box.value == "<b>"
    assert view.picture.value == picture
    assert "&lt;b&gt;" in view.caption_box.value
    view.letter_box.value = "c"
    assert view.state.view.chosen_label == "c"


def test_start_again_announces_and_trains_from_the_seed(view):
    heard = []
    view.caption_box.observe(lambda change: heard.append(change["new"]), "value")
    view.letter_box.value = "e"
    view.slider.slider.value = 20
    old = view.state.shown
    view.seed_box.value = 3
    assert view.state.shown is old
    heard.clear()
    view.again_button.click()
    assert "Both networks are trained again from seed 3" in heard[0]
    assert len(heard) == 2
    assert (view.state.shown.tables[0] == mg.models.MLP(27, 3, 2, seed=3).wte.weight.numpy()).all()
    assert view.state.view.chosen_label == "e"


def test_a_cell_that_runs_again_shows_the_seed_of_its_networks(view):
    state = view.state.with_seed(5)
    assert view.take_over(state) is state
    assert view.seed_box.value == 5


def test_without_these_five_vowels_there_is_no_line_about_them():
    names = tuple(name.replace("u", "o") for name in CORPUS)
    state = start_state(Corpus("no u", names), 3, 2, 0)
    assert state.view.vowels is None
    assert not any(one.is_vowel for one in state.view.letters)
    view = mg.widgets.Neighbourhood(Corpus("no u", names), n_embd=3, steps=2)
    assert "owel" not in view.caption + view.picture.value


def test_a_long_text_has_no_end(view):
    view = mg.widgets.Neighbourhood("story", n_embd=3, steps=2)
    labels = [one.label for one in view.state.view.letters]
    assert "end" not in labels
    assert "␣" in labels
    view.letter_box.value = " "
    assert view.state.view.chosen_label == "␣"
    assert 'aria-label="the end"' not in view.picture.value


def test_the_table_of_numbers(view):
    view.numbers.toggle.value = True
    x = view.state.view.letters[0].x
    assert f"<td>{x:.4f}</td>".replace("-", "−") in view.numbers.content.value


@pytest.mark.parametrize("setting", [{"n_embd": 2}, {"n_embd": 101}, {"steps": 0}, {"seed": -1}])
def test_settings_out_of_range(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        mg.widgets.Neighbourhood(**{"steps": 2, **setting})


def test_a_snapshot_out_of_range_is_the_nearest():
    state = start_state(CORPUS, 3, 2, 0)
    assert isinstance(state, NeighbourhoodState)
    assert state.with_snapshot(99).snapshot == 2
    assert state.with_snapshot(-1).snapshot == 0


def test_an_empty_letter_says_how_to_choose_one(view):
    view.letter_box.value = " "
    assert view.caption == "Type a letter of the map, such as “a”, or “end”."
    view.letter_box.value = "END"
    assert view.state.view.chosen_label == "end"


def test_swaps_are_marked_as_those_after_training(view):
    assert "cheapest row swaps after training" in view.picture.value
    assert "mg-later" not in view.picture.value
    view.slider.slider.value = 0
    assert view.picture.value.count('class="mg-later"') == 2
