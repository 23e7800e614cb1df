"""Who takes part in which workload."""

from microgpt.benchmark.implementations import (
    PEER_LIBRARIES,
    WORKLOAD_ENGINES,
    select_implementations,
)
from microgpt.benchmark.workloads import WORKLOADS


def test_every_workload_has_implementations_with_names_of_their_own():
    for workload in WORKLOADS:
        selected = select_implementations(workload, 2, PEER_LIBRARIES)
        assert len({(item.name, item.threads) for item in selected}) == len(selected)
        assert {item.name for item in selected if not item.library} == set(
            WORKLOAD_ENGINES[workload]
        )
    for cores, threads in ((2, {1, 2}), (8, {1, 2, 8})):
        selected = select_implementations("batch", cores, PEER_LIBRARIES)
        assert {item.threads for item in selected if item.library} == threads
    assert {item.threads for item in select_implementations("batch", 1, PEER_LIBRARIES)} == {1}
    only = select_implementations("recipe", 2, (), ["numpy"])
    assert [item.name for item in only] == ["numpy"]
