"""SampleConfig: sampling parameters out of range."""

import pytest

from microgpt.config import SampleConfig
from microgpt.errors import SettingError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1}, "temperature must be at least 0 and finite; got -1"),
        ({"temperature": float("nan")}, "temperature must be at least 0 and finite; got nan"),
        ({"top_k": 0}, "top_k must be a positive integer; got 0"),
        ({"top_p": 1.5}, r"top_p must be above 0 and at most 1; got 1\.5"),
        ({"min_p": 2}, "min_p must be at least 0 and at most 1; got 2"),
        ({"min_p": "x"}, "min_p must be a number; got 'x'"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_wrong_parameters(settings, message):
    with pytest.raises(SettingError, match=message):
        SampleConfig(**settings)


def test_none_turns_a_filter_off():
    assert SampleConfig(0.7, top_k=None, top_p=None) == SampleConfig(temperature=0.7)
