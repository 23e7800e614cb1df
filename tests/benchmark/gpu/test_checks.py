"""The stages that compare: what is right passes on the emulated device, what is wrong is found."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import microgpt as mg
from microgpt import backends
from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import threads
from microgpt.benchmark.gpu import instructions, machine, operations, replay, sanitizer
from microgpt.benchmark.gpu.operations import compare, relative_difference
from microgpt.benchmark.gpu.rows import NOTE, OK, WRONG
from microgpt.errors import DeviceError, MicrogptError

TINY = replace(mg.GPTConfig.microgpt(), vocab_size=5, block_size=4, n_embd=4, n_head=1)


def case(call):
    return SimpleNamespace(
        name="made up", call=call, sizes=(3,), inputs=lambda n: [np.linspace(1, 2, n)]
    )


def on_device():
    return backends.current().name == "cuda"


def test_the_machine_says_what_it_has(device, monkeypatch):
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    found = {row.name: row.text for row in machine.rows(is_emulated=True)}
    assert found["device"] == "the emulated device"
    assert found["numpy"] == np.__version__
    assert found["nvidia-smi"] == "not installed"


def test_nvidias_tool_is_read(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'A GPU, 580.1, 141 GB'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert dict(machine._nvidia_smi()) == {
        "name": "A GPU", "driver_version": "580.1", "memory.total": "141 GB"
    }  # fmt: skip
    tool.write_text("#!/bin/sh\nexit 4\n")
    ((name, text),) = machine._nvidia_smi()
    assert name == "nvidia-smi"
    assert text.startswith("failed: ")


def test_operations_give_numpys_numbers(device):
    found = list(operations.rows(is_emulated=True))
    assert {row.state for row in found} == {OK}
    assert len(found) == 2 * len(operations.FEW)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_operation_that_is_wrong_on_the_device_is_found(device, dtype):
    right = compare(case(lambda x: x * 2), (3,), dtype)
    assert (right.state, right.figures["difference"]) == (OK, 0.0)
    value = compare(case(lambda x: x * (2.001 if on_device() else 2)), (3,), dtype)
    assert value.state == WRONG
    assert value.figures["difference"] == pytest.approx(0.0005, rel=0.01)
    assert "is allowed" in value.text


def test_an_error_of_one_operation_is_its_row(device, monkeypatch):
    def fail(x):
        raise DeviceError("two\nlines")

    table = SimpleNamespace(BY_NAME=dict.fromkeys("ab", case(fail)) | {"c": case(abs)})
    monkeypatch.setattr(operations, "load_cases", lambda: table)
    found = list(operations.rows(is_emulated=False))
    assert [row.state for row in found] == [WRONG] * 4 + [OK] * 2
    assert (found[0].name, found[0].text) == ("a, float32", "DeviceError: two lines")


def test_a_device_that_fails_again_and_again_ends_the_stage(device, monkeypatch):
    def fail(x):
        raise DeviceError("lost")

    table = SimpleNamespace(BY_NAME=dict.fromkeys("abcdefgh", case(fail)))
    monkeypatch.setattr(operations, "load_cases", lambda: table)
    with pytest.raises(DeviceError, match="lost"):
        list(operations.rows(is_emulated=False))


def test_without_the_source_the_table_is_missed(monkeypatch, tmp_path):
    monkeypatch.setattr(operations, "TESTS", tmp_path / "tests")
    with pytest.raises(MicrogptError, match="run `make gpu` in a clone"):
        operations.load_cases()


@pytest.mark.parametrize(
    ("found", "expected", "difference"),
    [
        ([1.0, 2], [1.0, 2], 0.0),
        ([0.5], [0.25], 0.25),
        ([40.0, 0], [40.0, 4], 0.1),
        ([np.nan, np.inf, 1], [np.nan, np.inf, 1], 0.0),
        ([np.nan], [1.0], np.inf),
        ([np.inf], [-np.inf], np.inf),
        ([1.0], [1.0, 1], np.inf),
        ([], [], 0.0),
    ],
)
def test_differences(found, expected, difference):
    assert relative_difference(np.array(found), np.array(expected)) == difference


# A made-up instruction, the device function around it, and a kernel that calls that.
_move = SimpleNamespace(template="mov $0, $1")


def move(x):
    return x if _move is not None else x + 1


@threads
def copy_all(y, x):
    t = cuda.threadIdx.x
    y[t] = move(x[t])


def instruction_rows(monkeypatch, make_arguments, **more):
    kernels = SimpleNamespace(LAUNCHES=((copy_all, make_arguments, 0.0),))
    ptx = SimpleNamespace(_move=_move, address=SimpleNamespace(template="address"), np=np, **more)
    modules = {instructions.PTX: ptx, instructions.KERNELS: kernels}
    fake = SimpleNamespace(import_module=modules.__getitem__)
    monkeypatch.setattr(instructions, "importlib", fake)
    return list(instructions.rows(is_emulated=True))


def warp(number=1.0):
    return [np.zeros(32, np.float32), np.full(32, number, np.float32)]


def test_an_instruction_that_does_what_its_twin_does(device, monkeypatch):
    (row,) = instruction_rows(monkeypatch, warp)
    assert (row.name, row.state) == ("_move", OK)


def test_an_instruction_that_gives_other_bits_is_found(device, monkeypatch):
    numbers = iter([1.0, 1.0000001])
    (row,) = instruction_rows(monkeypatch, lambda: warp(next(numbers)))
    assert row.state == WRONG
    assert "copy_all differs from its twins by 1.2e-07; no bit may differ" in row.text


def test_an_instruction_that_no_kernel_executes_is_named(device, monkeypatch):
    _, row = instruction_rows(monkeypatch, warp, other=SimpleNamespace(template="add $0, $1"))
    assert (row.name, row.state) == ("other", WRONG)


def test_the_instructions_of_this_version(device):
    found = list(instructions.rows(is_emulated=True))
    assert {row.state for row in found} == {OK}
    assert any("mma_tf32" in row.name for row in found)


def test_a_run_whose_bits_differ_is_found():
    first = [1.0, 0.5], {"a": b"1", "b": b"2"}
    assert replay._same("x", first, ([1.0, 0.5], {"a": b"1", "b": b"2"}), "").state == OK
    other_weight = replay._same("x", first, ([1.0, 0.5], {"a": b"1", "b": b"3"}), "the first's")
    assert other_weight.state == WRONG
    assert (
        "must be the first's, bit for bit; other bits in: 1 arrays, such as b" in other_weight.text
    )
    assert replay._same("x", first, ([1.0, 0.75], first[1]), "").state == WRONG
    assert replay._beside_numpy("x", [1.0], [1.00005]).state == OK
    assert replay._beside_numpy("x", [1.0], [1.0005]).state == WRONG


@pytest.mark.slow
def test_recorded_repeated_and_resumed_steps_are_the_same(device):
    found = list(replay.rows(is_emulated=True))
    assert [row.state for row in found] == [OK] * 4


@pytest.mark.parametrize(
    ("script", "state", "text"),
    [
        ("echo '========= ERROR SUMMARY: 0 errors'", OK, "ERROR SUMMARY: 0 errors"),
        (
            "printf '========= %s\\n' TOOL 'Invalid read' '1 error'; exit 9",
            WRONG,
            "1 error; the first: Invalid read",
        ),
        ("echo broken >&2; exit 3", WRONG, "ended with status 3: broken"),
        ("exec sleep 30", NOTE, "not finished after 1 s"),
    ],
)
def test_what_the_sanitizer_finds(monkeypatch, tmp_path, script, state, text):
    tool = tmp_path / "compute-sanitizer"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(sanitizer, "TOOLS", ("memcheck",))
    monkeypatch.setattr(sanitizer, "SECONDS", 1)
    rows = list(sanitizer.rows(is_emulated=False))
    assert [(row.name, row.state, row.text) for row in rows] == [
        (f"memcheck, a step of {name}", state, text) for name in ("microgpt", "GPT-2")
    ]


def test_without_the_sanitizer_that_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sanitizer, "USUAL_PATH", tmp_path)
    (row,) = sanitizer.rows(is_emulated=False)
    assert row.state == NOTE
    assert "not installed" in row.text


def test_the_step_under_the_sanitizer_is_a_training_step(device, monkeypatch):
    monkeypatch.setattr(sanitizer, "configs", lambda is_emulated: {"tiny": TINY})
    sanitizer.train_one_step("tiny")
    assert device.driver.launches > 30
