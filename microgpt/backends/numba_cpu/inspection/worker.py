"""The process that compiles kernels to be looked at: names come in, assembly texts go out.

It reads {"processor": [architecture, name, features] or null, "names": …} from its
input as JSON, and writes {"processor": …, "assembly": {name: [text, …]}}, or {"error": …}.
"""

import json
import sys
from contextlib import redirect_stdout
from typing import Any

from microgpt.backends.processors import Processor
from microgpt.errors import BackendUnavailable


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Compile the kernels of a request."""
    from microgpt.backends.numba_cpu.inspection import cross_compile

    named = request["processor"]
    processor = cross_compile.host_processor() if named is None else Processor(*named)
    try:
        cross_compile.compile_for(processor)
    except BackendUnavailable as error:
        return {"error": str(error)}
    from microgpt.backends.numba_cpu.inspection.kernel_assembly import assembly_texts

    texts = {name: assembly_texts(name) for name in request["names"]}
    return {"processor": processor, "assembly": texts}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # of Numba's own reports
        reply = answer(json.load(sys.stdin))
    json.dump(reply, sys.stdout)
