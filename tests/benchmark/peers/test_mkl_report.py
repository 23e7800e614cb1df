"""What MKL's verbose report says of its instructions."""

import pytest

from microgpt.benchmark.peers.mkl_report import instructions_of_mkl

LINE = (
    "MKL_VERBOSE oneMKL 2024.0 Update 2 Product build 20240605 for Intel(R) 64 architecture "
    "Intel(R) {}, Lnx 2.60GHz lp64 gnu_thread\nMKL_VERBOSE SGEMM(N,N,8,8,8) 1.03ms CNR:OFF\n"
)
AVX512 = "Advanced Vector Extensions 512 (Intel(R) AVX-512) enabled processors"


@pytest.mark.parametrize(
    ("processors", "instructions"),
    [
        (AVX512, "avx512"),
        ("Advanced Vector Extensions 2 (Intel(R) AVX2) enabled processors", "avx2"),
        ("Streaming SIMD Extensions 4.2 (Intel(R) SSE4.2) enabled processors",
         "other instructions"),
        ("Architecture processors", None),  # not one of Intel's
    ],
)  # fmt: skip
def test_instructions_are_those_that_mkl_names(processors, instructions):
    assert instructions_of_mkl(LINE.format(processors)) == instructions


def test_no_report_is_no_proof():
    assert instructions_of_mkl("") == "other instructions"
