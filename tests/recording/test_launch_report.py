"""The launches of a recording as a table."""

import re

import numpy as np

import microgpt as mg


def test_launches_are_listed_with_shapes_lines_and_times(backend):
    w = mg.Tensor(np.ones((2, 3)), requires_grad=True)
    f = mg.capture(lambda x: (w * x).exp())
    assert len(f.launches()) == 0
    assert "nothing has been recorded" in repr(f.launches())
    f(np.ones((2, 3))), f(np.ones((2, 3)))
    assert "µs" in repr(f.launches())
    f(np.ones((2, 3)))
    launches = f.launches()
    assert [launch.name for launch in launches] == ["multiply_forward", "exp_forward"]
    assert launches[0].shapes == ((6,), (6,), (6,))
    assert all(re.fullmatch(r"test_launch_report\.py:\d+", launch.source) for launch in launches)
    assert all(0 <= launch.seconds < 1 for launch in launches)
    rows = repr(launches).splitlines()
    assert len(rows) == 4
    assert rows[1].split()[:2] == ["0", "multiply_forward"]
    assert rows[-1].split()[0] == "total"
