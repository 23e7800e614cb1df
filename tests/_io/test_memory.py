"""Memory of the machine and of a container."""

from microgpt._io import memory


def test_available_memory_is_at_most_what_a_container_allows(monkeypatch):
    assert memory.available_memory() > 1 << 20
    assert memory.free_memory() <= memory.total_memory()
    monkeypatch.setattr(memory, "_container_limit", lambda: None)
    assert memory.available_memory() > 1 << 20
    monkeypatch.setattr(memory, "_container_limit", lambda: 5)
    assert memory.available_memory() == 5
