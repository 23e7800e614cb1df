"""The commands, with right and wrong input: one sentence and a status, never a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import microgpt as mg
from microgpt import checkpoints
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
    for part in ("6,632 lines", "4,192 parameters", "on numpy", "validation loss", "samples: '"):
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
    assert (
        main(["sample", str(trained), "--top-p", "0.9", "--min-p", "0.05", "--max-new-tokens", "3"])
        == 0
    )
    assert all(len(name) <= 3 for name in capsys.readouterr().out.splitlines())


def test_a_stream_is_the_same_texts(trained, capsys):
    command = ["sample", str(trained), "--prompt", "an", "--prompt", "b", "-n", "3"]
    assert main([*command, "--backend", "numpy"]) == 0
    texts = capsys.readouterr().out
    assert [text[0] for text in texts.splitlines()] == ["a", "b"] * 3
    assert main([*command, "--backend", "numpy", "--stream"]) == 0
    assert capsys.readouterr().out == texts


def test_of_a_long_prompt_the_end_is_read(trained, capsys):
    prompt = "annabellabethcelinedora"  # 24 tokens with the beginning mark
    assert main(["sample", str(trained), "--prompt", prompt, "-n", "1"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(prompt)
    assert "note: the prompt has 24 tokens, the model's block 16; it reads the last 15" in said.err


def test_token_ids_need_no_tokenizer(tmp_path, capsys):
    model = mg.GPT(mg.GPTConfig(vocab_size=5, init_std=0.5))
    command = ["sample", str(checkpoints.save(tmp_path, model)), "--max-new-tokens", "4", "-n", "2"]
    assert main([*command, "--tokens", "1,2,3", "--tokens", "4"]) == 0
    rows = [[int(i) for i in line.split(",")] for line in capsys.readouterr().out.splitlines()]
    prompts = [[1, 2, 3], [4]] * 2
    expected = [[*p, *mg.generate(model, p, 4, seed=i)] for i, p in enumerate(prompts)]
    assert rows == expected
    assert main([*command, "--tokens", "1 2 3", "--stream"]) == 0
    assert capsys.readouterr().out.startswith("1,2,3,")


def test_what_a_terminal_would_obey_is_shown(tmp_path, capsys):
    tokenizer = mg.tokenizers.CharTokenizer("\x1b\r\x9b\x07é\n\t")
    model = mg.GPT(mg.GPTConfig(vocab_size=8), seed=1)
    checkpoints.save(tmp_path, model, tokenizer)
    for stream in ([], ["--stream"]):
        assert main(["sample", str(tmp_path), "-n", "30", "--prompt", "\x1b", *stream]) == 0
        printed = capsys.readouterr().out
        assert set("\x1b\r\x9b\x07").isdisjoint(printed)
        assert all(shown in printed for shown in ("\\x1b", "\\x0d", "\\x9b", "\\x07", "é", "\t"))
        assert "\n---\n" in printed  # after a text of several lines


def test_a_model_that_reads_much_writes_one_text(tmp_path, capsys):
    config = mg.GPTConfig(vocab_size=3, block_size=300, n_embd=4, n_head=1)
    path = checkpoints.save(tmp_path, mg.GPT(config), mg.tokenizers.CharTokenizer("ab", bos=True))
    assert main(["sample", str(path), "--ignore-eos"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["sample", str(path), "--tokens", "0", "--ignore-eos"]) == 0
    assert len(capsys.readouterr().out.split(",")) == 1 + 200


def test_greedy_from_a_file_of_hugging_face(fixtures, capsys):
    with np.load(fixtures / "hf/tiny/expected.npz") as expected:
        greedy = expected["greedy"].ravel().tolist()
    start = ",".join(map(str, greedy[:5]))  # the prompt had five
    command = ["sample", str(fixtures / "hf/tiny"), "--tokens", start, "--temperature", "0"]
    assert main([*command, "-n", "1", "--max-new-tokens", str(len(greedy) - 5)]) == 0
    assert capsys.readouterr().out.strip() == ",".join(map(str, greedy))


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


def enable_interrupts():
    """Processes that are started in the background ignore Ctrl-C, and so do their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


WRONG = [
    (["train", "--corpus", "nmaes"], "--corpus must be a text file, or one of names-mini, "),
    (["train", "--preset", "gtp"], "--preset must be one of microgpt, char, "),
    (["train", "--n-embd", "10"], "--n-embd must be a multiple of --n-head 4; got 10"),
    (["train", "--steps", "0"], "--steps must be"),
    (["train", "--lr", "nan"], "--lr must be above 0"),
    (["train", "--backend", "gpu"], "known: 'numpy', 'numba'"),
    (["train", "--val-fraction", "1"], "--val-fraction must be at least 0 and below 1; got 1.0"),
    (["sample", "/nowhere"], "source must be a checkpoint's path, or one of names, story"),
    (
        ["train", "--n-embd", "9" * 24],
        "--n-embd must be an integer from 1 to 9,223,372,036,854,775,807",
    ),
    (
        ["sample", "{run}", "--temperature", "-1"],
        "--temperature must be at least 0 and finite; got -1.0",
    ),
    (["sample", "{run}", "--top-k", "0"], "--top-k must be"),
    (["sample", "{run}", "--top-k", "99"], "vocabulary's 27; got 99"),
    (
        ["sample", "{run}", "--top-p", "1.5"],
        "--top-p must be above 0 and at most 1; got 1.5",
    ),
    (["sample", "{run}", "--min-p", "2"], "--min-p must be at least 0 and at most 1; got 2.0"),
    (["sample", "{run}", "--prompt", "José"], "has no 'J' (character 1 of 'José')"),
    (
        ["sample", "{run}", "--prompt", "a", "--tokens", "1"],
        "--prompt and --tokens must be given one without the other",
    ),
    (["sample", "{run}", "--tokens", "1,x"], "--tokens must be ids such as 1,2,3; got 1,x"),
    (["sample", "{run}", "--tokens", "1,99"], "from 0 to 26; got 99 at place 1"),
    (["sample", "{run}", "--tokens", ","], "--tokens must be ids such as 1,2,3; got ,"),
    (["sample", "{run}", "--max-new-tokens", "0"], "--max-new-tokens must be a positive integer"),
    (["sample", "{mute}"], "or give token ids as --tokens 1,2,3"),
    (["sample", "{run}", "--seed", "-1"], "--seed must be an integer from 0 to"),
    (["sample", "{run}", "-n", "0"], "--num-samples must be a positive integer; got 0"),
    (["sample", "{broken}"], "broken.safetensors is not a whole safetensors file"),
]


@pytest.mark.parametrize(("command", "message"), WRONG, ids=lambda part: str(part)[:40])
def test_wrong_input_is_one_sentence(trained, tmp_path, capsys, command, message):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes((trained / "model.safetensors").read_bytes()[:500])
    mute = checkpoints.save(tmp_path / "mute", mg.GPT(mg.GPTConfig(vocab_size=5)))
    places = {"{run}": str(trained), "{broken}": str(broken), "{mute}": str(mute)}
    status = main([*(places.get(part, part) for part in command)])
    said = capsys.readouterr().err.strip()
    assert status == 1
    assert said.startswith("microgpt: ")
    assert message in said
    assert "\n" not in said
    assert "Traceback" not in said


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
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, preexec_fn=enable_interrupts,
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


SMALL = ["--n-layer", "1", "--n-head", "2", "--n-embd", "8", "--block-size", "8"]
STORY = ["train", "--backend", "numpy", "--corpus", "story", "--preset", "gpt2-small-char", *SMALL]


def losses(folder):
    """The losses in a run's folder, and its weights."""
    with checkpoints.open_safetensors(folder / "training.safetensors") as arrays:
        found = arrays.read("history.loss", "float64").tolist()
    return found, mg.load(folder, "numpy").model.state_dict()


def test_train_with_everything(tmp_path, capsys):
    out, picture = tmp_path / "run", tmp_path / "pictures" / "loss.svg"
    options = [
        "--tokenizer", "bpe:300", "--optimizer", "adamw", "--weight-decay", "0.2", "--dropout",
        "0.1", "--grad-accum-steps", "2", "--batch-size", "4", "--stride", "64", "--epochs", "2",
        "--lr-schedule", "cosine", "--warmup-steps", "2", "--min-lr", "0.001", "--lr", "0.01", "--grad-clip",
        "0.5", "--eval-every", "3", "--eval-batches", "2", "--sample-every", "5", "--sample-prompt",
        "The", "--num-samples", "1", "--sample-max-new-tokens", "5", "--save-every", "4", "--plot",
        str(picture), "--out", str(out), "--seed", "3", "--no-qkv-bias",
    ]  # fmt: skip
    assert main([*STORY, *options]) == 0
    text = capsys.readouterr().out
    for part in (
        "vocabulary 300", "step 3, epoch 0.", "tokens seen: training loss", "validation loss", "perplexity",
        "step 5, sample: 'The", f"plot: {picture}", "lowest validation loss", "settings: steps",
        "optimizer adamw",
    ):  # fmt: skip
        assert part in text, part
    assert sorted(os.listdir(out)) == [
        "best.safetensors", "model.safetensors", "training.safetensors"
    ]  # fmt: skip
    assert picture.read_bytes().startswith(b"<?xml")
    checkpoint = mg.load(out)
    config, notes = checkpoint.model.config, checkpoint.metadata
    assert (config.dropout, config.qkv_bias, config.n_embd) == (0.1, False, 8)
    assert notes["steps_done"] == notes["steps"]
    assert notes["optimizer"] == "adamw"
    assert checkpoint.tokenizer.vocab_size == 300


def test_a_run_is_resumed_as_if_it_had_not_stopped(tmp_path, capsys):
    options = [
        "--lr-schedule",
        "constant",
        "--warmup-steps",
        "2",
        "--dropout",
        "0.2",
        "--eval-every",
        "4",
    ]
    straight = [*STORY, "--steps", "12", *options, "--out", str(tmp_path / "straight")]
    assert main(straight) == 0
    assert main([*STORY, "--steps", "5", *options, "--out", str(tmp_path / "part")]) == 0
    capsys.readouterr()
    again = ["train", "--backend", "numpy", "--resume", str(tmp_path / "part"), "--steps", "12"]
    assert main(again) == 0
    text = capsys.readouterr().out
    assert "resumed after 5 of 12 steps" in text
    assert "is kept as" not in text
    (expected, weights), (found, others) = losses(tmp_path / "straight"), losses(tmp_path / "part")
    assert found == expected
    for name, weight in weights.items():
        assert (others[name] == weight).all()


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_an_interrupted_run_is_resumed(tmp_path):
    command = [sys.executable, "-m", "microgpt", *STORY, "--steps", "200000", "--lr-schedule",
               "constant", "--out", "run", "--num-samples", "0"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, preexec_fn=enable_interrupts,
    )  # fmt: skip
    assert process.stdout is not None
    while "settings" not in process.stdout.readline():
        pass
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    done = len(losses(tmp_path / "run")[0])
    assert done > 1
    steps = ["--steps", str(done + 10)]
    assert main(["train", "--backend", "numpy", "--resume", str(tmp_path / "run"), *steps]) == 0
    straight = [
        *STORY,
        *steps,
        "--warmup-steps",
        "100",
        "--lr-schedule",
        "constant",
        "--num-samples",
        "0",
    ]
    assert main([*straight, "--out", str(tmp_path / "straight")]) == 0
    (found, _), (expected, _) = losses(tmp_path / "run"), losses(tmp_path / "straight")
    assert found == expected


def test_train_on_a_folder_of_shards(tmp_path, capsys):
    folder, out = tmp_path / "tokens", tmp_path / "run"
    tokenize = ["tokenize", "story", str(folder), "--tokenizer", "bpe:300", "--val-tokens", "500"]
    assert main(tokenize) == 0
    command = ["train", "--backend", "numpy", "--corpus", str(folder), "--preset", "gpt2-small"]
    assert main([*command, *SMALL, "--steps", "6", "--eval-every", "3", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "Shards(" in text
    assert "validation loss" in text
    again = ["train", "--backend", "numpy", "--resume", str(out), "--steps", "8"]
    assert main(again) == 0
    assert len(losses(out)[0]) == 8
    (folder / "val.bin").unlink()
    (folder / "tokenizer.json").write_text("[]")
    assert main([*command, *SMALL, "--out", str(out)]) == 1
    assert "tokenizer.json describes no tokenizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tokenizer", "gpt2"], "--tokenizer must be left out for a folder whose tokenizer.json"),
        (["--format", "text"], "--format must be left out for token shards; got text"),
        (
            ["--val-fraction", "0.1"],
            "--val-fraction must be left out for a folder with validation shards; got 0.1",
        ),
    ],
)
def test_what_a_folder_of_shards_says_itself(tmp_path, capsys, options, message):
    folder = str(tmp_path / "shards")
    assert main(["tokenize", "story", folder, "--tokenizer", "bpe:300", "--val-tokens", "99"]) == 0
    capsys.readouterr()
    assert main(["train", "--corpus", folder, "--out", str(tmp_path / "run"), *options]) == 1
    assert message in capsys.readouterr().err


def test_a_damaged_shard_is_found_before_training(tmp_path, capsys):
    folder = tmp_path / "shards"
    assert main(["tokenize", "story", str(folder), "--tokenizer", "bpe:300",
                 "--val-tokens", "99"]) == 0  # fmt: skip
    shard = np.fromfile(folder / "train.bin", "<u2")
    shard[-5] = 60_000
    shard.tofile(folder / "train.bin")
    capsys.readouterr()
    assert main(["train", "--corpus", str(folder), "--out", str(tmp_path / "run")]) == 1
    said = capsys.readouterr()
    assert "is 60,000, but the vocabulary has 300 tokens" in said.err
    assert "GPT(" not in said.out


def test_a_prompt_is_looked_at_before_training(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--steps", "2", "--sample-prompt", "€", "--out", str(out)]) == 1
    assert "has no '€'" in capsys.readouterr().err
    assert not (out / "model.safetensors").exists()


def test_a_finished_run_says_so(trained, capsys):
    assert main(["train", "--resume", str(trained)]) == 0
    assert "this run is finished; to go on, give --steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--steps", "3", "--epochs", "2"],
            "--steps and --epochs must be given one without the other",
        ),
        (["--tokenizer", "words"], "--tokenizer must be 'char', 'gpt2'"),
        (["--patience", "2"], "--eval-every must be above 0 with --patience 2"),
        (["--dropout", "1"], "--dropout must be at least 0 and below 1; got 1.0"),
        (["--optimizer", "sgd"], "--optimizer must be one of adam, adamw; got sgd"),
        (["--weight-decay", "0.1"], "set --optimizer adamw"),
        (
            ["--plot", "loss.gif"],
            "--plot must be a file name that ends in .png, .svg, .pdf; got loss.gif",
        ),
        (["--save-every", "0"], "--save-every must be a positive integer; got 0"),
        (["--resume", "nowhere"], "no training to resume at"),
        (["--resume", "nowhere", "--preset", "char"], "--preset must be left out with --resume"),
        (["--corpus", "{empty}"], "is a folder without a file named like *train*.bin"),
        (["--stride", "4"], "leave --stride out, or read the corpus with --format text"),
    ],
    ids=lambda part: str(part)[:40],
)
def test_wrong_settings_are_one_sentence(tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    options = [str(tmp_path) if part == "{empty}" else part for part in options]
    assert main(["train", "--backend", "numpy", *options]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("microgpt: ")
    assert message in said
    assert "\n" not in said
    assert os.listdir(tmp_path) == []


def test_the_help_is_in_groups(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out
    for group in (
        "data",
        "model (in place",
        "optimization (in place",
        "evaluation and samples",
        "files",
    ):
        assert f"\n{group}" in text


def test_recipes_are_settings():
    from microgpt.cli.train_defaults import PRESET_DEFAULTS, defaults
    from microgpt.cli.train_options import MODEL_FIELDS, TRAIN_FIELDS
    from microgpt.config import PRESETS

    assert set(PRESET_DEFAULTS) == set(PRESETS)
    for preset in PRESETS:
        assert set(defaults(preset, "the-verdict", None)) <= {
            *MODEL_FIELDS,
            *TRAIN_FIELDS,
            "tokenizer",
        }
    verdict = defaults("gpt2-124M", "the-verdict", None)
    assert (verdict["epochs"], verdict["lr"], verdict["weight_decay"]) == (10, 4e-4, 0.1)
    assert (verdict["dropout"], verdict["qkv_bias"], verdict["block_size"]) == (0.1, False, 256)
    assert "epochs" not in defaults("gpt2-124M", "tinyshakespeare", None)
    assert defaults("microgpt", "the-verdict", None) == defaults("microgpt", "names", None)


def test_warmup(capsys):
    assert main(["warmup", "--backend", "numpy"]) == 0
    assert "ready" in capsys.readouterr().out


NAMES = ("model.safetensors", "training.safetensors", "best.safetensors")


def contents(folder, prefix=""):
    """The files of a run."""
    files = {name: folder / f"{prefix}{name}" for name in NAMES}
    return {name: file.read_bytes() for name, file in files.items() if file.exists()}


def test_a_run_that_was_there_is_kept_whole(tmp_path, capsys):
    out = tmp_path / "run"
    command = [*STORY, "--steps", "2", "--num-samples", "1", "--out", str(out)]
    assert main([*command, "--eval-every", "1"]) == 0
    first = contents(out)
    assert set(first) == set(NAMES)
    assert "is kept as" not in capsys.readouterr().out
    assert main([*command, "--eval-every", "1", "--seed", "7"]) == 0
    said = capsys.readouterr().out
    assert contents(out, "before-") == first
    second = contents(out)
    assert all(second[name] != first[name] for name in NAMES)
    assert len(os.listdir(out)) == 6
    assert f"is kept as {', '.join(f'before-{name}' for name in NAMES)} in {out}\n" in said
    assert f"its weights: {out / 'best.safetensors'}" in said
    assert main([*command, "--seed", "8"]) == 0
    assert f"in {out}, in place of an older one" in capsys.readouterr().out
    assert contents(out, "before-") == second
    third = contents(out)
    assert set(third) == set(NAMES[:2])  # it has no best, and the other's is not left to it
    assert main([*command, "--seed", "9"]) == 0
    assert contents(out, "before-") == third  # nothing of two runs


def test_what_is_there_stays_until_a_run_is_saved(tmp_path, capsys, monkeypatch):
    from microgpt.training import Trainer

    out = tmp_path / "run"
    command = [*STORY, "--steps", "4", "--num-samples", "1", "--eval-every", "1", "--out", str(out)]
    assert main(command) == 0
    first = contents(out)

    def broken(*_):
        raise mg.NotWritable("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(Trainer, "__next__", broken)
        assert main([*command, "--seed", "7"]) == 1
    assert contents(out) == first
    step, seen = Trainer.__next__, []

    def looking(trainer):
        seen.append(contents(out) == first and not contents(out, "before-"))
        return step(trainer)

    monkeypatch.setattr(Trainer, "__next__", looking)
    assert main([*command, "--seed", "7"]) == 0
    assert seen == [True] * 5
    assert contents(out, "before-") == first
    assert sorted(os.listdir(out)) == sorted([*NAMES, *(f"before-{name}" for name in NAMES)])


@pytest.mark.parametrize("there", [False, True])
def test_a_run_is_resumed_into_another_folder(tmp_path, capsys, there):
    run, other = tmp_path / "run", tmp_path / "other"
    command = [*STORY, "--num-samples", "1", "--warmup-steps", "0"]
    assert main([*command, "--steps", "6", "--eval-every", "2", "--out", str(run)]) == 0
    if there:
        assert main([*command, "--steps", "2", "--seed", "7", "--out", str(other)]) == 0
    before, theirs = contents(run), contents(other)
    again = ["train", "--backend", "numpy", "--resume", str(run), "--steps", "7", "--lr", "5",
             "--min-lr", "4", "--eval-every", "100"]  # fmt: skip
    capsys.readouterr()
    assert main([*again, "--out", str(other)]) == 0
    said = capsys.readouterr().out
    assert contents(run) == before
    assert contents(other, "before-") == theirs
    assert ("is kept as" in said) == there
    kept = other / "best.safetensors"
    assert f"its weights: {kept}" in said
    assert kept.read_bytes() == before["best.safetensors"]
    best = mg.load(kept, "numpy").metadata["steps_done"]
    assert f"after step {best}; its weights" in said


def test_a_best_that_is_nowhere_is_not_named(tmp_path, capsys):
    command = [*STORY, "--num-samples", "1", "--steps", "2", "--out", str(tmp_path)]
    assert main([*command, "--eval-every", "1"]) == 0
    (tmp_path / "best.safetensors").unlink()
    capsys.readouterr()
    again = ["train", "--backend", "numpy", "--resume", str(tmp_path)]
    assert main(again) == 0
    said = capsys.readouterr().out
    assert "lowest validation loss" in said
    assert "its weights" not in said


def test_the_lowest_loss_may_be_the_last(tmp_path, capsys):
    command = [*STORY, "--num-samples", "1", "--warmup-steps", "0", "--eval-every", "4", "--eval-batches",
               "3", "--out", str(tmp_path)]  # fmt: skip
    assert main([*command, "--steps", "11", "--lr", "0.01"]) == 0
    said = capsys.readouterr().out
    assert "after step 11; its weights" in said
    (last,) = (line for line in said.splitlines() if line.startswith("validation loss"))
    assert f"lowest validation loss: {last.removeprefix('validation loss: ')}" in said
    best = mg.load(tmp_path / "best.safetensors", "numpy")
    assert best.metadata["steps_done"] == 11
    again = ["train", "--backend", "numpy", "--resume", str(tmp_path), "--num-samples", "1"]
    assert main(again) == 0  # which knows it
    assert "after step 11; its weights" in capsys.readouterr().out
    assert main([*again, "--steps", "12", "--lr", "5", "--min-lr", "4"]) == 0
    assert "after step 11; its weights" in capsys.readouterr().out
    assert mg.load(tmp_path / "best.safetensors", "numpy").metadata["steps_done"] == 11


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run of a text file with GPT-2's recipe."""
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "story.txt").write_text(mg.load_corpus("story")[0])
    command = ["train", "--corpus", str(folder / "story.txt"), "--format",
               "text", "--preset", "gpt2-small-char", *SMALL]  # fmt: skip
    options = [
        "--steps",
        "5",
        "--warmup-steps",
        "3",
        "--num-samples",
        "1",
        "--out",
        str(folder / "run"),
    ]
    assert main([*command, *options]) == 0
    return folder


def test_a_changed_run_is_checked_as_a_new_one(stopped, tmp_path, capsys):
    command = ["train", "--backend", "numpy", "--resume", str(stopped / "run")]
    out = ["--out", str(tmp_path / "out")]
    assert main([*command, "--steps", "6", "--epochs", "2"]) == 1
    assert "--steps and --epochs must be given one without the other" in capsys.readouterr().err
    for option in ("--seed", "--grad-accum-steps", "--batch-size"):
        assert main([*command, option, "7"]) == 1
        assert f"microgpt: {option} must be " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*command, *out, "--steps", "6", "--lr", "5e-5"]) == 0  # below the recipe's min_lr
    notes = mg.load(tmp_path / "out").metadata
    assert (notes["lr"], notes["min_lr"], notes["warmup_steps"]) == (5e-5, 5e-6, 3)
    assert main([*command, *out, "--steps", "6", "--optimizer", "adam"]) == 0
    assert mg.load(tmp_path / "out").metadata["weight_decay"] is None
    assert main([*command, *out, "--steps", "6", "--lr-schedule", "constant"]) == 0
    assert mg.load(tmp_path / "out").metadata["min_lr"] == 0


def test_a_corpus_that_has_moved_is_remembered(stopped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    moved = tmp_path / "moved.txt"
    moved.write_text((stopped / "story.txt").read_text())
    command = ["train", "--backend", "numpy", "--out", "run", "--num-samples", "1"]
    assert main([*command, "--resume", str(stopped / "run"), "--corpus", "moved.txt"]) == 0
    assert mg.load("run").metadata["source"] == str(moved)
    assert mg.load(stopped / "run").metadata["source"] == str(stopped / "story.txt")


def test_the_models_inside_can_be_sampled(capsys):
    assert main(["sample", "names", "-n", "3", "--backend", "numpy"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_interrupt_while_compiling_ends_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-m", "microgpt", "warmup", "--backend", "numba"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=enable_interrupts,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert "compiling kernel" in process.stdout.readline()
        assert "compiling kernel" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "microgpt: interrupted"
