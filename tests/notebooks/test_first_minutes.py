"""A newcomer's first cells of notebook 00: nothing compiled yet, nothing compiled on the way."""

import queue
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager

PATH = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"
LAST_SNAPSHOT = "±"  # of the last loss only


@pytest.fixture
def newcomer(monkeypatch, tmp_path):
    """A kernel with an empty cache, spoken to as JupyterLab does."""
    for name in ("MICROGPT_POISON", "MICROGPT_DEBUG", "MICROGPT_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "cache"))
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--log-level=40"], cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code):
    """Run a cell as a front end does, and return the plain text of what it showed."""
    request = client.session.msg(
        "execute_request",
        {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        },
        metadata={"cellId": "cell"},
    )  # fmt: skip
    outputs, status = [], ""
    client.shell_channel.send(request)
    while status != "idle":
        try:
            message = client.get_iopub_msg(timeout=120)
        except queue.Empty:
            pytest.fail(f"no message in two minutes: {code}")
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        content = message["content"]
        assert message["msg_type"] != "error", content.get("evalue")
        status = content.get("execution_state", status)
        if "data" in content and "text/plain" in content["data"]:
            outputs.append(content["data"]["text/plain"])
    return " ".join(outputs)


@pytest.mark.slow
def test_each_cell_shows_its_view_and_none_waits_for_a_compilation(newcomer):
    expected = {  # a part of the cell -> what it shows as soon as it has run
        "mg.doctor(brief=True)": ("Ready: Python", "runs on NumPy"),
        "GuessNext": ("A name begins ",),
        "SamplingExplorer": ("At T = 1.00",),
        "sample_table": ("andra",),
        "TrainingMonitor(model, names": ("Run this cell to use it.",),
        "monitor.wait()": (),
    }
    shown = []
    for cell in nbformat.read(PATH, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        text = run(newcomer, cell.source)
        for part in [part for part in expected if part in cell.source]:
            shown.append(part)
            for expected_text in expected[part]:
                assert expected_text in text
        if "TrainingMonitor(model, names" in cell.source:
            assert LAST_SNAPSHOT not in text  # it is shown before its training has ended
        if "monitor.wait()" in cell.source:
            break
    assert shown == list(expected)
    assert LAST_SNAPSHOT in run(newcomer, "monitor")
    assert run(newcomer, "mg.widgets.errors()").endswith("[]")
    assert run(newcomer, "import sys; 'numba' in sys.modules").endswith("False")
