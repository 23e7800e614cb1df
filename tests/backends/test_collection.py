"""Which runs of this folder's tests are left out, and that they are reported."""

from pathlib import Path
from types import SimpleNamespace

FOLDER = Path(__file__).parent


def item(path, backend="interpreter", size=5_000, name="test_sizes"):
    """What the hook reads of a collected test."""
    parameters = SimpleNamespace(params={"backend": backend, "n": size})
    return SimpleNamespace(path=path, callspec=parameters, originalname=name)


def test_large_runs_as_threads_are_left_out_in_this_folder_alone(request):
    hook = request.config.pluginmanager.get_plugin(str(FOLDER / "conftest.py"))
    here, reported = FOLDER / "test_a.py", []
    kept = [
        item(here, size=5), item(here, backend="numba"), item(FOLDER.parent / "ops" / "test_a.py"),
        SimpleNamespace(path=here, originalname="test_without_parameters"),
    ]  # fmt: skip
    left_out = [
        item(here), item(FOLDER / "numba_cuda" / "test_a.py"), item(here, size=(80, 80)),
        item(here, size=5, name="test_a_large_vocabulary"),
    ]  # fmt: skip
    items = [one for pair in zip(kept, left_out, strict=True) for one in pair]
    config = SimpleNamespace(
        hook=SimpleNamespace(pytest_deselected=lambda items: reported.extend(items))
    )
    hook.pytest_collection_modifyitems(config, items)
    assert items == kept
    assert reported == left_out
