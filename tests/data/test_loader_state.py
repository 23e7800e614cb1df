"""States of batches: going on exactly where a run stopped, or refused."""

import json

import numpy as np
import pytest
from batch_streams import drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import tokenizers
from microgpt.data import (
    DocumentBatches,
    RandomBatches,
    TextBatches,
    WindowBatches,
)
from microgpt.errors import FormatError

NAMES = ("anna", "bo", "celine", "dora", "e", "ann", "bob", "cel", "dor", "ee", "f")


LETTERS = tokenizers.CharTokenizer("abcdefghijklmnopqrstuvwxyz")


LOADERS = {
    "documents": lambda seed=3, size=4: DocumentBatches(NAMES, LETTERS, 8, size, seed),
    "one document": lambda seed=3, size=1: DocumentBatches(NAMES, LETTERS, 8, size, seed),
    "few documents": lambda seed=3, size=9: DocumentBatches(NAMES[:4], LETTERS, 8, size, seed),
    "text": lambda seed=3, size=3: TextBatches("".join(NAMES), LETTERS, 8, size, seed),
    "random": lambda seed=3, size=5: RandomBatches(np.arange(99), 6, size, seed),
    "windows": lambda seed=3, size=5: WindowBatches(np.arange(99), 6, 2, size, seed=seed),
    "all windows": lambda seed=3, size=5: WindowBatches(
        np.arange(99), 6, 2, size, drop_last=False, seed=seed
    ),
    "in order": lambda seed=3, size=5: WindowBatches(
        np.arange(99), 6, 2, size, shuffle=False, seed=seed
    ),
}


@pytest.mark.parametrize("loader", LOADERS)
def test_a_restored_state_goes_on_exactly(loader):
    straight = LOADERS[loader]()
    assert straight.batches_drawn == 0
    expected, states = [], []
    for _ in range(31):
        states.append(json.dumps(straight.state_dict()))
        expected += drawn(straight, 1)
    assert straight.batches_drawn == 31
    assert max(map(len, states)) < 400
    for stopped in range(31):
        for batches in (LOADERS[loader](seed=8), LOADERS[loader]()):
            drawn(batches, stopped % 4)
            batches.load_state_dict(json.loads(states[stopped]))
            assert batches.batches_drawn == stopped
            assert batches.state_dict() == json.loads(states[stopped])
            assert drawn(batches, min(9, 31 - stopped)) == expected[stopped : stopped + 9]


@pytest.mark.parametrize("loader", LOADERS)
def test_evaluating_and_asking_for_the_state_change_nothing(loader):
    expected = drawn(LOADERS[loader](), 20)
    batches, found = LOADERS[loader](), []
    for _ in range(20):
        found += drawn(batches, 1)
        batches.state_dict()["batches_drawn"] = 99
        assert sum(len(rows) for rows, _ in batches.eval_batches(3, 2)) == 3
        assert batches.batches_per_epoch >= 1
    assert found == expected


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("loader", ["documents", "text", "windows"])
@pytest.mark.parametrize("at", [0, 2, 3, 11])
def test_an_interrupt_loses_no_batch(loader, at, monkeypatch):
    expected = drawn(LOADERS[loader](), 20)
    batches = LOADERS[loader]()
    found = drawn(batches, at)

    def interrupted(*_):
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr("microgpt.data.batches.pad", interrupted)
        patch.setattr("microgpt.data.windows._slice_windows", interrupted)
        for _ in range(2):
            with pytest.raises(Interrupted):
                next(batches)
    assert batches.batches_drawn == at
    assert found + drawn(batches, 20 - at) == expected


@pytest.mark.parametrize("loader", LOADERS)
def test_a_state_of_other_batches_is_refused(loader):
    batches = LOADERS[loader]()
    drawn(batches, 3)
    before = batches.state_dict()
    for other in LOADERS:
        state = LOADERS[other]().state_dict()
        if state["type"] != before["type"]:
            with pytest.raises(FormatError, match=rf"with type = '{state['type']}', these have"):
                batches.load_state_dict(state)
    with pytest.raises(FormatError, match=r"batch_size = 2, .* the same settings"):
        batches.load_state_dict(LOADERS[loader](size=2).state_dict())
    wrong_counts = [{**before, "batches_drawn": count} for count in (-1, 1.0, True, 2**70)]
    for state in (None, [], "x", {}, *wrong_counts):
        with pytest.raises(FormatError):
            batches.load_state_dict(state)
    assert batches.state_dict() == before


def test_a_state_of_other_data_is_refused():
    for batches, others in [
        (LOADERS["documents"](), [DocumentBatches(NAMES[1:], LETTERS, 8, 4),
                                DocumentBatches(NAMES, LETTERS, 5, 4, warn=False)]),
        (LOADERS["text"](), [TextBatches("abc" * 30, LETTERS, 8, 3),
                           TextBatches("".join(NAMES), LETTERS, 7, 3)]),
        (LOADERS["windows"](), [WindowBatches(np.arange(98), 6, 2, 5),
                              WindowBatches(np.arange(99), 5, 2, 5),
                              WindowBatches(np.arange(99), 6, 3, 5),
                              LOADERS["all windows"](), LOADERS["in order"]()]),
    ]:  # fmt: skip
        for other in others:
            with pytest.raises(FormatError, match="go on with the same data and the same settings"):
                batches.load_state_dict(other.state_dict())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**129) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["documents", "text", "windows"]),
    st.sampled_from(["batches_drawn", "rng", "seed", "tokens", "bit_generator", "state", "inc",
                     "has_uint32", "uinteger"]),
    JSON,
)  # fmt: skip
def test_any_state_goes_on_or_is_refused(loader, name, value):
    batches = LOADERS[loader]()
    state = batches.state_dict()
    if name in state:
        state[name] = value
    elif "rng" in state:
        inner = state["rng"]["state"]
        (inner if name in ("state", "inc") else state["rng"])[name] = value
    try:
        batches.load_state_dict(state)
    except FormatError:
        assert batches.batches_drawn == 0
    assert len(drawn(batches, 3)) == 3
