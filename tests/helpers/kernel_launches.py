"""Every way in which the package launches threads: kernels, and the types of their arguments.

The hosts choose kernels by shapes alone, so they are called and nothing is run: what they launch is
noted. Shapes come from CASES and, for kernels that no operation launches, from here.
"""

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import FunctionType
from typing import NamedTuple
from unittest import mock

import numpy as np
from cases import CASES

import microgpt as mg
from microgpt import backends
from microgpt.backends import numba_cuda
from microgpt.backends.numba_cuda import checks, matmul
from microgpt.backends.numba_cuda._compile import ArgumentType, type_of
from microgpt.backends.numba_cuda._launch import BLOCK, ThreadKernel
from microgpt.backends.numba_cuda.matmul import choice
from microgpt.backends.numba_cuda.matmul.products import Product
from microgpt.backends.numba_cuda.matmul.tiles import TILE
from microgpt.backends.numba_cuda.sampling import MAX_RANKED

FOLDER = Path(numba_cuda.__file__).parent
DTYPES = ("float32", "float64")
HEAD_SIZES = (4, 64, 128, 256, 257)  # the last is too wide for tiles; in float64, the last two


class Variant(NamedTuple):
    """A kernel as it is compiled for arguments of these types, in a launch on arrays of `dtype`."""

    kernel: ThreadKernel
    types: tuple[ArgumentType, ...]
    dtype: str

    @property
    def family(self) -> str:
        """The module of the kernel, below `numba_cuda`."""
        return self.kernel.function.__module__.removeprefix(f"{numba_cuda.__name__}.")

    @property
    def name(self) -> str:
        return f"{self.family}.{self.kernel.__name__}"

    def __str__(self) -> str:
        constants = [f"{k}={v}" for k, v in sorted(_constants(self.kernel.function).items())]
        return f"{self.name}({', '.join(constants)}) {self.dtype}"


def _constants(function: FunctionType) -> dict[str, bool | int | str]:
    """Numbers and functions over which a kernel is closed, and those over which these are."""
    found: dict[str, bool | int | str] = {}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        value = cell.cell_contents
        if isinstance(value, FunctionType):
            found |= {name: value.__name__} | _constants(value)
        elif isinstance(value, bool | int):
            found[name] = value
    return found


def every_variant() -> dict[Variant, int]:
    """Every variant that the package launches, and the threads of its largest block.

    Kernels that are made for a size of heads are there for HEAD_SIZES.
    """
    found: dict[tuple, Variant] = {}
    blocks: dict[Variant, int] = {}

    def note(kernel: ThreadKernel, sizes) -> Callable[..., None]:
        def launch(*arguments):
            types = tuple(map(type_of, arguments))
            variant = found.setdefault((kernel, types), Variant(kernel, types, dtype))
            blocks[variant] = max(blocks.get(variant, 0), int(np.prod(sizes[1])))

        return launch

    with mock.patch.object(ThreadKernel, "__getitem__", note), np.errstate(all="ignore"):
        for dtype in DTYPES:
            _run_cases(dtype)
            _launch_others(dtype)
    return {variant: block for variant, block in blocks.items() if _is_of_head_sizes(variant)}


def _is_of_head_sizes(variant: Variant) -> bool:
    return _constants(variant.kernel.function).get("D", HEAD_SIZES[0]) in HEAD_SIZES


def _run_cases(dtype):
    for case in CASES:
        with backends.using("interpreter"):
            inputs = case.inputs(max(case.sizes))
            y = case.call(*(mg.Tensor(a, requires_grad=True, dtype=dtype) for a in inputs))
            y.backward(np.ones(y.shape))


def _launch_others(dtype):
    launch = backends.get("interpreter").launch
    _launch_updates(launch, dtype)
    for size in (TILE - 1, TILE):
        _launch_products(launch, np.zeros((size, size), dtype))
    _launch_rungs(np.zeros((TILE, TILE), dtype))
    _launch_quantized(launch, np.zeros((4, 4), np.float32))
    for D in HEAD_SIZES:
        _launch_attention(launch, D, dtype)
    launch("dropout_next_state_", np.zeros(2, np.int64), np.zeros(2, np.int64))
    y, index = np.zeros((5, 1), dtype), np.zeros((5, 1), np.int64)
    launch("max_forward", y, index, np.zeros((5, 3, 1), dtype))
    token, position, seed = np.zeros(2, np.int32), np.zeros(1, np.int32), np.zeros(2, np.int64)
    _launch_checks(position)
    launch("clip_forward", token, token, 0, 1)  # a token to read where none was decided
    for V in (27, MAX_RANKED + 1):
        launch("sample_", token, np.zeros((2, V), dtype), np.zeros(4), seed, position)


def _launch_checks(ids):
    """Their hosts launch them on arrays of a device only."""
    fault = np.zeros(4, np.int64)
    checks._check_range[1, BLOCK](fault, ids, 0, 1, checks.TOKEN)
    checks._check_any[1, BLOCK](fault, ids)
    checks._check_position[1, 1](fault, ids, 1, 1)


def _launch_products(launch, x):
    """Products of a matrix with itself, in every storage and with every store."""
    for bias in (x[0], x[:0, 0]):
        launch("linear_forward", x, x, x, bias)
        launch("linear_residual_forward", x, x, x, bias, x)
        launch("linear_gelu_forward", x, x, x, x, bias)
        launch("linear_relu_forward", x, x, x, bias)
    launch("linear_backward", x, x, x[0], x, x, x, 1)
    stack = x[None]
    for name in ("matmul", "matmul_transposed"):
        launch(f"{name}_forward", stack, stack, stack)
        launch(f"{name}_backward", stack, stack, stack, stack, stack)


def _launch_quantized(launch, x):
    """Products and look-ups with codes of both types; their arithmetic is always float32."""
    ids, position, scales = np.zeros((1, 2), np.int32), np.zeros(1, np.int32), x[0]
    for dtype in (np.int8, np.uint16):
        codes = np.zeros(x.shape, dtype)
        launch("quantized_linear_forward", x, x, codes, scales, scales)
        launch("quantized_token_position_embedding_forward", x[:2], codes, scales, x, ids, position)


def _launch_rungs(x):
    """Every rung of every product, whatever would be chosen; large tiles are for float32."""
    stack, bias = x[None], x[0]
    for product in vars(matmul).values():
        if isinstance(product, Product):
            product.epilogue[1, BLOCK](stack, stack, bias, stack)
            for rung in choice.RUNGS if x.dtype == np.float32 else ():
                for is_aligned in (True, False):
                    launch = product.launcher(rung, stack, is_aligned)
                    launch(stack, stack, bias, stack, stack)


def _launch_updates(launch, dtype):
    """What optimisers launch, over all parameters at once."""
    data, grad, m, v = np.zeros((4, 40), dtype)
    lr, step, total = np.zeros(1), np.zeros(1, np.int64), np.zeros(1)
    launch("sgd_step_", data, grad, lr)
    launch("adam_step_", data, grad, m, v, lr, step, 0.9, 0.99, 1e-8)
    launch("increment_step_", step)
    launch("sum_of_squares_", total, grad)
    launch("root_of_sum_", total, total)
    launch("clip_by_norm_", grad, total, 1.0)


def _launch_attention(launch, D, dtype):
    """One text, forward and back with and without dropout, and over a cache."""
    B, T, H = 1, 2, 2
    qkv, y, lse = np.zeros((B, T, 3 * H * D), dtype), np.zeros((B, T, H * D), dtype), (B, H, T)
    lse, dropout = np.zeros(lse, dtype), (np.zeros(2, np.int64), 0, 0, 1.0)
    for name, more in (("self_attention", ()), ("dropout_attention", dropout)):
        launch(f"{name}_forward", y, lse, qkv, H, *more)
        launch(f"{name}_backward", qkv, y, y, lse, qkv, H, *more)
    q, cache, position = (
        np.zeros((B, H, D), dtype),
        np.zeros((B, H, T, D), dtype),
        np.zeros(1, "i4"),
    )
    launch("decode_attention_forward", q, np.zeros((B, H, T), dtype), q, cache, cache, position)
    launch("decode_self_attention_", y[:, 0], cache, cache, qkv[:, 0], position, H)
    launch("kv_cache_write_", cache, cache, position)
    launch("increment_position_", position, 1)


def thread_definitions() -> dict[str, set[str]]:
    """Module below `numba_cuda` -> the functions in it that are decorated with `@threads`."""
    found = {}
    for path in sorted(FOLDER.rglob("*.py")):
        names = {
            node.name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.FunctionDef)
            and any(ast.unparse(d).partition("(")[0] == "threads" for d in node.decorator_list)
        }
        if names:
            found[".".join(path.relative_to(FOLDER).with_suffix("").parts)] = names
    return found


def kernels_in_modules() -> set[ThreadKernel]:
    """Every kernel that a module of `numba_cuda` holds: as a name, or within an object or tuple."""
    prefix = numba_cuda.__name__
    modules = [
        import_module(info.name) for info in walk_packages(numba_cuda.__path__, f"{prefix}.")
    ]
    found, seen = set(), set()
    waiting = [value for module in modules for value in vars(module).values()]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, ThreadKernel):
            found.add(value)
        elif isinstance(value, tuple | list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif type(value).__module__.startswith(prefix):
            waiting.extend(vars(value).values())
    return found
