"""What is wrong with a call is raised before the first token."""

import pytest
from generation_cases import CONFIG

import microgpt as mg
from microgpt.errors import SettingError, ShapeError


def test_refusals_come_before_the_first_token(backend):
    model = mg.GPT(CONFIG)
    for prompt in ([], [[0, 1]], 0):
        with pytest.raises(ShapeError, match=r"1 token or more .*, in one dimension; got"):
            mg.generate(model, prompt)
    with pytest.raises(SettingError, match="vocabulary's 9; got 10"):
        mg.generate(model, [0], top_k=10)
    with pytest.raises(SettingError, match="temperature"):
        mg.generate(model, [0], temperature=-1)
    for prompt in ([9], [-1], [9] + [0] * 20):
        with pytest.raises(mg.TokenError, match=r"from 0 to 8; got .* at index 0"):
            mg.generate(model, prompt)
    for count in (2.5, -1, True, "3"):
        with pytest.raises(SettingError, match="max_new_tokens must be a non-negative integer"):
            mg.generate(model, [0], count)
    for stop in (9, -1, 1.0, True, "3", [1, 9], [[1]]):
        with pytest.raises(SettingError, match="stop must be a token id from 0 to 8"):
            mg.generate(model, [0], stop=stop)
