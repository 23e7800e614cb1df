"""Background work: it gives way to the next run of its cell, and only the latest job runs."""

import threading

from waiting import wait_until

from microgpt.widgets.workers import LatestOnlyQueue, Worker


def test_a_worker_gives_way_to_the_next_run_of_its_cell():
    order = []

    def work(stop):
        stop.wait(10)
        order.append("stopped")

    first = Worker(work, ("cell", "run 1"))
    first.start()
    beside = Worker(lambda stop: order.append("beside"), ("cell", "run 1"))
    beside.start()
    beside.wait()
    assert first.thread.is_alive()  # two of one run may live together
    second = Worker(lambda stop: order.append("second"), ("cell", "run 2"))
    second.start()
    second.wait()
    assert order == ["beside", "stopped", "second"]
    assert not first.thread.is_alive()


def test_only_the_latest_job_runs():
    done, queue = [], LatestOnlyQueue()
    go = threading.Event()
    queue.submit(lambda: (go.wait(10), done.append(0)))
    for number in range(1, 6):
        queue.submit(lambda number=number: done.append(number))
    go.set()
    wait_until(lambda: 5 in done)
    assert done in ([0, 5], [5])
