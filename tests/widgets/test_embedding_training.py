"""Networks trained for the neighbourhood: snapshots, held-out losses, what swapped rows cost."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.learn.text_losses import losses_of_rows, texts_of, token_row
from microgpt.widgets.embedding_training import corpus_windows, train_network

CORPUS = mg.load_corpus("names-mini")
STEPS = 60


@pytest.fixture(scope="module")
def network():
    return train_network(CORPUS, 4, STEPS, 0)


def evaluate(model, corpus=CORPUS):
    """The mean held-out loss, in the way of the scoreboard."""
    tokenizer = corpus.tokenizer()
    rows = [token_row(text, tokenizer) for text in texts_of(corpus.distinct().split()[1])]
    return losses_of_rows(model, rows).sum() / sum(len(row) - 1 for row in rows)


def test_snapshots_go_from_the_drawn_rows_to_the_trained_ones(network):
    assert network.steps == tuple(range(0, 61, 3))
    assert network.tables.shape == (21, 27, 4)
    drawn = mg.models.MLP(27, 3, 4, seed=0).wte.weight.numpy()
    assert (network.tables[0] == drawn).all()
    assert (network.tables[-1] == network.model.wte.weight.numpy()).all()
    assert all((a != b).any() for a, b in zip(network.tables[1:], network.tables, strict=False))


def test_few_steps_have_a_snapshot_each():
    assert train_network(CORPUS, 3, 4, 0).steps == (0, 1, 2, 3, 4)


def test_losses_are_those_of_the_scoreboard(network):
    assert network.losses[-1] == pytest.approx(evaluate(network.model), abs=1e-6)
    assert network.losses[0] == pytest.approx(evaluate(mg.models.MLP(27, 3, 4, seed=0)), abs=1e-6)
    assert network.losses[-1] < network.losses[0] - 0.3


@pytest.mark.parametrize(("a", "b"), [(0, 4), (0, 16), (13, 26)])
def test_a_rise_is_that_of_a_model_whose_rows_are_swapped(network, a, b):
    model = mg.models.MLP(27, 3, 4)
    model.load_state_dict(network.model.state_dict())
    before = evaluate(model)
    rows = model.wte.weight.numpy().copy()
    rows[[a, b]] = rows[[b, a]]
    model.load_state_dict({**model.state_dict(), "wte.weight": rows})
    rise = evaluate(model) - before
    assert network.swap_rises(a)[b] == pytest.approx(rise, abs=1e-6)
    assert network.swap_rises(b)[a] == network.swap_rises(a)[b]
    rows[[a, b]] = rows[[b, a]]
    model.load_state_dict({**model.state_dict(), "wte.weight": rows})
    assert evaluate(model) == before


def test_measuring_swaps_leaves_the_model_as_it_is(network):
    before, loss = network.model.wte.weight.numpy().copy(), network.held_out.loss(network.model)
    rises = network.swap_rises(7)
    assert rises[7] == 0
    assert (network.model.wte.weight.numpy() == before).all()
    assert network.held_out.loss(network.model) == loss == network.losses[-1]


def test_training_is_the_same_each_time(network):
    train_network.cache_clear()
    again = train_network(CORPUS, 4, STEPS, 0)
    assert again is not network
    assert (again.tables == network.tables).all()
    assert (train_network(CORPUS, 4, STEPS, 1).tables[0] != network.tables[0]).any()


def test_windows_of_one_long_text():
    corpus = Corpus("x", ("abcdef" * 20,), format="text")
    tokenizer, windows, targets, held_out = corpus_windows(corpus)
    assert tokenizer.vocab_size == 6
    assert windows[:3].tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 2]]
    assert targets[:3].tolist() == [1, 2, 3]
    assert held_out.total == len(corpus.split()[1][0]) - 1
    assert held_out.counts.sum() == held_out.total
    assert len(held_out.windows) <= 8


@pytest.mark.parametrize("text", ["abc", "".join(map(chr, range(300, 420)))])
def test_a_corpus_with_too_few_or_too_many_letters(text):
    with pytest.raises(SettingError, match="corpus must be one with 6 to 100 different letters"):
        train_network(Corpus("x", (text * 2, text)), 3, 4, 0)


@pytest.mark.parametrize("setting", [{"n_embd": 0}, {"steps": 0}, {"steps": 30000}, {"seed": -1}])
def test_settings_out_of_range(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        train_network(CORPUS, **{"n_embd": 3, "steps": 4, "seed": 0, **setting})


def test_held_out_windows_are_counted():
    held_out = corpus_windows(CORPUS)[3]
    names = CORPUS.distinct().split()[1]
    assert held_out.total == sum(len(name) + 1 for name in names)
    assert len(np.unique(held_out.windows, axis=0)) == len(held_out.windows) < held_out.total


def test_it_trains_as_notebook_05_does():
    """So that what the notebook measures of its network holds for the one on the map."""
    network, model, steps = train_network(CORPUS, 10, 20, 0), mg.models.MLP(27, seed=0), 20
    _, windows, targets, _ = corpus_windows(CORPUS)
    rng, optimizer = np.random.default_rng(0), mg.Adam(model.parameters(), lr=0.02)
    for step in range(steps):
        optimizer.lr = 0.02 * (1 - step / steps)
        batch = rng.integers(0, len(targets), 128)
        loss = mg.ops.cross_entropy(model.logits(windows[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert network.tables[-1] == pytest.approx(model.wte.weight.numpy(), abs=1e-4)
