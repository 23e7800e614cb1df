"""The commands, with right and wrong input: one sentence and a status, never a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from microgpt.cli import main


@pytest.fixture(autouse=True)
def restored():
    from microgpt import backends

    before = backends.current().name
    yield
    backends.use(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "names"
    assert main(["train", "--steps", "300", "--out", str(folder)]) == 0
    return folder


def test_train_says_what_it_did(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--corpus", "names-mini", "--preset", "microgpt", "--steps", "40",
                 "--backend", "numpy", "--out", str(out)]) == 0  # fmt: skip
    text = capsys.readouterr().out
    for part in ("6,632 lines", "4,192 parameters", "on numpy", "held-out loss", "samples: '"):
        assert part in text
    assert (out / "model.safetensors").is_file()
    assert f"saved: {out / 'model.safetensors'}" in text


def test_sample(trained, capsys):
    command = ["sample", str(trained), "--temperature", "0.5", "--top-k", "5", "--prompt", "an",
               "-n", "20", "--seed", "1"]  # fmt: skip
    assert main(command) == 0
    names = capsys.readouterr().out.splitlines()
    assert len(names) == 20
    assert all(name.startswith("an") for name in names)
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines() == names
    assert main(["sample", str(trained), "--top-p", "0.9", "--min-p", "0.05", "--length", "3"]) == 0
    assert all(len(name) <= 3 for name in capsys.readouterr().out.splitlines())


def test_reference(data, monkeypatch, capsys):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    assert main(["reference", "--steps", "3"]) == 0
    assert "step    0  loss 3.36596694758485" in capsys.readouterr().out
    assert main(["reference", "--steps", "3", "--engine", "value"]) == 0
    assert "step    1  loss 3.4242727838717717" in capsys.readouterr().out


def test_own_file(tmp_path, capsys):
    file = tmp_path / "mine.txt"
    file.write_text("anna\nbo\nceline\n" * 3)
    options = ["--n-embd", "8", "--n-head", "2", "--block-size", "5", "--batch-size", "2"]
    command = ["train", "--corpus", str(file), "--steps", "5", "--out", str(tmp_path / "r")]
    assert main([*command, *options]) == 0
    said = capsys.readouterr()
    assert said.err.count("microgpt: note: 1 of 2 documents are longer than the block's 5") == 1


def hear_interrupts():
    """Tests that run in the background inherit deaf ears for Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


WRONG = [
    (["train", "--corpus", "nmaes"], "corpora: 'names-mini'"),
    (["train", "--preset", "gtp"], "known: 'microgpt', 'char'"),
    (["train", "--n-embd", "10"], "divisible by n_head"),
    (["train", "--steps", "0"], "steps must be"),
    (["train", "--lr", "nan"], "lr must be above 0"),
    (["train", "--backend", "gpu"], "known: 'numpy', 'numba'"),
    (["train", "--held-out", "1"], "held_out"),
    (["sample", "/nowhere"], "no checkpoint at"),
    (["train", "--n-embd", "9" * 24], "must be below 2**63"),
    (["sample", "{run}", "--temperature", "-1"], "temperature must be 0"),
    (["sample", "{run}", "--top-k", "0"], "top_k must be"),
    (["sample", "{run}", "--top-k", "99"], "vocabulary's 27; got 99"),
    (["sample", "{run}", "--top-p", "1.5"], "top_p must be in"),
    (["sample", "{run}", "--min-p", "2"], "min_p must be in"),
    (["sample", "{run}", "--prompt", "José"], "has no 'J' (character 1 of 'José')"),
    (["sample", "{run}", "--prompt", "a" * 20], "1 to 16 tokens"),
    (["sample", "{run}", "--seed", "-1"], "seed must be a whole number"),
    (["sample", "{run}", "-n", "0"], "-n must be 1"),
    (["sample", "{broken}"], "is not a microgpt checkpoint"),
]


@pytest.mark.parametrize(("command", "message"), WRONG, ids=lambda part: str(part)[:40])
def test_wrong_input_is_one_sentence(trained, tmp_path, capsys, command, message):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes((trained / "model.safetensors").read_bytes()[:500])
    places = {"{run}": str(trained), "{broken}": str(broken)}
    status = main([*(places.get(part, part) for part in command)])
    said = capsys.readouterr().err.strip()
    assert status == 1
    assert said.startswith("microgpt: ")
    assert message in said
    assert "\n" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [[], ["fly"], ["train", "--steps", "many"], ["sample"]])
def test_wrong_words_show_the_usage(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 2
    assert "usage: microgpt" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written(trained, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["train", "--steps", "2", "--out", str(tmp_path / "file" / "run")]) == 1
    assert capsys.readouterr().err.strip().startswith("microgpt: ")


def test_the_installed_command_and_the_module(trained):
    command = Path(sys.executable).with_name("microgpt")
    for start in ([str(command)], [sys.executable, "-m", "microgpt"]):
        run = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True)
        assert run.stdout.startswith("microgpt-lab 0.")
    run = subprocess.run(
        f"{command} sample {trained} -n 2000 | head -1",
        shell=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.strip()
    assert "Traceback" not in run.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_an_interrupt_saves_what_there_is(tmp_path):
    command = [sys.executable, "-m", "microgpt", "train", "--steps", "1000000", "--out", "run",
               "--backend", "numpy"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, preexec_fn=hear_interrupts,
    )  # fmt: skip
    assert process.stdout is not None
    assert "Corpus" in process.stdout.readline()
    process.stdout.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted after" in said
    assert "Traceback" not in said
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_warmup(capsys):
    assert main(["warmup", "--backend", "numpy"]) == 0
    assert "ready" in capsys.readouterr().out


def test_a_model_that_was_there_is_kept(tmp_path, capsys):
    out = tmp_path / "run"
    command = ["train", "--steps", "2", "--backend", "numpy", "--out", str(out)]
    assert main(command) == 0
    first = (out / "model.safetensors").read_bytes()
    assert main([*command, "--seed", "7"]) == 0
    assert (out / "before-model.safetensors").read_bytes() == first
    assert "the model that was there is kept as" in capsys.readouterr().out


def test_the_models_inside_can_be_sampled(capsys):
    assert main(["sample", "names", "-n", "3", "--backend", "numpy"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_interrupt_while_compiling_ends_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-m", "microgpt", "warmup", "--backend", "numba"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear_interrupts,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert "compiling kernel" in process.stdout.readline()
        assert "compiling kernel" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "microgpt: interrupted"
