"""`Result`: its card, its line and its dictionary."""

import json

import numpy as np
from exercise_answers import correct_sample, id_order_sample

from microgpt import learn


def test_a_result_can_be_written_as_json():
    result = learn.check("09.sample", id_order_sample, seed=4)
    fields = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert list(fields) == ["state", "property", "input", "got", "expected", "cause", "exercise",
                            "version", "seed", "seconds", "success_message"]  # fmt: skip
    assert fields["input"]["logits"] == [1.0, 2.0, 0.1]
    assert fields["seed"] == 4


def test_infinity_and_nan_can_be_written_as_json():
    result = learn.check("09.temperature", lambda *_: np.array([np.nan, np.inf, 1.0]))
    assert json.dumps(result.to_dict(), allow_nan=False)
    assert result.to_dict()["got"] == ["nan", "inf", 1.0]


def test_a_card_has_labels_and_symbols_and_is_escaped():
    result = learn.check("09.sample", lambda *_: "<img src=x onerror=alert(1)>")
    html = result._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html
    assert "✗ Not yet" in html
    assert "var(--jp-ui-font-color1" in html
    assert "✓ Correct" in learn.check("09.sample", correct_sample)._repr_html_()
    assert "○ Not attempted" in learn.check("09.sample", learn.todo())._repr_html_()
    lines = repr(result).splitlines()
    assert lines[0] == "✗ Not yet · 09.sample"
    assert lines[1] == "  does not hold: The worked example comes out."
    assert "<em>does not hold:</em> The worked example comes out." in html
    assert any(line.strip().startswith("usual cause:") for line in lines)
