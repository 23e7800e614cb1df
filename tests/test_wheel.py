"""The built wheel holds what must travel, and works from an empty folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    (path,) = out.glob("microgpt_lab-*.whl")
    return path


def test_contents(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "microgpt").rglob("*"):
        if path.suffix in {".py", ".txt"}:
            assert path.relative_to(ROOT).as_posix() in names
    assert not [name for name in names if name.startswith(("tests/", "notebooks/"))]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_trains_and_samples_from_the_wheel_alone(wheel, tmp_path):
    code = """
import sys
import microgpt as mg
assert ".whl" in mg.__file__ or "unpacked" in mg.__file__, mg.__file__
corpus = mg.load_corpus("names-mini")
model = mg.GPT(mg.GPTConfig.microgpt())
mg.Trainer(model, corpus, mg.TrainConfig(steps=5)).run()
print(len(corpus), *mg.generate_text(model, corpus.tokenizer(), 1))
"""
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True,
        env={**__import__("os").environ, "PYTHONPATH": str(unpacked)},
    )  # fmt: skip
    assert run.stdout.startswith("6632 ")
