"""How a compiler for GPUs takes a line of PTX: `ptx` names it, `for_compiler` makes the function.

numba-cuda gets inline assembly of LLVM, numba-cuda-mlir its own function for PTX. The interpreter
runs an instruction's twin instead (`_ptx.py`).
"""

import importlib
import linecache
from collections.abc import Callable, Sequence
from typing import Any

from microgpt.errors import DeviceError

LETTERS = {"float32": "f", "int32": "r", "int64": "l"}  # of registers, in constraints
ADDRESS, SHARED_ADDRESS = "address", "shared address"
SHARED_SPACE = 3  # the number of shared memory among LLVM's address spaces
ITEM_BYTES = 4  # of a number in an array whose addresses are asked for


class Instruction:
    """A template of PTX: $0, $1, … are its results, then its arguments, of the types in LETTERS.

    An instruction that `has_effect` touches memory: no compiler may leave it out or move it.
    """

    def __init__(
        self, template: str, results: Sequence[str], arguments: Sequence[str], has_effect: bool
    ):
        self.template, self.has_effect = template, has_effect
        self.results, self.arguments = tuple(results), tuple(arguments)

    def __call__(self, *arguments: Any) -> Any:
        raise DeviceError(
            f"{self.template!r} is an instruction of a GPU; launch a kernel that executes it, or "
            "run the kernel with `mg.interpreter.run`"
        )

    def for_compiler(self, compiler: Any) -> Callable[..., Any]:
        """Return what kernels call when this compiler reads them: a `_device.Compiler`."""
        is_numba = compiler.name == "numba-cuda"
        if self.template in (ADDRESS, SHARED_ADDRESS):
            is_shared = self.template == SHARED_ADDRESS
            make = _numba_address if is_numba else _mlir_address
            return make(compiler, is_shared)
        return _numba_function(self, compiler) if is_numba else _mlir_function(self, compiler)


def ptx(
    template: str, results: Sequence[str], arguments: Sequence[str], *, has_effect: bool = False
) -> Instruction:
    """Return an instruction; see `Instruction`."""
    return Instruction(template, results, arguments, has_effect)


# address(array, element): where an element is, counted in the order of memory. A compiler knows
# where it keeps an array. Addresses within shared memory have 32 bits: half the registers.
address = Instruction(ADDRESS, ["int64"], ["array", "int64"], has_effect=False)
shared_address = Instruction(SHARED_ADDRESS, ["int32"], ["array", "int64"], has_effect=False)


# -- numba-cuda -------------------------------------------------------------------------------


def _numba_function(instruction: Instruction, compiler: Any) -> Callable[..., Any]:
    ir, types = importlib.import_module("llvmlite.ir"), compiler.types
    llvm_types = {"float32": ir.FloatType(), "int32": ir.IntType(32), "int64": ir.IntType(64)}
    results = [llvm_types[name] for name in instruction.results]
    arguments = [llvm_types[name] for name in instruction.arguments]
    result_type = _numba_result(instruction, types)

    def typed(typing_context: Any, *_: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            returned = results[0] if len(results) == 1 else ir.LiteralStructType(results)
            function = ir.FunctionType(returned if results else ir.VoidType(), arguments)
            assembly = ir.InlineAsm(
                function, instruction.template, _constraints(instruction), instruction.has_effect
            )
            answer = builder.call(assembly, values)
            if len(results) > 1:
                parts = [builder.extract_value(answer, n) for n in range(len(results))]
                return context.make_tuple(builder, result_type, parts)
            return answer if results else context.get_dummy_value()

        return result_type(*(getattr(types, name) for name in instruction.arguments)), generate

    return _numba_intrinsic(typed, len(arguments))


def _numba_result(instruction: Instruction, types: Any) -> Any:
    results = [getattr(types, name) for name in instruction.results]
    if len(results) > 1:
        return types.UniTuple(results[0], len(results))
    return results[0] if results else types.void


def _constraints(instruction: Instruction) -> str:
    letters = ["=" + LETTERS[name] for name in instruction.results]
    letters += [LETTERS[name] for name in instruction.arguments]
    return ",".join([*letters, "~{memory}"] if instruction.has_effect else letters)


def _numba_intrinsic(typed: Callable[..., Any], num_arguments: int) -> Callable[..., Any]:
    """Return an intrinsic; numba-cuda reads the number of its arguments off the function."""
    names = "".join(f", a{n}" for n in range(num_arguments))
    text = f"def instruction(typing_context{names}):\n    return typed(typing_context{names})\n"
    return importlib.import_module("numba.cuda.extending").intrinsic(
        _function_of(text, {"typed": typed})
    )


def _numba_address(compiler: Any, is_shared: bool) -> Callable[..., Any]:
    ir, types = importlib.import_module("llvmlite.ir"), compiler.types

    def typed(typing_context: Any, array: Any, element: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, values[0]).data
            if not is_shared:
                return builder.ptrtoint(builder.gep(data, [values[1]]), ir.IntType(64))
            small = ir.IntType(32)
            space = ir.PointerType(data.type.pointee, addrspace=SHARED_SPACE)
            base = builder.ptrtoint(builder.addrspacecast(data, space), ir.IntType(64))
            offset = builder.mul(builder.trunc(values[1], small), small(ITEM_BYTES))
            return builder.add(builder.trunc(base, small), offset)

        return (types.int32 if is_shared else types.int64)(array, types.int64), generate

    return _numba_intrinsic(typed, 2)


# -- numba-cuda-mlir --------------------------------------------------------------------------


def _mlir_function(instruction: Instruction, compiler: Any) -> Callable[..., Any]:
    template = instruction.template
    count = len(instruction.results) + len(instruction.arguments)
    for n in reversed(range(count)):  # from the end: $1 is part of $10
        template = template.replace(f"${n}", f"%{n}")
    names = [f"a{n}" for n in range(len(instruction.arguments))]
    parts = [repr(template)]
    parts += [f'"={LETTERS[name]}", {name}' for name in instruction.results]
    parts += [
        f'"{LETTERS[dtype]}", {name}'
        for dtype, name in zip(instruction.arguments, names, strict=True)
    ]
    keep = "return " if instruction.results else ""
    text = (
        f"def instruction({', '.join(names)}):\n"
        f"    {keep}cuda.experimental.inline_ptx({', '.join(parts)})\n"
    )
    space = {"cuda": compiler.cuda, **{name: getattr(compiler.types, name) for name in LETTERS}}
    return compiler.cuda.jit(device=True, inline="always")(_function_of(text, space))


def _mlir_address(compiler: Any, is_shared: bool) -> Callable[..., Any]:
    name, letter, template = "int64", "l", "mov.u64 %0, %1;"
    if is_shared:
        name, letter = "int32", "r"
        template = "{ .reg .u64 at; cvta.to.shared.u64 at, %1; cvt.u32.u64 %0, at; }"
    parts = f'{template!r}, "={letter}", {name}, "C", ptr(array)'
    text = f"def base(array):\n    return cuda.experimental.inline_ptx({parts})\n"
    types = compiler.types
    space = {"cuda": compiler.cuda, "ptr": types.ptr, name: getattr(types, name)}
    base = compiler.cuda.jit(device=True, inline="always")(_function_of(text, space))
    value = f"base(array) + {name}(element) * {name}({ITEM_BYTES})"
    text = f"def address(array, element):\n    return {name}({value})\n"
    space = {"base": base, name: getattr(types, name)}
    return compiler.cuda.jit(device=True, inline="always")(_function_of(text, space))


def _function_of(text: str, space: dict[str, Any]) -> Any:
    """Return the function that a text defines, with its source where `inspect` looks for it."""
    file = f"<instruction {len(linecache.cache)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), space)
    return space[text.removeprefix("def ").partition("(")[0]]
