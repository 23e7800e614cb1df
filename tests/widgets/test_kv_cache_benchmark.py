"""Generation without and with a KV cache, timed."""

import pytest

import microgpt as mg
from microgpt.tokenizers import associate
from microgpt.widgets import kv_cache_benchmark
from microgpt.widgets.kv_cache_benchmark import time_generation


def test_each_round_is_timed():
    model = mg.GPT(backend="numpy")
    timings = time_generation(model, [26], 8, rounds=2)
    assert timings.num_new_tokens == 7
    assert len(timings.recompute_ms) == len(timings.cached_ms) == 2
    view = mg.widgets.kv_cache_timing(model, [26], 8, rounds=1)
    assert isinstance(view, mg.widgets.Panel)
    assert "7 tokens take" in view.caption  # nobody said how this model reads text
    assert mg.widgets.errors() == []
    for length in (0, 1, 17, 100):
        with pytest.raises(mg.SettingError, match="above the 1 tokens given, and at most the"):
            mg.widgets.kv_cache_timing(model, [26], length)
    assert time_generation(model, [26], 16, rounds=1).num_new_tokens == 15  # the whole block
    assert time_generation(model, [26, 0, 1], 4, rounds=1).num_new_tokens == 1


def test_the_first_generation_of_each_way_is_not_timed(monkeypatch):
    calls = []
    for name in ("_recompute", "_generate_cached"):
        monkeypatch.setattr(kv_cache_benchmark, name, lambda *args, name=name: calls.append(name))
    timings = time_generation(mg.GPT(backend="numpy"), [26], 8, rounds=2)
    assert calls == ["_recompute", "_generate_cached"] * 3
    assert len(timings.recompute_ms) == len(timings.cached_ms) == 2


@pytest.mark.parametrize(
    ("seconds", "num_rounds"), [(0.1, 5), (1.0, 3), (1.5, 1), (30.0, 1)]
)  # of one generation; a round has two, and one round warms up
def test_slow_rounds_are_fewer(monkeypatch, seconds, num_rounds):
    clock = [0.0]

    def generate(*args):
        clock[0] += seconds

    for name in ("_recompute", "_generate_cached"):
        monkeypatch.setattr(kv_cache_benchmark, name, generate)
    monkeypatch.setattr(kv_cache_benchmark.time, "perf_counter", lambda: clock[0])
    timings = time_generation(mg.GPT(backend="numpy"), [26], 8)
    assert len(timings.recompute_ms) == len(timings.cached_ms) == num_rounds
    assert timings.planned_rounds == (5 if num_rounds < 5 else None)
    assert clock[0] <= max(kv_cache_benchmark.MAX_SECONDS, 4 * seconds)


def test_the_caption_calls_a_token_as_its_tokenizer_does():
    model = mg.GPT(backend="numpy")
    associate(model, mg.load_corpus("names-mini").tokenizer())
    assert time_generation(model, [26], 4, rounds=1).unit == "letter"
    assert "3 letters take" in repr(mg.widgets.kv_cache_timing(model, [26], 4, rounds=1))
