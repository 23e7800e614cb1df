"""The benchmark's machinery: turns, numbers, table, files and errors. Peers are played by us."""

import ast
import io
import json
import os
import random
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from microgpt.benchmark import machine_info, parity_check, processes, runner, scaling, worker_pool
from microgpt.benchmark.implementations import LADDER, LIBRARIES, RUNGS, Contender, entrants
from microgpt.benchmark.ours.scalars import before_shuffling, even_sample
from microgpt.benchmark.peers import worker_protocol
from microgpt.benchmark.processes import Failed, Process, environment, library_versions
from microgpt.benchmark.report import as_dict, bars
from microgpt.benchmark.results import Measurement, Results
from microgpt.benchmark.runner import Bench
from microgpt.benchmark.table import _scaling, duration, marks_text, shown, text
from microgpt.benchmark.targets import marks, read_share
from microgpt.benchmark.worker_pool import Crew
from microgpt.benchmark.workload_inputs import Task
from microgpt.benchmark.workloads import WORKS
from microgpt.cli import main
from microgpt.config import GPTConfig
from microgpt.errors import BackendUnavailable, SettingError, ShapeError
from microgpt.viz.benchmark_bars import _power, benchmark_bars, standalone

# A contender of one line each: it sleeps as long as it is told, and misbehaves when told.
PLAYED = f"""
import os, sys, time
sys.path.insert(0, {str(processes.PEERS)!r})
from serving import Job, serve

def prepare(task):
    print("said where answers go")
    if task.get("raises"):
        raise ValueError("two\\nlines")
    if task.get("dies"):
        print("its last words", file=sys.stderr, flush=True)
        os._exit(3)
    if task.get("sleeps"):
        time.sleep(60)
    return Job(lambda: task["seconds"], task["count"], about={{"threads": 1}})

serve(prepare)
"""


@pytest.fixture
def played(tmp_path):
    script = tmp_path / "played.py"
    script.write_text(PLAYED)
    with Process([sys.executable, str(script)], dict(os.environ), tmp_path / "log", 20) as process:
        yield process


def test_a_contender_answers_requests(played):
    answer = played.ask(do="prepare", task={"seconds": 0.25, "count": 50})
    assert answer["count"] == 50
    assert answer["about"]["threads"] == 1
    assert 0 <= answer["first"] < 1
    block = played.ask(do="block", seconds=0.0)
    assert block["seconds"] == [0.25]
    assert set(played.ask(do="block", seconds=0.01)["seconds"]) == {0.25}
    assert os.name == "nt" or 1 < block["peak"] < 10_000


def test_what_goes_wrong_is_said(played):
    with pytest.raises(Failed, match=r"^ValueError: two lines$"):
        played.ask(do="prepare", task={"raises": True})
    assert played.ask(do="prepare", task={"seconds": 1.0, "count": 1})["count"] == 1
    with pytest.raises(Failed, match=r"ended with status 3: its last words$"):
        played.ask(do="prepare", task={"dies": True})
    with pytest.raises(Failed, match="ended"):
        played.ask(do="block", seconds=0.1)


@pytest.mark.parametrize("trouble", ["sleeps", "dies"])
def test_a_contender_that_is_late_or_dead_is_ended_and_started_anew(tmp_path, monkeypatch, trouble):
    script = tmp_path / "played.py"
    script.write_text(PLAYED)
    words = [sys.executable, str(script)]
    monkeypatch.setattr(worker_pool, "command", lambda *_: words)
    contender, work = Contender("numpy", "NumPy", 1), WORKS["batch"]
    with Crew(tmp_path, 1, "") as started:
        first = Measurement(work, contender)
        started.prepare(first, Task("good", {"seconds": 0.25, "count": 1}))
        child = started.processes[contender]
        child.patience = 0.2
        late = Measurement(work, contender)
        started.prepare(late, Task("bad", {trouble: True}))
        assert re.search("no answer within|its last words", late.trouble)
        assert child.child.poll() is not None
        again = Measurement(work, contender)
        started.prepare(again, Task("good", {"seconds": 0.5, "count": 7}))
        assert (again.trouble, again.count) == ("", 7)


def test_a_contender_that_says_what_is_wrong_stays(tmp_path, monkeypatch):
    script = tmp_path / "played.py"
    script.write_text(PLAYED)
    monkeypatch.setattr(worker_pool, "command", lambda *_: [sys.executable, str(script)])
    contender, work = Contender("numpy", "NumPy", 1), WORKS["batch"]
    with Crew(tmp_path, 1, "") as started:
        entry = Measurement(work, contender)
        started.prepare(entry, Task("", {"raises": True}))
        assert entry.trouble == "ValueError: two lines"
        assert started.processes[contender].child.poll() is None


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(Failed, match="cannot be started"):
        Process([str(tmp_path / "none")], {}, tmp_path / "log")


def test_a_block_takes_at_least_one_unit_and_not_too_many():
    asked = []
    job = worker_protocol.Job(lambda: asked.append(1))
    assert len(worker_protocol._block(job, 0.0)) == len(asked) == 1
    assert len(worker_protocol._block(job, 30.0)) == worker_protocol.MOST_UNITS


def test_losses_come_before_and_after_steps():
    state = [8.0]

    def halve():
        state[0] /= 2

    job = worker_protocol.Job(halve, count=2, loss=lambda: state[0])
    answer = worker_protocol._answer({"do": "losses", "steps": 6}, lambda task: job, [job])
    assert answer == {"before": 8.0, "after": 1.0}
    with pytest.raises(ValueError, match="no loss"):
        worker_protocol._answer(
            {"do": "losses", "steps": 1}, lambda task: job, [worker_protocol.Job(halve)]
        )


def test_the_environment_is_clean(monkeypatch):
    for name in ("OMP_NUM_THREADS", "MKL_DYNAMIC", "NUMBA_DISABLE_JIT", "OPENBLAS_NUM_THREADS",
                 "XLA_FLAGS", "PYTHONPATH", "MICROGPT_POISON", "MICROGPT_BACKEND"):  # fmt: skip
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("MICROGPT_CACHE", "kept")
    ours = environment(Contender("replayed", "", 2), cores=2)
    assert ours["MICROGPT_CACHE"] == "kept"
    assert ours["PATH"] == os.environ["PATH"]
    assert not {name for name in ours if name.startswith(("OMP", "MKL", "NUMBA", "OPENBLAS"))}
    assert ours["PYTHONPATH"] == str(processes.PACKAGE)
    assert not {name for name, value in ours.items() if value == "7"}
    one = environment(Contender("replayed", "", 1), cores=2)
    assert one["NUMBA_NUM_THREADS"] == one["OPENBLAS_NUM_THREADS"] == "1"
    peer = environment(Contender("jax", "", 1, {}, "jax"), cores=2)
    assert "PYTHONPATH" not in peer
    assert peer["NPROC"] == "1"


def test_peers_need_nothing_of_this_package():
    allowed = {"torch", "jax", "transformers", "numpy", *sys.stdlib_module_names}
    allowed |= {path.stem for path in processes.PEERS.glob("*.py")}
    for path in processes.PEERS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = [node.module] if isinstance(node, ast.ImportFrom) else []
            named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert {name.split(".")[0] for name in named} <= allowed, path


def test_names_are_chosen_evenly_and_reach_the_recipe_in_order():
    names = ["a" * (1 + place % 9) for place in range(900)]
    chosen = even_sample(names, 9)
    assert sorted(len(names[place]) for place in chosen) == list(range(1, 10))
    assert sorted(even_sample(names, 900)) == list(range(900))
    wanted = [str(place) for place in range(50)]
    documents = before_shuffling(wanted, seed=42)
    assert documents != wanted
    random.Random(42).shuffle(documents)
    assert documents == wanted


def test_every_work_has_contenders_with_names_of_their_own():
    for work in WORKS:
        found = entrants(work, 2, LIBRARIES)
        assert len({(c.name, c.threads) for c in found}) == len(found)
        assert {c.name for c in found if not c.library} == set(RUNGS[work])
    assert {c.threads for c in entrants("batch", 2, LIBRARIES) if c.library} == {1, 2}
    assert {c.threads for c in entrants("batch", 8, LIBRARIES) if c.library} == {1, 2, 8}
    assert {c.threads for c in entrants("batch", 1, LIBRARIES)} == {1}
    assert [c.name for c in entrants("recipe", 2, (), ["numpy"])] == ["numpy"]


def measured(work, contender, library="", typical=1.0, **more):
    """A measurement whose median is `typical`, in the work's unit."""
    kind = WORKS[work]
    seconds = 1 / typical if kind.is_rate else typical / kind.number(1.0)
    words = LADDER[contender][0] if contender in LADDER else contender
    entry = Measurement(kind, Contender(contender, words, 2, {}, library), **more)
    # The typical block is neither the slow one nor the fast one, which has the most units.
    entry.blocks = [[seconds, 3 * seconds, 0.9 * seconds], [2 * seconds], [0.8 * seconds] * 9]
    return entry


@pytest.fixture
def results():
    """A run of three works in which one contender failed."""
    found = Results(machine=machine_info.describe(), loads=[0.25, 1.5], notes=["a note <b>"])
    found.measurements = [
        measured("recipe", "value", typical=100_000.0, first=0.0012, peak=31.5),
        measured("recipe", "replayed", typical=20.0, first=1.5, peak=150.0),
        measured("recipe", "torch-eager-1", "torch", typical=600.0),
        measured("recipe", "jax-step-flat-1", "jax", typical=60.0),
        measured("recipe", "jax-scan-flat-1", "jax", typical=18.0),
        Measurement(WORKS["recipe"], Contender("tape", "tape", 1), trouble="it has no tape"),
        measured("names", "replayed", typical=40_000.0),
        measured("names", "torch-own-loop-1", "torch", typical=4_000.0),
        measured("generate", "replayed", typical=50.0),
    ]
    memory = Measurement(WORKS["generate"], Contender("memory", "reading", 2), count=1e9)
    memory.blocks, memory.about = [[1 / 25]], {"unit": "GB/s"}
    found.measurements.append(memory)
    return found


def test_numbers_are_in_the_unit_of_the_work(results):
    replayed = results.find("recipe", "replayed")
    assert replayed.number(replayed.typical) == pytest.approx(20.0)
    assert replayed.number(replayed.best) == pytest.approx(16.0)
    names = results.find("names", "replayed")
    assert names.number(names.typical) == pytest.approx(40_000)
    assert names.number(names.best) == pytest.approx(50_000)
    assert results.find("recipe", "tape") is None
    memory = results.find("generate", "memory")
    assert (memory.number(memory.typical), memory.unit) == (pytest.approx(25.0), "GB/s")


def test_the_best_peer_is_the_one_compared_with(results):
    assert results.best_peer("recipe").contender.name == "jax-scan-flat-1"
    assert results.best_peer("recipe", "torch").contender.name == "torch-eager-1"
    assert results.best_peer("batch") is None
    assert results.ratio("names", results.best_peer("names")) == pytest.approx(10.0)
    assert results.ratio("batch", None) is None


def test_marks(results):
    found = {(mark.work, mark.target): mark for mark in marks(results)}
    assert found["recipe", 25].met is True
    assert found["recipe", 4].value == pytest.approx(3.0)
    assert found["recipe", 4].met is False
    assert found["recipe", 1].met is False
    assert found["recipe", 20].met is True
    assert found["recipe", 4000].value == pytest.approx(5000)
    assert found["names", 30_000].met is True
    assert found["generate", 2].met is None
    assert {mark.work for mark in marks(results)} == {"recipe", "names", "generate"}
    read = 4 * (124_439_808 - 1023 * 768)
    assert read_share(results) == pytest.approx(50.0 * read / 25e9)
    assert found["generate", 75].met is (read_share(results) >= 0.75)
    lines = marks_text(results).splitlines()
    assert any(line.endswith("met") and "pure Python" in line for line in lines)
    assert any(line.endswith("not measured") and "transformers" in line for line in lines)


def test_the_table(results):
    said = text(results)
    for part in (
        WORKS["recipe"].title[:60],
        "In µs; less is better.",
        "In characters/s; more is better.",
        "not measured: tape: it has no tape",
        "microgpt replayed is 5,000 × as fast as Value.",
        "microgpt replayed is 0.900 × the best peer (jax-scan-flat-1).",
        "microgpt replayed is 10.0 × the best peer (torch-own-loop-1).",
        "load average before it 0.2",
        "25.0 GB/s",
        "Note: a note <b>.",
    ):
        assert part in said
    value = next(line for line in said.splitlines() if line.startswith("  Value"))
    assert re.search(r"100,000 +80,000 to 200,000 +80,000 +1.20 ms +2 +32 MiB$", value)
    assert (shown(1234.5), shown(12.345), shown(0.01234)) == ("1,234", "12.3", "0.0123")
    assert (duration(2.0), duration(0.0025), duration(2e-6)) == ("2.00 s", "2.50 ms", "2.00 µs")


def test_json(results):
    held = json.loads(json.dumps(as_dict(results), allow_nan=False))
    assert held["format"] == 1
    assert held["machine"]["cores"] >= 1
    assert held["load_average"] == {"least": 0.25, "most": 1.5}
    contenders = {c["contender"]: c for c in held["works"]["recipe"]["contenders"]}
    assert contenders["replayed"]["median"] == pytest.approx(20.0)
    assert contenders["replayed"]["first_call_s"] == 1.5
    assert contenders["replayed"]["block_medians"] == pytest.approx([20.0, 40.0, 16.0])
    assert contenders["tape"]["trouble"] == "it has no tape"
    assert contenders["tape"]["median"] is None
    assert [mark["met"] for mark in held["marks"] if mark["target"] == 25] == [True]


def test_bars(results):
    groups = bars(results)
    assert [len(rows) for _, rows in groups] == [5, 1, 2]
    picture = standalone(benchmark_bars(groups, "a < b"))
    root = ElementTree.parse(io.StringIO(picture)).getroot()
    assert root.get("aria-label") == "a < b"
    said = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert "100,000 µs" in said
    widths = {float(e.get("width")) for e in root.iter() if e.get("height") == "16"}
    assert len(widths) > 5
    for wrong in ([], [("x", [("a", 0.0, "0", True)])], [("x", [("a", float("inf"), "", True)])]):
        with pytest.raises(ShapeError, match="above 0"):
            benchmark_bars(wrong)


def test_bars_grow_by_powers_of_ten():
    assert [_power(power) for power in (-1, 0, 3, 6)] == ["0.1", "1", "1,000", "1,000,000"]
    rows = [("a", 1.0, "1", True), ("b", 10.0, "10", True), ("c", 1000.0, "1,000", False)]
    drawing = benchmark_bars([("x", rows)])
    shapes = [shape for shape in drawing.parts[-1][2] if type(shape).__name__ == "Rect"]
    assert shapes[2].width == pytest.approx(3 * shapes[1].width)
    assert [shape.fill for shape in shapes] == ["blue", "blue", "line"]


def scaled(times, roofs=True):
    """The work "scaling" with one time for each batch size, in seconds."""
    found = Results()
    contender = Contender("replayed", "replayed", 1)
    for size, seconds in times.items():
        found.measurements.append(Measurement(WORKS["scaling"], contender, f"batch {size}",
                                              [[seconds]]))  # fmt: skip
    for roof in scaling.ROOFS if roofs else ():
        unit = {"unit": "GFLOP/s" if roof == "computing" else "GB/s"}
        found.measurements.append(
            Measurement(WORKS["scaling"], contender, roof, [[1.0]], 1e10, about=unit)
        )
    return found


def test_scaling_finds_cliffs_and_roofs():
    rows = scaling.rows(scaled({1: 0.010, 2: 0.019, 4: 0.080}))
    assert [row.cliff for row in rows] == [False, False, True]
    point = rows[0].point
    assert rows[0].reached == pytest.approx(point.operations / 0.010 / 1e9)
    assert rows[0].roof == pytest.approx(min(10.0, 10.0 * point.intensity))
    assert [row.roof for row in scaling.rows(scaled({1: 0.01}, roofs=False))] == [None]
    table = list(_scaling(scaled({1: 0.010, 2: 0.019, 4: 0.080})))
    assert [line.split()[:3] for line in table[-5:-2]] == [
        ["batch", "1", "10.0"], ["batch", "2", "19.0"], ["batch", "4", "80.0"]
    ]  # fmt: skip
    assert [line.endswith("a cliff") for line in table[-5:-2]] == [False, False, True]
    assert table[-2:] == [
        "  reading memory: at most 10.0 GB/s", "  computing: at most 10.0 GFLOP/s"
    ]  # fmt: skip


def test_operations_and_bytes_of_a_step():
    point = next(p for p in scaling.points() if p.name == "batch 8")
    tokens, weights = 8 * 64, 4 * 12 * 128**2 + 65 * 128
    attention = 4 * 2 * 64 * 128
    assert point.operations == 3 * tokens * (2 * weights + attention)
    untied = GPTConfig.microgpt()
    assert scaling.bytes_for_a_token(untied) == 4 * (4192 - 15 * 16 - 26 * 16)
    assert {p.axis for p in scaling.points()} == {"batch", "context", "width"}
    assert len(scaling.points(quick=True)) < len(scaling.points())


def test_contenders_that_do_not_fit_in_memory_go_one_by_one(monkeypatch):
    bench = Bench(["gpt2"], ["numpy", "replayed"], quick=True)
    work, found = bench.plan[0]
    monkeypatch.setattr(machine_info, "free_memory", lambda: 2**40)
    assert bench._groups(work, found) == [found]
    monkeypatch.setattr(machine_info, "free_memory", lambda: 4 * 2**30)
    assert bench._groups(work, found) == [[contender] for contender in found]
    assert "one after the other" in bench.results.notes[-1]


def test_libraries_that_are_not_there():
    assert library_versions(sys.executable, ["numpy"])["numpy"]
    with pytest.raises(BackendUnavailable, match="pip install no-such-library"):
        library_versions(sys.executable, ["no-such-library"])
    with pytest.raises(BackendUnavailable, match="not a Python that can be started"):
        library_versions("/nowhere/python", ["numpy"])


WRONG = [
    (["--works", "recipe,poems"], "there is no work 'poems'; known: recipe, batch"),
    (["--contenders", "abacus"], "there is no contender 'abacus'; known: value, tape"),
    (["--peers", "theano"], "there is no peer 'theano'; known: torch, jax"),
    (["--peers", "torch", "--peer-python", "/nowhere/python"], "/nowhere/python is not a Python"),
    (["--rounds", "0"], "rounds must be 1 or above; got 0"),
    (["--works", "char", "--contenders", "value"], "none of the chosen contenders takes part"),
    (["--backend", "numpy"], "choose among them with --contenders"),
    (["--check"], "--check compares with peers"),
    (["--check", "--peers", "jax", "--peer-python", "/nowhere/python"], "cannot be started"),
    (["--json", "."], ". is a folder; name a file"),
    (["--corpus", "nmaes", "--works", "recipe"], "corpora: 'names-mini'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda part: str(part)[:30])
def test_wrong_input_is_one_sentence(options, message, capsys):
    assert main(["bench", *options]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("microgpt: ")
    assert message in said
    assert "\n" not in said


def test_a_run_from_end_to_end(tmp_path, capsys):
    files = ["--json", str(tmp_path / "made" / "b.json"), "--svg", str(tmp_path / "b.svg")]
    assert main(["bench", "--works", "recipe", "--quick", "--corpus", "names-mini", "--rounds", "2",
                 "--contenders", "value,numpy,replayed", "--marks", *files]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert "not measured: " not in said.partition("Marks.")[0]
    assert "× as fast as Value." in said
    held = json.loads((tmp_path / "made" / "b.json").read_text("utf-8"))
    contenders = {c["contender"]: c for c in held["works"]["recipe"]["contenders"]}
    assert contenders["value"]["median"] > contenders["replayed"]["median"] > 0
    assert contenders["value"]["best"] <= contenders["value"]["median"]
    assert contenders["replayed"]["about"]["numba"]
    assert {len(c["block_medians"]) for c in contenders.values()} == {2}
    assert ElementTree.parse(tmp_path / "b.svg").getroot().tag.endswith("svg")
    assert not list(tmp_path.glob(".*"))


# A peer that trains by our own code, at a learning rate `factor` times the one asked for.
PEER = """
import sys
sys.path.insert(0, {peers!r})
from microgpt.benchmark.ours.arrays import train
from serving import serve

def prepare(task):
    task["optimizer"]["lr"] *= {factor}
    return train(task | {{"backend": "numpy"}})

serve(prepare)
"""


@pytest.fixture
def peer(tmp_path, monkeypatch):
    """A stand-in for PyTorch; called with the factor of its learning rate."""

    def write(factor):
        script = PEER.format(peers=str(peers), factor=factor)
        (tmp_path / "torch_peer.py").write_text(script)

    peers = processes.PEERS
    monkeypatch.setattr(processes, "PEERS", tmp_path)
    monkeypatch.setattr(runner, "library_versions", lambda python, names: {"torch": "0.0"})
    return write


def test_peers_are_compared_with(peer):
    peer(1.0)
    bench = Bench(["batch"], ["numpy", "torch-eager-1"], ("torch",), sys.executable, 2, quick=True)
    moments = list(bench)
    assert [moment.done for moment in moments] == list(range(1, len(bench) + 1))
    assert len(bench) == 2 * 3
    assert moments[0].text == "batch: numpy gets ready"
    assert bench.results.best_peer("batch").contender.words == "PyTorch eager, 1 thread"
    assert bench.results.machine["peers"] == {"torch": "0.0"}
    assert not [m.trouble for m in bench.results.measurements if m.trouble]


@pytest.mark.parametrize(("factor", "equal"), [(1.0, True), (1.01, False)])
def test_peers_are_checked(peer, factor, equal, capsys):
    peer(factor)
    found = list(parity_check.compare(("torch",), sys.executable))
    assert [what for what, _, _ in found if "later" not in what] == [
        "torch on a small microgpt", "torch on a small char", "torch on a small gpt2"
    ]  # fmt: skip
    untrained = [(ours, theirs) for what, ours, theirs in found if "later" not in what]
    assert all(ours == theirs for ours, theirs in untrained)
    status = main(["bench", "--check", "--peers", "torch", "--peer-python", sys.executable])
    assert status == (0 if equal else 1)
    assert ("NOT equal" in capsys.readouterr().out) is not equal


def test_one_contender_in_trouble_does_not_stop_the_others(monkeypatch):
    broken = ("a back end", {"engine": "tensor", "backend": "abacus"})
    monkeypatch.setitem(LADDER, "numba", broken)
    bench = Bench(["batch", "start"], ["numpy", "numba"], rounds=1, quick=True)
    assert len(list(bench)) == len(bench) == 8
    said = text(bench.results)
    assert said.count("not measured: a back end: BackendUnavailable: there is no back end") == 2
    start = bench.results.find("start", "numpy")
    assert 0.01 < start.best < 100
    assert bench.results.find("batch", "numpy").blocks


def test_leaving_early_ends_the_processes(monkeypatch):
    started = []
    before = Process.__init__

    def remember(self, *arguments, **named):
        before(self, *arguments, **named)
        started.append(self.child)

    monkeypatch.setattr(Process, "__init__", remember)
    going = iter(Bench(["batch"], ["numpy"], rounds=1, quick=True))
    next(going)
    next(going)
    going.close()
    assert len(started) == 1
    assert started[0].poll() is not None


def test_bad_rounds():
    with pytest.raises(SettingError, match="rounds must be"):
        Bench(rounds=0)
