"""`ParityReport`: the table, the verdict, and JSON."""

import json
from math import nan

import numpy as np

from microgpt.parity import ParityReport
from microgpt.parity.tensor_check import check_tensor, failed_check

GOOD = check_tensor("a", np.ones(3), np.ones(3), 0.1)
BAD = check_tensor("a.b", np.ones(3), np.array([1.0, 1.5, 1.0]), 0.1)


def test_the_table_ends_in_a_verdict():
    report = ParityReport((GOOD, BAD), "x.npz", ("c",), note="allowed: 0.1")
    assert str(report).splitlines() == [
        "      tensor  max abs   relative",
        "PASS  a    0         0",
        "FAIL  a.b  0.5       0.24",
        "allowed: 0.1",
        "not in the reference, so not compared: c",
        "first difference: a.b (max abs 0.5, relative 0.24; 0.1 is allowed)",
        "FAIL: 1 of 2 tensors agree with x.npz",
    ]
    assert report.first_failure == "a.b"
    assert report["a"] is GOOD
    assert not report.passed


def test_names_that_the_reference_alone_has_fail():
    report = ParityReport((GOOD,), unexpected=("d",))
    assert report.first_failure is None
    assert not report.passed
    assert "in the reference, but not in the model: d" in str(report)
    assert ParityReport((GOOD,), missing=("c",)).passed


def test_json_has_null_where_a_number_is_not_finite():
    report = ParityReport(
        (GOOD, failed_check("b", 0.1, "of another shape")), details={"model": "m"}
    )
    content = json.loads(report.to_json())
    assert content["model"] == "m"
    assert content["passed"] is False
    assert [row["passed"] for row in content["tensors"]] == [True, False]
    assert content["tensors"][1]["max_abs_diff"] is None
    assert content["tensors"][1]["problem"] == "of another shape"


def test_nan_never_passes():
    assert not check_tensor("a", np.array([nan]), np.array([nan]), 1e9).passed
    assert not check_tensor("a", np.array([nan]), np.zeros(1), 1e9, in_norm=True).passed
