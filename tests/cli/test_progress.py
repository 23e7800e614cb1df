"""Progress without a terminal: when lines are printed, told by a fake clock."""

import functools
import itertools

import pytest

from microgpt import backends
from microgpt.cli import main, progress, train
from microgpt.cli.progress import INTERVAL, Progress


class FakeClock:
    """Seconds that pass only when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return FakeClock()


def never(seconds):
    """A `wait` that ends the heartbeat at once."""
    return True


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_a_line_comes_once_the_interval_has_passed(clock, capsys):
    with Progress(100, "step", interval=10, clock=clock, wait=never) as work:
        for second in range(1, 31):
            clock.now = float(second)
            work.update(1, f"loss {second}")
    assert lines(capsys) == [
        "step 10 of 100 (10 s): loss 10",
        "step 20 of 100 (20 s): loss 20",
        "step 30 of 100 (30 s): loss 30",
    ]


def test_short_work_prints_nothing(clock, capsys):
    with Progress(3, "step", clock=clock, wait=never) as work:
        for _ in work.track(range(3)):
            clock.now += 1
    assert work.done == 3
    assert lines(capsys) == []


def test_a_long_step_prints_lines_too(clock, capsys):
    """The heartbeat: no update comes for two minutes."""
    waits = []

    def wait(seconds):
        waits.append(seconds)
        clock.now += seconds
        return len(waits) > 12

    with Progress(8, "file", clock=clock, wait=wait) as work:
        while len(waits) <= 12:
            pass
    assert work.done == 0
    assert waits == [INTERVAL] * 13
    assert lines(capsys)[:2] == ["file 0 of 8 (10 s)", "file 0 of 8 (20 s)"]


@pytest.mark.parametrize("updates_every", [0.1, 3, 9.9, 10, 25, 1000])
def test_no_two_lines_are_more_than_30_seconds_apart(clock, monkeypatch, updates_every):
    """Whatever the time of an update, in lockstep with the heartbeat's waking."""
    printed, work = [0.0], Progress(10**6, clock=clock, wait=never)
    monkeypatch.setattr("builtins.print", lambda *_, **__: printed.append(clock.now))
    wakes, updates, now = INTERVAL, updates_every, 0.0
    while now < 200:
        now = clock.now = min(wakes, updates)
        if now == wakes:
            work.heartbeat()
            wakes += INTERVAL
        if now == updates:
            work.update()
            updates += updates_every
    gaps = [after - before for before, after in itertools.pairwise(printed)]
    assert 10 <= len(printed) <= 21
    assert max(gaps) < 30


def test_work_that_cannot_be_counted(clock, capsys):
    with Progress(None, description="evaluating", clock=clock, wait=never) as work:
        clock.now = 65.0
        work.heartbeat()
    assert lines(capsys) == ["evaluating (1 min 5 s)"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(10.4, "10 s"), (10.6, "11 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (119.6, "2 min 0 s"),
     (3600.0, "60 min 0 s")],
)  # fmt: skip
def test_seconds_are_rounded_before_they_are_divided(clock, capsys, seconds, shown):
    with Progress(None, description="evaluating", clock=clock, wait=never) as work:
        clock.now = seconds
        work.heartbeat()
    assert lines(capsys) == [f"evaluating ({shown})"]


def test_the_first_update_can_be_announced(clock, capsys):
    with Progress(
        60, "kernel", description="compiling", announce=True, clock=clock, wait=never
    ) as work:
        work.update(1, "softmax_forward")
        work.update(1, "linear_forward")
    assert lines(capsys) == ["compiling kernel 1 of 60 (0 s): softmax_forward"]


def test_an_error_ends_the_heartbeat(clock):
    work = Progress(3, clock=clock)
    with pytest.raises(ValueError, match="stopped"), work:
        raise ValueError("stopped")
    assert not work._thread.is_alive()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            ["tokenize", "story", "out", "--tokenizer", "char", "--val-tokens", "99"],
            "document 1 of ",
        ),
        (["train", "--steps", "3", "--out", "out"], "step 1 of 3 (20 s): loss "),
        (
            ["tokenize", "story", "out", "--tokenizer", "bpe:300", "--val-tokens", "99"],
            "preparing the tokenizer (20 s): token 256 of the tokenizer learned",
        ),
        (
            ["train", "--tokenizer", "bpe:300", "--steps", "3", "--out", "out"],
            "preparing (20 s): token 256 of the tokenizer learned",
        ),
        (["reference", "--corpus", "names-mini", "--steps", "3"], "step 1 of 3 (20 s): loss "),
        (
            ["bench", "--workloads", "start", "--implementations", "numpy", "--quick"],
            "1 of 3 (20 s): start: numpy, first call",
        ),
    ],
    ids=lambda part: part[0],
)
def test_long_commands_print_lines(command, expected, tmp_path, monkeypatch, capsys):
    """As if 20 seconds passed whenever somebody looks at the clock."""
    slow = functools.partial(Progress, clock=itertools.count(0, 20).__next__, wait=never)
    monkeypatch.setattr(progress, "Progress", slow)
    monkeypatch.setattr(train, "Progress", slow)
    monkeypatch.chdir(tmp_path)
    with backends.using("numpy"):
        assert main(command) == 0
    assert any(line.startswith(expected) for line in lines(capsys))
