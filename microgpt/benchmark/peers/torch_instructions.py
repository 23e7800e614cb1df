"""Which SIMD instructions PyTorch's libraries use in this process."""

import os
import tempfile
from functools import cache

import torch
from mkl_report import instructions_of_mkl
from torch._inductor import cpu_vec_isa


def used_instructions(task: dict) -> dict[str, str]:
    """Return what ATen, the compiler and MKL say of themselves.

    oneDNN does not tell, nor does MKL on processors that are not Intel's.
    """
    used = {
        "ATen": torch.backends.cpu.get_cpu_capability().lower(),
        "Inductor": str(cpu_vec_isa.pick_vec_isa()).split()[0],
    }
    of_mkl = _of_mkl()
    return used if of_mkl is None else used | {"MKL": of_mkl}


@cache
def _of_mkl() -> str | None:
    """MKL names its instructions before the first product that it reports, on standard output.

    It does so once in a process, and a worker is asked again for each task.
    """
    x = torch.ones(8, 8)
    with tempfile.TemporaryFile("w+") as report:
        standard_output = os.dup(1)
        os.dup2(report.fileno(), 1)
        try:
            with torch.backends.mkl.verbose(torch.backends.mkl.VERBOSE_ON):
                torch.mm(x, x)
        finally:
            os.dup2(standard_output, 1)
            os.close(standard_output)
        report.seek(0)
        return instructions_of_mkl(report.read())
