"""`require`: is this the microgpt that a notebook was written for?"""

import pytest

import microgpt as mg
from microgpt.diagnostics import versions

RIGHT = [("0.1.0", "0.1"), ("0.1.7", "0.1"), ("0.1.7", "0.1.7"), ("1.4.2", "1.3"), ("1.0", "1")]
WRONG = [
    ("0.1.0", "0.2", '`pip install -U "microgpt-lab==0.2.*"`'),
    ("0.1.2", "0.1.3", '`pip install -U "microgpt-lab==0.1.*"`'),
    ("0.2.0", "0.1", "`microgpt lab`, which puts this version's notebooks beside yours"),
    ("0.10.0", "0.9", "microgpt 0.9, and here is 0.10.0"),
    ("2.0.0", "1.5", '"microgpt-lab==1.*"'),
    ("0.2rc1", "0.1", '"microgpt-lab==0.1.*"'),
]


@pytest.mark.parametrize(("here", "required"), RIGHT)
def test_require_is_silent(monkeypatch, here, required):
    monkeypatch.setattr(versions, "__version__", here)
    assert mg.require(required) is None


@pytest.mark.parametrize(("here", "required", "what_to_do"), WRONG)
def test_require_says_what_to_do(monkeypatch, here, required, what_to_do):
    monkeypatch.setattr(versions, "__version__", here)
    monkeypatch.setattr(versions, "installed_version", lambda: None)
    with pytest.raises(mg.MicrogptError) as raised:
        mg.require(required)
    assert what_to_do in str(raised.value)
    assert "\n" not in str(raised.value)


def test_require_notices_an_upgrade_under_a_running_kernel(monkeypatch):
    monkeypatch.setattr(versions, "installed_version", lambda: "0.2.1")
    with pytest.raises(mg.MicrogptError, match=r"0\.2\.1 is installed meanwhile: restart the kern"):
        mg.require("0.2")


def test_require_asks_for_no_restart_that_would_not_help(monkeypatch):
    monkeypatch.setattr(versions, "__version__", "0.1.0")
    monkeypatch.setattr(versions, "installed_version", lambda: "0.1.0")
    with pytest.raises(mg.MicrogptError, match=r'run `pip install -U "microgpt-lab==0\.1\.\*"`'):
        mg.require("0.1.1")


@pytest.mark.parametrize("wrong", [0.1, "newest", "0.1.*", "", None, "v0.1", "0.1 "])
def test_require_wants_a_version(wrong):
    with pytest.raises(mg.SettingError, match="version must be a string such as"):
        mg.require(wrong)
