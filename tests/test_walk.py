"""`Walk`: the dials, the dart and the way back, against `generate` and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt.sampling import FixedOrigin, ModelOrigin, Walk, letter_chances, long_tail, surprise

WORDS = ("closer", "every", "effort", "forward", "inches", "moves", "pizza", "toward", "you")
SCORES = [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79]


@pytest.fixture(scope="module")
def names():
    checkpoint = mg.load_pretrained("names", backend="numpy")
    corpus = mg.load_corpus("names-mini")
    return ModelOrigin("names", checkpoint.model, checkpoint.tokenizer, corpus.memorization_check())


@pytest.fixture
def nine():
    return Walk(FixedOrigin("nine words", SCORES, WORDS))


def pick(walk):
    return walk.origin.label(walk.choice.token)


def test_the_dart_stays_and_the_edge_moves(nine):
    walk = nine.placed(0.6)
    for hundredths in range(100, 85, -5):
        walk = walk.turned(temperature=hundredths / 100)
        assert pick(walk) == "toward"
        assert walk.crossing is None
    cooled = walk.turned(temperature=0.85)
    assert pick(cooled) == "forward"
    assert cooled.u == 0.6
    assert cooled.crossing is not None
    assert round(cooled.crossing.before, 3) == 0.593
    assert round(cooled.crossing.after, 3) == 0.605
    cooler = cooled.turned(temperature=0.8)
    assert cooler.crossing.before == cooled.crossing.before  # the reason stays while the pick does
    assert cooler.crossing.after == cooler.choice.cumulative[0]  # and the edge is where it is now
    warmed = cooled.turned(temperature=0.9)
    assert pick(warmed) == "toward"
    assert warmed.crossing.edge == cooled.crossing.edge
    np.testing.assert_array_equal(warmed.choice.base_probabilities, nine.choice.base_probabilities)


def test_order_of_the_cuts(nine):
    assert nine.turned(top_p=0.93).choice.kept == 3
    both = nine.turned(top_p=0.93).turned(top_k=3)
    assert both.choice.kept == 2
    assert both.choice.binding_filter == "top_p"
    assert nine.turned(top_k=3).choice.binding_filter == "top_k"


def test_greedy_uses_no_dice_and_leaving_it_restores_the_pick(nine):
    for u in (0.0, 0.3, 0.6, 0.9, 0.999):
        walk = nine.placed(u)
        greedy = walk.turned(temperature=0.0)
        assert pick(greedy) == "forward"
        assert greedy.choice.entropy == 0
        assert greedy.crossing is None
        assert greedy.turned(temperature=1.0).choice.token == walk.choice.token


@given(st.integers(0, 2**31), st.floats(0, 0.999))
@settings(max_examples=1000, deadline=None)
def test_cooling_and_cutting_never_worsen_the_rank(seed, u):
    rng = np.random.default_rng(seed)
    walk = Walk(FixedOrigin("random", rng.normal(0, 3, rng.integers(2, 40)))).placed(u)
    V = walk.origin.vocab_size
    hot, cold = sorted(rng.uniform(0, 2, 2), reverse=True)
    many, few = sorted(rng.integers(1, V + 1, 2), reverse=True)
    wide, narrow = sorted(rng.uniform(0.05, 1, 2), reverse=True)
    low, high = sorted(rng.uniform(0, 0.5, 2))
    walk = walk.turned(temperature=hot, top_k=int(many), top_p=wide, min_p=low)
    rank = walk.choice.rank
    for tighter in ({"temperature": cold}, {"top_k": int(few)}, {"top_p": narrow}, {"min_p": high}):
        assert walk.turned(**tighter).choice.rank <= rank


@pytest.mark.parametrize("seed", range(50))
def test_finish_is_generate_and_back_is_the_way_back(names, seed):
    rng = np.random.default_rng(seed)
    V = names.vocab_size
    dials = {
        "temperature": round(float(rng.uniform(0, 2)), 2),
        "top_k": None if rng.random() < 0.5 else int(rng.integers(1, V + 1)),
        "top_p": None if rng.random() < 0.5 else round(float(rng.uniform(0.05, 1)), 2),
        "min_p": 0.0 if rng.random() < 0.5 else round(float(rng.uniform(0, 0.5)), 2),
    }
    prompt = ["", "an", "ma", "x", "abcdefghijklmno"][seed % 5]
    walk = Walk(names, prompt, dice=seed).turned(**dials)
    done = walk.finish()
    drawn = [letter.token for letter in done.drawn if letter.token != names.stop]
    wanted = mg.generate(names.model, names.start(prompt), 16, seed=seed, stop=names.stop, **dials)
    assert drawn == list(wanted)
    back = done
    for _ in done.drawn:
        back = back.back()
    assert (back.turn, back.drawn, back.dials, back.crossing) == (
        walk.turn, walk.drawn, walk.dials, walk.crossing,
    )  # fmt: skip


def test_rolling_changes_one_letter_only(names):
    walk = Walk(names, "an", dice=3)
    rolled = walk.rolled()
    assert rolled.u == mg.uniform(3, 3, 1)
    assert rolled.next().u == mg.uniform(3, 4)
    assert rolled.next().back().u == rolled.u
    assert walk.redealt(4).u == mg.uniform(4, 3)


def test_a_finished_text_opens_again_when_a_dial_changes_its_last_letter(names):
    done = Walk(names, dice=1).finish()
    assert done.ended
    assert done.turned(temperature=1.0).finished
    opened = done.placed(0.999)
    assert not opened.finished
    assert len(opened.drawn) == len(done.drawn) - 1
    with pytest.raises(mg.SettingError, match="ended"):
        done.next()
    with pytest.raises(mg.SettingError, match="no letter"):
        Walk(names).back()


def test_unknown_letters_and_long_texts_are_refused(names):
    with pytest.raises(mg.TokenError, match="'é'"):
        Walk(names, "josé")
    with pytest.raises(mg.TokenError, match="at most 15 characters; this text has 10,000"):
        Walk(names, "a" * 10_000)


def test_a_typed_name_is_the_product_of_its_letters(names):
    chances = letter_chances(names, "anna")
    tokens = names.tokenizer.encode("anna", bos=True, eos=True)
    losses = mg.ops.token_losses(names.model([tokens[:-1]]), [tokens[1:]]).numpy()
    assert surprise(chances) == pytest.approx(float(losses.astype(np.float64).sum()), abs=1e-5)
    logits = names.model(tokens[:-1]).numpy().astype(np.float64)
    rows = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    product = np.prod([row[token] for row, token in zip(rows, tokens[1:], strict=True)])
    assert np.exp(-surprise(chances)) == pytest.approx(product, rel=1e-6)
    cut = letter_chances(names, "aq", mg.SampleConfig(top_k=5))
    assert cut[1].chance == 0
    assert cut[1].binding_filter == "top_k"
    assert surprise(cut) == float("inf")


def test_the_long_tail_is_long():
    walk = Walk(long_tail())
    shares = [walk.turned(temperature=T).choice.cumulative[49] for T in (0.5, 1.0, 2.0)]
    assert [round(share, 2) for share in shares] == [0.99, 0.53, 0.04]


def test_the_view_does_not_follow_a_model_that_trains_on(names):
    model = mg.GPT(backend="numpy")
    corpus = mg.load_corpus("names-mini")
    walk = Walk(ModelOrigin("mine", model, corpus.tokenizer()), "an")
    before = walk.choice.probabilities.copy()
    mg.Trainer(model, corpus, mg.TrainConfig(steps=5)).run()
    np.testing.assert_array_equal(Walk(walk.origin, "an").choice.probabilities, before)
