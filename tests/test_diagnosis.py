"""`doctor` and `require`: true sentences, quickly, whatever the machine looks like."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

import microgpt as mg
from microgpt import backends
from microgpt.cli import main
from microgpt.diagnostics import Finding, Report, installation, machine, shadows, versions

ROOT = Path(__file__).parent.parent
FIRST_CELL = """
import sys
import microgpt as mg
mg.require("0.1")
{before}
print(mg.doctor(brief=True))
print(mg.backends.current().name)
print(sorted({{"numba", "ipywidgets", "matplotlib"}} & set(sys.modules)))
"""


def first_cell(folder, before="", **environment):
    """What the first cell says in a fresh process with an empty cache, and how long it takes."""
    kept = {name: os.environ[name] for name in os.environ if name != "MICROGPT_BACKEND"}
    started = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", FIRST_CELL.format(before=before)],
        cwd=folder, capture_output=True, text=True, check=True,
        env={**kept, "MICROGPT_CACHE": str(folder / "cache"), **environment},
    )  # fmt: skip
    said, backend, loaded = run.stdout.splitlines()
    return said, backend, loaded, time.monotonic() - started


def test_the_first_cell_settles_a_cold_session_on_numpy(tmp_path):
    said, backend, loaded, seconds = first_cell(tmp_path)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert said == (
        f"Ready: Python {python}, NumPy. Fast kernels are not compiled yet, so this session runs "
        "on NumPy; `microgpt warmup` compiles them (half a minute, once)."
    )
    assert backend == "numpy"
    assert loaded == "[]"
    assert min(seconds, *(first_cell(tmp_path)[3] for _ in range(2))) < 2


def test_a_chosen_back_end_stays(tmp_path):
    said, backend, _, _ = first_cell(tmp_path, before="mg.use('numba')")
    assert "the first use waits" in said
    assert backend == "numba"
    said, backend, _, _ = first_cell(tmp_path, MICROGPT_BACKEND="numba")
    assert "the first use waits" in said
    assert backend == "numba"


def test_it_says_that_a_chosen_back_end_does_not_exist(monkeypatch):
    monkeypatch.setattr(backends, "_default", None)
    monkeypatch.setenv("MICROGPT_BACKEND", "gpu")
    assert "MICROGPT_BACKEND is 'gpu', which cannot be used here" in repr(mg.doctor(brief=True))


@pytest.fixture
def warm(cache):
    """An empty cache but for the file that a finished `microgpt warmup` leaves."""
    path, content = backends.kernels_stamp()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_ready_kernels(warm, monkeypatch):
    assert backends.kernels_ready()
    assert json.loads(warm.read_bytes())["numba"] == importlib.metadata.version("numba")
    with backends.using("numba"):
        assert repr(mg.doctor(brief=True)).endswith("NumPy; fast kernels compiled.")
    with backends.using("numpy"):
        assert "but this session was set to NumPy: restart" in repr(mg.doctor(brief=True))


@pytest.mark.parametrize("variable", ["NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"])
def test_kernels_of_another_processor_are_not_ready(warm, monkeypatch, variable):
    monkeypatch.setenv(variable, "generic")
    assert not backends.kernels_ready()


def test_kernels_of_touched_sources_are_not_ready(warm, monkeypatch):
    from microgpt.backends.numba_cpu.jit import cache

    monkeypatch.setattr(cache, "sources", lambda: [Path(__file__)])
    assert not backends.kernels_ready()


def test_the_whole_report(cache):
    report = mg.doctor()
    text = repr(report)
    assert report.problems == (), text
    assert text.startswith(f"microgpt {mg.__version__}: no problems found\n")
    for part in (
        f"{platform.python_version()} of the environment {Path(sys.prefix).name!r}",
        importlib.metadata.version("numpy"),
        importlib.metadata.version("ipywidgets"),
        f"numba         {importlib.metadata.version('numba')}, ",
        "threads by",
        "not compiled yet: `microgpt warmup`",
        "downloads and compiled kernels can be kept",
        f"microgpt {mg.__version__}, ",
    ):
        assert part in text
    for path in (ROOT, cache, Path.home(), sys.prefix):  # a card is handed in with the notebook
        assert str(path) not in report._repr_html_()


def test_the_report_does_not_choose(cache, monkeypatch):
    monkeypatch.setattr(backends, "_default", None)
    monkeypatch.delenv("MICROGPT_BACKEND", raising=False)
    assert "as nothing else was chosen" in repr(mg.doctor())
    assert backends.chosen() is None


def test_the_card_is_folded_and_escaped():
    bad = Finding("name", "problem", "/here/<b>&/microgpt.py is there", "`rm` it")
    card = Report("one <problem>", (bad,))._repr_html_()
    assert card.startswith("<details open")
    assert "/here/&lt;b&gt;&amp;/microgpt.py" in card
    assert "one &lt;problem&gt;" in card
    assert "rm</code> it" in card
    assert "<b>&" not in card
    assert "problem · <b>name" in card  # a word beside the sign and the colour
    fine = Report("fine", (Finding("Python", "ok", "3.12"),))._repr_html_()
    assert fine.startswith("<details style")
    assert "var(--jp-ui-font-color1, inherit)" in fine
    line = Report("Ready: `a` < b", (bad,), brief=True)
    assert repr(line) == "Ready: `a` < b"
    assert "details" not in line._repr_html_()
    assert "a</code> &lt; b" in line._repr_html_()


def test_a_file_of_the_same_name_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "microgpt.py").touch()
    assert main(["doctor", "--brief"]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"Found a problem: {tmp_path / 'microgpt.py'} has this package's name")
    assert said.count("\n") == 1
    assert main(["doctor"]) == 1
    assert "rename it" in capsys.readouterr().out


def test_shadows(tmp_path):
    folder = tmp_path / "microgpt"
    folder.mkdir()
    assert shadows([tmp_path, tmp_path / "absent"]) == []  # Python prefers ours to a bare folder
    (folder / "__init__.py").touch()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "microgpt.py").touch()
    found = shadows([tmp_path, tmp_path / "b", tmp_path])
    assert found == [folder, tmp_path / "b" / "microgpt.py"]
    assert shadows([ROOT]) == []
    assert shadows([tmp_path], package=folder.resolve()) == []


def distribution(folder, name, files=(), version="0.1.0", direct_url=None):
    """What pip leaves of a distribution: its metadata beside its files."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url))


def test_another_distribution_of_the_name(tmp_path, monkeypatch):
    distribution(tmp_path, "microgpt", ["microgpt/__init__.py"])
    monkeypatch.syspath_prepend(str(tmp_path))
    for thorough in (True, False):
        (found,) = installation.namesakes(thorough)
        assert found.state == "problem"
        assert "`pip uninstall microgpt`" in found.advice


def test_which_package_is_loaded(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    site = ROOT / "microgpt"

    def found():
        (finding,) = installation.installation()
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
    (found,) = installation.installation()
    assert f"pip installed it in {tmp_path / 'microgpt'}" in found.text
    assert list(installation.namesakes()) == []


def test_a_folder_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert list(installation.namesakes()) == []
    assert mg.doctor(brief=True)


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "file" / "cache"))
    assert machine.cache().state == "problem"
    assert "set MICROGPT_CACHE" in machine.cache().advice
    assert "Found a problem" in repr(mg.doctor(brief=True))


class Said:
    """A program's answer, made up."""

    def __init__(self, text):
        self.text = text

    def answer(self, seconds):
        return self.text


def test_gpus():
    found = machine.gpus(Said("NVIDIA L4, 23034, 550.54\nTesla, X, [N/A], 1\n"))
    assert found.text.startswith("NVIDIA L4 (22 GiB, driver 550.54); Tesla")
    assert "no kernels for it: everything runs on the processor" in found.text
    for nothing in (None, ""):
        assert machine.gpus(Said(nothing)).text == "no NVIDIA GPU found, and none is needed"


def test_a_numba_that_cannot_be_loaded():
    found = machine.compiler(Said(None))
    assert found.state == "problem"
    assert "cannot be loaded" in found.text
    assert "MICROGPT_BACKEND=numpy" in found.advice


def test_libraries_too_old_or_absent(monkeypatch):
    versions_here = {"numpy": "1.20.3", "jupyterlab": None, "ipykernel": "7.0", "ipywidgets": "9"}
    monkeypatch.setattr(machine, "installed_version", versions_here.get)
    numpy, lab, kernel, widgets = machine.libraries()
    assert (numpy.state, numpy.text) == ("problem", "1.20.3, and 1.26 or newer is needed")
    assert (lab.state, kernel.state, widgets.state) == ("note", "ok", "ok")
    assert '`pip install -U "jupyterlab>=4.2"`' in lab.advice


def test_threads_that_say_more_than_was_asked():
    said = '{"layer": "omp", "threads": 2}\nOMP: Info #276: omp_set_nested is deprecated'
    assert machine.compiler(Said(said)).text.endswith(", 2 threads by 'omp'")
    for strange in ("x", "7", "[]", "{}"):
        found = machine.compiler(Said(strange))
        assert (found.state, found.text.partition("; ")[2]) == ("ok", "its threads are not known")


@pytest.mark.skipif(os.name == "nt", reason="Python is a command with other quotes there")
def test_programs_that_fail_hang_or_are_absent():
    assert machine.Asked(sys.executable, "-c", "print(7)").answer(30) == "7"
    assert machine.Asked(sys.executable, "-c", "print(7); exit(1)").answer(30) is None
    assert machine.Asked("/nowhere/nvidia-smi").answer(30) is None
    started = time.monotonic()
    assert machine.Asked(sys.executable, "-c", "import time; time.sleep(60)").answer(0.5) is None
    assert time.monotonic() - started < 10


def test_without_numba(tmp_path):
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
import microgpt as mg
print(mg.doctor(brief=True))
print(mg.doctor())
"""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "so this session runs on NumPy; `pip install numba` brings" in run.stdout
    assert "not installed, so everything runs on NumPy: `pip install numba`" in run.stdout


RIGHT = [("0.1.0", "0.1"), ("0.1.7", "0.1"), ("0.1.7", "0.1.7"), ("1.4.2", "1.3"), ("1.0", "1")]
WRONG = [
    ("0.1.0", "0.2", '`pip install -U "microgpt-lab==0.2.*"`'),
    ("0.1.2", "0.1.3", '`pip install -U "microgpt-lab==0.1.*"`'),
    ("0.2.0", "0.1", "`microgpt lab`, which puts this version's notebooks beside yours"),
    ("0.10.0", "0.9", "microgpt 0.9, and here is 0.10.0"),
    ("2.0.0", "1.5", '"microgpt-lab==1.*"'),
    ("0.2rc1", "0.1", '"microgpt-lab==0.1.*"'),
]


@pytest.mark.parametrize(("here", "wanted"), RIGHT)
def test_require_is_silent(monkeypatch, here, wanted):
    monkeypatch.setattr(versions, "__version__", here)
    assert mg.require(wanted) is None


@pytest.mark.parametrize(("here", "wanted", "what_to_do"), WRONG)
def test_require_says_what_to_do(monkeypatch, here, wanted, what_to_do):
    monkeypatch.setattr(versions, "__version__", here)
    monkeypatch.setattr(versions, "installed_version", lambda: None)
    with pytest.raises(mg.MicrogptError) as raised:
        mg.require(wanted)
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
    with pytest.raises(mg.SettingError, match="a version is a text such as"):
        mg.require(wrong)
