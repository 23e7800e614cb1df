"""Functions of a few instructions, made at once from LLVM's own language."""

from functools import cache

from llvmlite import binding

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
def define_constant(name: str, number: int) -> None:
    """Let compiled code call name() for a number of this process.

    As a constant of Python's it would be compiled into the code, and into the cache.
    """
    engine = compile_llvm(f"define i64 @{name}() {{ ret i64 {number} }}")
    binding.add_symbol(name, engine.get_function_address(name))
