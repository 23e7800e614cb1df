"""What the report of `using` claims."""

import numpy as np
import pytest
from exercise_answers import TEMPERATURE
from override_models import array_softmax, sample_names, train

import microgpt as mg
from microgpt import learn
from microgpt.learn.usage_report import CallStats, UsageReport


def test_what_was_not_compared_is_not_claimed():
    """Right for a while, then wrong: the report tells how far it looked."""
    num_calls = 0

    def wrong_later(x):
        nonlocal num_calls
        num_calls += 1
        return array_softmax(x) if num_calls <= 40 else array_softmax(x) * 0.5

    with learn.using(softmax=wrong_later) as report:
        train(steps=12)
    assert "The results of its first 10 calls equal the library's" in str(report)
    with learn.using(temperature=TEMPERATURE) as report:
        sample_names()
    assert "The probabilities of its first 10 calls equal the library's" in str(report)
    with learn.using(softmax=array_softmax) as report:
        train(steps=3)
    assert "The results of all 3 calls equal the library's" in str(report)


def test_one_call_is_one_time():
    x = mg.Tensor(np.ones((3, 4)), backend="numpy")
    with learn.using(softmax=array_softmax) as report:
        mg.ops.softmax(x)
    assert str(report).startswith("Your softmax ran 1 time. ")
    assert str(report).endswith(" Its results equal the library's.")


@pytest.mark.parametrize(
    ("got", "expected", "difference"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([0.5], [0.4], 0.1),  # absolute below 1
        ([50.0], [40.0], 0.25),  # relative above
        ([0.0, np.nan], [0.0, np.nan], 0.0),
        ([np.inf, -np.inf], [np.inf, -np.inf], 0.0),
        ([np.nan], [0.0], np.inf),
        ([0.0], [np.nan], np.inf),
        ([np.inf], [0.0], np.inf),
        ([1.0], [np.inf], np.inf),
        ([np.inf], [-np.inf], np.inf),
        ([], [], 0.0),
    ],
)
def test_the_largest_difference(got, expected, difference):
    stats = CallStats()
    stats.compare(got, expected)
    assert stats.max_difference == pytest.approx(difference)
    stats.compare([1.0], [1.0])  # a later result makes no earlier one right
    assert stats.max_difference == pytest.approx(difference)
    assert stats.num_compared == 2


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_what_counts_as_the_librarys(factor):
    within = factor < 1
    results = UsageReport({"f": CallStats(1, 1, 1e-4 * factor)})
    losses = UsageReport(losses=[(1.0, 1.0), (1.0 + 1e-4 * factor, 1.0)])
    gradient = UsageReport(gradient_error=1e-3 * factor)
    for report in (results, losses, gradient):
        assert report.matches_library is within
    assert ("differ" in str(results)) is not within
    for losses in ([(np.nan, 1.0), (1.0, 1.0)], [(1.0, 1.0), (np.nan, 1.0)]):
        assert not UsageReport(losses=losses).matches_library
    assert not UsageReport(tokens=[(1, 1), (1, 2)]).matches_library


def test_the_first_token_that_differs_is_counted_from_one():
    report = UsageReport(tokens=[(5, 5), (6, 7), (8, 8), (1, 2)])
    assert str(report) == (
        "Tokens that differ from the library's: 2 of 4, the first at position 2, where yours is 6 "
        "and the library's 7."
    )


def test_all_tokens_are_called_all():
    one = str(UsageReport(tokens=[(3, 3)]))
    assert one == "The only token sampled is the one that the library samples."
    many = UsageReport(tokens=[(3, 3)] * 1034)
    assert str(many) == "All 1,034 tokens sampled equal the library's."


def test_numbers_that_are_not_finite_are_named_so():
    inf, nan = float("inf"), float("nan")
    report = UsageReport(
        {"f": CallStats(2, 2, inf)}, losses=[(1.0, 1.0), (nan, 1.0)], gradient_error=inf
    )
    text = str(report)
    assert "The results of all 2 calls differ from the library's: some are infinite or NaN" in text
    assert "The loss is nan, but 1.0000 with the library's functions (the last of 2 comp" in text
    assert text.endswith("The first gradient differs from the library's: some of it is infinite "
                         "or NaN.")  # fmt: skip
    assert "inf " not in text


def test_the_card_says_whether_it_is_as_the_librarys():
    same = UsageReport({"f": CallStats(3, 3, 0.0)}, losses=[(2.5, 2.5)], gradient_error=0.5)
    html = same._repr_html_()
    assert "Something differs" in html
    assert "<span>Your f in the model</span>" in html
    for symbol, text in (
        ("·", "Your f ran 3 times."),
        ("✓", "The results of all 3 calls equal the library&#x27;s."),
        ("✓", "The loss is 2.5000, and 2.5000 with the library&#x27;s functions."),
        ("✗", "The first gradient differs from the library&#x27;s by 50.0 % of its length."),
    ):
        assert f">{symbol} </span><span>{text}</span>" in html
    assert "Everything that was compared is as" in UsageReport(tokens=[(1, 1)])._repr_html_()
    nothing = UsageReport({"f": CallStats(3)})._repr_html_()
    assert "Nothing was compared" in nothing
    assert "✓" not in nothing
    assert "<span>Your functions in the model</span>" in UsageReport()._repr_html_()


def test_a_backward_rules_calls_are_counted_for_each_pass():
    def said(num_calls, num_passes):
        stats = CallStats(num_calls=num_calls, num_passes=num_passes)
        return str(UsageReport({"mul_backward": stats}))

    ran = "Your mul_backward ran"
    assert said(57_410, 10) == f"{ran} 57,410 times, 5,741 in each of 10 backward passes."
    assert said(10, 10) == f"{ran} 10 times."
    assert said(7, 2) == f"{ran} 7 times."
    assert said(5, 1) == f"{ran} 5 times."
