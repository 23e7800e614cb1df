"""The state that dropout's masks are drawn from."""

import numpy as np

from microgpt import backends


def test_a_snapshot_is_the_state_before_and_the_counter_goes_on(backend):
    state, snapshot = np.array([7, 3], np.int64), np.zeros(2, np.int64)
    for counter in (3, 4, 5):
        backends.current().launch("dropout_next_state_", snapshot, state)
        assert snapshot.tolist() == [7, counter]
        assert state.tolist() == [7, counter + 1]
