"""The folder of a model in the hub's cache: which revision is taken."""

import pytest

from microgpt.errors import FormatError
from microgpt.pretrained.huggingface.hub_cache import snapshot_folder

A, B = "a" * 40, "b" * 40


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "models--gpt2"
    for commit in (A, B):
        (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "refs").mkdir()
    return folder


def test_the_revision_main_is_taken(cache):
    (cache / "refs" / "main").write_text(B)
    assert snapshot_folder(cache) == cache / "snapshots" / B


@pytest.mark.parametrize("ref", [None, b"c" * 40, b"../refs", b"\xff" * 40, b""])
def test_without_it_one_revision_alone_is_taken(cache, ref):
    if ref is not None:
        (cache / "refs" / "main").write_bytes(ref)
    with pytest.raises(FormatError, match="or one alone; it holds 2; give the path of one"):
        snapshot_folder(cache)
    (cache / "snapshots" / A).rmdir()
    assert snapshot_folder(cache) == cache / "snapshots" / B


def test_any_other_folder_is_itself(cache, tmp_path):
    assert snapshot_folder(tmp_path) == tmp_path
    assert snapshot_folder(cache / "snapshots" / A) == cache / "snapshots" / A
