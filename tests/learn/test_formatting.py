"""A learner's values as text."""

from microgpt.learn.formatting import snapshot


class ExitsWhenShown:
    def __repr__(self):
        raise SystemExit(3)


def test_snapshots_of_values_that_are_no_data():
    recursive = []
    recursive.append(recursive)
    assert snapshot(ExitsWhenShown()) == "a ExitsWhenShown that cannot be shown"
    assert snapshot(recursive) == "[[...]]"
