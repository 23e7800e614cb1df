"""`SamplingTrace`: the parameters, u and the way back, against `generate` and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nine_words import LOGITS, WORDS

import microgpt as mg
from microgpt.widgets.logits_source import FixedLogits, ModelLogits
from microgpt.widgets.sampling_trace import SamplingTrace


@pytest.fixture(scope="module")
def names():
    checkpoint = mg.load_pretrained("names", backend="numpy")
    corpus = mg.load_corpus("names-mini")
    return ModelLogits("names", checkpoint.model, checkpoint.tokenizer, corpus.memorization_check())


@pytest.fixture
def nine():
    return SamplingTrace(FixedLogits("nine words", LOGITS, WORDS))


def pick(trace):
    return trace.source.labels[trace.sampled.token]


def test_u_stays_and_the_edge_moves(nine):
    trace = nine.with_fixed_u(0.6)
    for hundredths in range(100, 85, -5):
        trace = trace.with_params(temperature=hundredths / 100)
        assert pick(trace) == "toward"
        assert trace.pick_change is None
    cooled = trace.with_params(temperature=0.85)
    assert pick(cooled) == "forward"
    assert cooled.u == 0.6
    assert cooled.pick_change is not None
    assert round(cooled.pick_change.edge_before, 3) == 0.593
    assert round(cooled.pick_change.edge_after, 3) == 0.605
    cooler = cooled.with_params(temperature=0.8)
    assert pick(cooler) == "forward"
    assert cooler.pick_change is None  # this move has changed no pick
    assert cooled.with_params(temperature=0.85).pick_change == cooled.pick_change  # no move
    assert cooled.with_params(top_k=9).pick_change is None
    warmed = cooled.with_params(temperature=0.9)
    assert pick(warmed) == "toward"
    assert warmed.pick_change.edge_token == cooled.pick_change.edge_token
    np.testing.assert_array_equal(
        warmed.sampled.base_probabilities, nine.sampled.base_probabilities
    )


def test_order_of_the_filters(nine):
    assert nine.with_params(top_p=0.93).sampled.num_kept == 3
    both = nine.with_params(top_p=0.93).with_params(top_k=3)
    assert both.sampled.num_kept == 2
    assert both.sampled.binding_filter == "top_p"
    assert nine.with_params(top_k=3).sampled.binding_filter == "top_k"


def test_greedy_uses_no_u_and_leaving_it_restores_the_pick(nine):
    for u in (0.0, 0.3, 0.6, 0.9, 0.999):
        trace = nine.with_fixed_u(u)
        greedy = trace.with_params(temperature=0.0)
        assert pick(greedy) == "forward"
        assert greedy.sampled.entropy == 0
        assert greedy.pick_change is None
        assert greedy.with_params(temperature=1.0).sampled.token == trace.sampled.token


@given(st.integers(0, 2**31), st.floats(0, 0.999))
@settings(max_examples=1000, deadline=None)
def test_cooling_and_filtering_never_worsen_the_rank(seed, u):
    rng = np.random.default_rng(seed)
    source = FixedLogits("random", rng.normal(0, 3, rng.integers(2, 40)))
    trace = SamplingTrace(source).with_fixed_u(u)
    V = trace.source.vocab_size
    hot, cold = sorted(rng.uniform(0, 2, 2), reverse=True)
    many, few = sorted(rng.integers(1, V + 1, 2), reverse=True)
    wide, narrow = sorted(rng.uniform(0.05, 1, 2), reverse=True)
    low, high = sorted(rng.uniform(0, 0.5, 2))
    trace = trace.with_params(temperature=hot, top_k=int(many), top_p=wide, min_p=low)
    rank = trace.sampled.rank
    for tighter in ({"temperature": cold}, {"top_k": int(few)}, {"top_p": narrow}, {"min_p": high}):
        assert trace.with_params(**tighter).sampled.rank <= rank


@pytest.mark.parametrize("seed", range(50))
def test_accept_all_is_generate_and_undo_is_the_way_back(names, seed):
    rng = np.random.default_rng(seed)
    V = names.vocab_size
    params = {
        "temperature": round(float(rng.uniform(0, 2)), 2),
        "top_k": None if rng.random() < 0.5 else int(rng.integers(1, V + 1)),
        "top_p": None if rng.random() < 0.5 else round(float(rng.uniform(0.05, 1)), 2),
        "min_p": 0.0 if rng.random() < 0.5 else round(float(rng.uniform(0, 0.5)), 2),
    }
    prompt = ["", "an", "ma", "x", "abcdefghijklmno"][seed % 5]
    trace = SamplingTrace(names, prompt, seed=seed).with_params(**params)
    done = trace.accept_all()
    eos = names.eos_token_id
    sampled = [accepted.token for accepted in done.accepted if accepted.token != eos]
    prompt_ids = names.encode_prompt(prompt)
    expected = mg.generate(names.model, prompt_ids, 16, seed=seed, stop=eos, **params)
    assert sampled == list(expected)
    undone = done
    for _ in done.accepted:
        undone = undone.undo()
    assert (undone.draw, undone.accepted, undone.params, undone.pick_change) == (
        trace.draw, trace.accepted, trace.params, trace.pick_change,
    )  # fmt: skip


def test_redrawing_changes_one_token_only(names):
    trace = SamplingTrace(names, "an", seed=3)
    redrawn = trace.with_new_draw()
    assert redrawn.u == mg.uniform(3, 3, 1)
    assert redrawn.accept().u == mg.uniform(3, 4)
    assert redrawn.accept().undo().u == redrawn.u
    assert trace.with_seed(4).u == mg.uniform(4, 3)


def test_a_finished_text_opens_again_when_its_last_token_changes(names):
    done = SamplingTrace(names, seed=1).accept_all()
    assert done.reached_eos
    assert done.with_params(temperature=1.0).is_finished
    opened = done.with_fixed_u(0.999)
    assert not opened.is_finished
    assert len(opened.accepted) == len(done.accepted) - 1
    with pytest.raises(mg.StateError, match="ended"):
        done.accept()
    with pytest.raises(mg.StateError, match="no token"):
        SamplingTrace(names).undo()


def test_unknown_letters_and_long_texts_are_refused(names):
    with pytest.raises(mg.TokenError, match="“é”"):
        SamplingTrace(names, "josé")
    with pytest.raises(mg.TokenError, match="at most 15 letters; this text has 10,000"):
        SamplingTrace(names, "a" * 10_000)


def test_the_view_is_the_sampled_token_in_rank_order(names):
    trace = SamplingTrace(names, "an", seed=3).with_params(temperature=0.7, top_k=5)
    view, sampled = trace.view(), trace.sampled
    assert view.picked_token == sampled.token
    assert view.labels[view.picked_token] == names.tokenizer.token_text(sampled.token)
    for rank, token in enumerate(view.ranked_ids):
        assert view.probs[rank] == sampled.probabilities[token]
        assert view.base_probs[rank] == sampled.base_probabilities[token]
    assert view.num_kept == 5
    without = trace.with_params(top_k=None).sampled
    assert view.kept_mass == without.cumulative[4]
    assert "".join(view.context) == "an"


@pytest.mark.parametrize("u", [-0.001, 1, 1.0, float("nan"), "0.5", None])
def test_u_is_below_one(nine, u):
    assert nine.with_fixed_u(0).u == 0
    with pytest.raises(mg.SettingError, match="u must be at least 0 and below 1"):
        nine.with_fixed_u(u)


def test_a_reason_is_forgotten_with_the_parameters_it_explains(nine):
    changed = nine.with_fixed_u(0.6).with_params(temperature=0.85)
    assert changed.pick_change is not None
    assert changed.accept().undo().pick_change == changed.pick_change
    assert changed.accept().pick_change is None  # of the next token
    assert changed.accept().with_params(temperature=0.5).undo().pick_change is None


def test_the_last_token_of_a_finished_text_is_drawn_again_and_again(names):
    trace = SamplingTrace(names, "an", seed=3)
    while not (redrawn := trace.with_new_draw().with_new_draw()).accept().is_finished:
        trace = trace.accept()
    finished = redrawn.accept()
    index = len(redrawn.token_ids)
    assert redrawn.u == mg.uniform(3, index, 2)
    assert finished.with_new_draw().u == mg.uniform(3, index, 3)
    assert finished.with_new_draw().with_new_draw().u == mg.uniform(3, index, 4)


def test_a_text_without_an_end_has_sixteen_tokens(nine):
    done = nine.accept_all()
    assert len(done.accepted) == 16
    assert done.is_finished
    assert not done.reached_eos
    assert not done.undo().is_finished
    with pytest.raises(mg.StateError, match="the text has ended"):
        done.accept()


def test_another_seed_draws_as_many_tokens_as_were_accepted(names):
    """A text that ends early on the way does not shorten those of later seeds."""
    trace = SamplingTrace(names, seed=1)
    for _ in range(6):
        trace = trace if trace.is_finished else trace.accept()
    lengths = {seed: len(trace.with_seed(seed).accepted) for seed in range(40)}
    assert min(lengths.values()) < 6
    assert max(lengths.values()) == 6
    short = min(lengths, key=lengths.get)
    for seed, length in lengths.items():
        assert len(trace.with_seed(short).with_seed(seed).accepted) == length


def test_the_next_seed_begins_another_text_at_the_prompt(names):
    done = SamplingTrace(names, "an", seed=3).with_params(temperature=0.7).accept_all()
    other = done.with_next_seed()
    assert (other.seed, other.prompt, other.params) == (4, "an", done.params)
    assert other.accepted == ()
    assert other.u == mg.uniform(4, 3)
    assert other.with_seed(3).accepted == ()  # the other text has no length to keep


def test_a_view_is_made_once(names):
    trace = SamplingTrace(names, "an", seed=3)
    assert trace.view() is trace.view()
    assert trace.view().base_cumulative[-1] == pytest.approx(1)


def test_the_view_counts_random_tokens(names, nine):
    trace = SamplingTrace(names, "an", seed=3)
    assert trace.view().uniform_nll == pytest.approx(2 * np.log(27))
    assert trace.accept().view().uniform_nll == pytest.approx(3 * np.log(27))
    assert nine.accept().view().uniform_nll is None
    assert nine.view().is_fixed_row
    assert not trace.view().is_fixed_row
    assert trace.with_new_draw().view().draw_index == 1
    assert trace.view().is_unchanged
    assert not trace.with_params(top_k=26).view().is_unchanged
    assert not trace.with_params(temperature=0.95).view().is_unchanged
