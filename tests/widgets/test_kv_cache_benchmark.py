"""Generation without and with a KV cache, timed."""

import pytest

import microgpt as mg
from microgpt.widgets.kv_cache_benchmark import time_generation


def test_each_round_is_timed():
    model = mg.GPT(backend="numpy")
    timings = time_generation(model, [26], 8, rounds=2)
    assert timings.num_new_tokens == 7
    assert len(timings.recompute_ms) == len(timings.cached_ms) == 2
    assert "7 letters take" in repr(mg.widgets.kv_cache_timing(model, [26], 8, rounds=1))
    with pytest.raises(mg.SettingError, match="above the 1 tokens given"):
        mg.widgets.kv_cache_timing(model, [26], 100)
