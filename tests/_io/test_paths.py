"""The folders that the environment names; an empty variable is none."""

from pathlib import Path

import pytest

from microgpt._io.paths import cache_dir, data_dir, expand_user
from microgpt.errors import SettingError


def test_folders_are_named_by_the_environment(monkeypatch):
    home = Path.home()
    monkeypatch.setenv("MICROGPT_DATA", "~/data")
    monkeypatch.setenv("MICROGPT_CACHE", "~/cache")
    assert (data_dir(), cache_dir()) == (home / "data", home / "cache")


def test_an_empty_variable_names_no_folder(monkeypatch):
    """As a path it would be the current folder."""
    monkeypatch.setenv("MICROGPT_DATA", "")
    monkeypatch.setenv("MICROGPT_CACHE", "")
    assert data_dir() is None
    assert cache_dir().name == "microgpt-lab"


def test_a_home_folder_that_is_not_known():
    assert expand_user("~") == Path.home()
    with pytest.raises(SettingError, match="path must be given in full"):
        expand_user("~nobody-of-this-name/a.bin")
