"""Results do not depend on the number of threads, to the last bit."""

import json
import os
import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_one_thread_and_four_compute_the_same_bits():
    run = subprocess.run(
        [sys.executable, "-m", "thread_digests"],
        env={**os.environ, "NUMBA_NUM_THREADS": "4", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    result = json.loads(run.stdout)
    different = [name for name, digests in result["digests"].items() if len(set(digests)) > 1]
    assert different == []
    assert list(result["digests"]) == ["attention", "matmul", "quantized", "fused", "training"]
    for family, pattern in {
        "attention": "(forward|backward)_(blocked|small_heads)|forward_transposed",
        "matmul": "linear_(gelu_forward|backward)",
        "quantized": "quantized_linear_forward",
        "fused": "(layer_norm|cross_entropy)_(forward|backward)|gelu_backward|adamw_step_",
        "sums": "token_position_embedding_backward|sum_of_squares_",
    }.items():
        ran = [name for name in result["parallel"] if re.fullmatch(pattern, name)]
        expected = {"attention": 5, "matmul": 2, "quantized": 1, "fused": 6, "sums": 2}
        assert len(ran) == expected[family], ran
