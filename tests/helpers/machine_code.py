"""Writes a digest of the machine code of a kernel: as it is run here, or compiled to be looked at.

python -m machine_code run gelu_forward …
python -m machine_code look gelu_forward …
"""

import hashlib
import json
import struct
import sys

from numba.core import codegen
from numba.core.registry import cpu_target

from microgpt.backends.numba_cpu.inspection import cross_compile

compiled = []


EXECUTABLE = 4  # a flag of a section


def instructions(elf):
    """The bytes of the sections of an ELF file that hold code, in order."""
    (sections,) = struct.unpack_from("<Q", elf, 0x28)
    (count,) = struct.unpack_from("<H", elf, 0x3C)
    parts = []
    for i in range(count):
        _, _, flags, _, start, size = struct.unpack_from("<IIQQQQ", elf, sections + 64 * i)
        if flags & EXECUTABLE:
            parts.append(elf[start : start + size])
    return b"".join(sorted(parts))


def keep(cls, module, code):
    """The hook through which LLVM's engine hands over each module that it has compiled."""
    compiled.append(bytes(code))


def finalize(library):
    compiled.append(library._codegen._tm.emit_object(library._final_module))


if __name__ == "__main__":
    if sys.argv[1] == "look":
        cross_compile.CrossLibrary._finalize_specific = finalize
        cross_compile.compile_for(cross_compile.host_processor())
    else:
        codegen.JITCodeLibrary._object_compiled_hook = classmethod(keep)
        cpu_target.target_context.refresh()
    import numba

    from microgpt.backends.numba_cpu.inspection import kernel_assembly

    digests = {}
    for name in sys.argv[2:]:
        kernel = kernel_assembly.compiled_kernels()[name]
        flags = kernel.flags | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        types = kernel_assembly.argument_types(name)
        numba.njit(**flags)(kernel.function).compile(types)
        digests[name] = hashlib.sha256(instructions(compiled[-1])).hexdigest()
    print(json.dumps(digests))
