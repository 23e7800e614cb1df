"""Which microgpt is loaded, and what else bears its name."""

import json
import os
from pathlib import Path

import pytest

import microgpt as mg
from microgpt.diagnostics import installation, shadowing_paths

ROOT = Path(mg.__file__).parent.parent


def test_shadows(tmp_path):
    folder = tmp_path / "microgpt"
    folder.mkdir()
    assert (
        shadowing_paths([tmp_path, tmp_path / "absent"]) == []
    )  # Python prefers ours to a bare folder
    (folder / "__init__.py").touch()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "microgpt.py").touch()
    found = shadowing_paths([tmp_path, tmp_path / "b", tmp_path])
    assert found == [folder, tmp_path / "b" / "microgpt.py"]
    assert shadowing_paths([ROOT]) == []
    assert shadowing_paths([tmp_path], package=folder.resolve()) == []


def distribution(folder, name, files=(), version="0.1.0", direct_url=None):
    """What pip leaves of a distribution: its metadata beside its files."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url))


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_link_to_the_package_is_the_package(tmp_path):
    linked, package = tmp_path / "linked", tmp_path / "real" / "microgpt"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    linked.mkdir()
    (linked / "microgpt").symlink_to(package, target_is_directory=True)
    assert shadowing_paths([linked, package.parent], package) == []
    other = tmp_path / "other"
    assert shadowing_paths([linked, package.parent], other) == [linked / "microgpt", package]


def test_another_distribution_of_the_name(tmp_path, monkeypatch):
    distribution(tmp_path, "microgpt", ["microgpt/__init__.py"])
    monkeypatch.syspath_prepend(str(tmp_path))
    for thorough in (True, False):
        (found,) = installation.conflict_findings(thorough)
        assert found.state == "problem"
        assert "`pip uninstall microgpt`" in found.advice


def test_which_package_is_loaded(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    site = ROOT / "microgpt"

    def found():
        (finding,) = installation.installation_findings()
        return finding

    editable = {"url": ROOT.as_uri(), "dir_info": {"editable": True}}
    distribution(tmp_path, "microgpt-lab", version="0.0.9", direct_url=editable)
    assert found().state == "ok"
    assert found().text == f"microgpt {mg.__version__}, from the checkout that pip points to"
    (tmp_path / "microgpt_lab-0.0.9.dist-info" / "direct_url.json").unlink()
    assert found().state == "problem"
    assert f"from {site}, but pip installed it in {tmp_path / 'microgpt'}" in found().text
    monkeypatch.setattr(installation, "PACKAGE", tmp_path / "microgpt")
    assert found().text == f"microgpt 0.0.9 is installed, but {mg.__version__} is still loaded"
    assert found().advice == "restart the kernel"
    monkeypatch.setattr(installation, "DISTRIBUTION", "microgpt-absent")
    assert found().state == "note"
    assert "where pip did not install it" in found().text


def test_a_stray_copy_does_not_make_the_installed_one_the_problem(tmp_path, monkeypatch):
    distribution(tmp_path, "microgpt-lab", version=mg.__version__)
    (tmp_path / "microgpt").mkdir()
    (tmp_path / "microgpt" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    (found,) = installation.installation_findings()
    assert f"pip installed it in {tmp_path / 'microgpt'}" in found.text
    assert list(installation.conflict_findings()) == []


def test_a_folder_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert list(installation.conflict_findings()) == []
    assert mg.doctor(brief=True)
