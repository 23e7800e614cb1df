"""Functions of a few instructions, made at once from LLVM's own language."""

from functools import cache

from llvmlite import binding
from numba import config, types

num_threads = types.ExternalFunction("microgpt_num_threads", types.intp())

_engines: list[binding.ExecutionEngine] = []  # own the machine code


def compile_llvm(text: str) -> binding.ExecutionEngine:
    """Compile LLVM's code, which is not optimised: that would take ten times as long."""
    module = binding.parse_assembly(text)
    machine = binding.Target.from_default_triple().create_target_machine(opt=0, jit=True)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _engines.append(engine)
    return engine


@cache
def define_num_threads() -> None:
    """Let compiled code call `num_threads()`: how many threads Numba has in this process.

    As a constant of Python's it would be compiled into the code, and into the cache.
    """
    number, name = config.NUMBA_NUM_THREADS, num_threads.symbol  # type: ignore[attr-defined]
    engine = compile_llvm(f"define i64 @{name}() {{ ret i64 {number} }}")
    binding.add_symbol(name, engine.get_function_address(name))
