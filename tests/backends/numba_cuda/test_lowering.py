"""The kernels that compilers get, lowered, do what the kernels say."""

import dis
import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from cases import BY_NAME

import microgpt as mg
from microgpt import backends, interpreter
from microgpt.backends.numba_cuda._compile import Binder
from microgpt.backends.numba_cuda._lowering import lower
from microgpt.errors import KernelError

# Leaves device functions as they are.
NO_COMPILER = SimpleNamespace(cuda=SimpleNamespace(jit=lambda device: lambda function: function))


def count_up(stop):
    seen = []
    for i in range(stop):
        seen += [i]
    return seen


def between(start, stop, step):
    seen = []
    for i in range(start, stop, step):
        seen += [i]
    return seen


def change_what_can_be_changed(n):
    seen, step = [], 2
    for i in range(0, n, step):
        step += 1  # the range was made before
        n -= 1
        i *= 10
        if i == 20:
            continue
        if i == 80:
            break
        for j in range(1, 3):
            seen += [(i, j, n)]
    return seen


def count_down(n):
    seen = []
    for i in range(n, 0, -1):
        seen += [i]
    return seen


def over_other_things(n):
    seen = []
    for i in (n, n + 1):
        seen += [i]
    for i in range(n):
        seen += [i]
    else:
        seen += [None]
    return seen


def lowered(function):
    return lower(function, globals())


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (count_up, [(0,), (-1,), (4,)]),
        (between, [(0, 7, 2), (3, 3, 1), (5, 2, 1), (-3, 4, 3)]),
        (change_what_can_be_changed, [(0,), (3,), (20,)]),
        (count_down, [(3,)]),
        (over_other_things, [(2,)]),
    ],
)
def test_loops_do_the_same(function, arguments):
    for given in arguments:
        assert lowered(function)(*given) == function(*given)


def test_only_loops_that_count_upwards_are_lowered():
    for function in (count_up, between, change_what_can_be_changed):
        assert "FOR_ITER" not in instructions(lowered(function))
    for function in (count_down, over_other_things):
        assert "FOR_ITER" in instructions(lowered(function))


def instructions(function):
    return {instruction.opname for instruction in dis.get_instructions(function)}


def test_the_text_of_a_lowered_function_can_be_read():
    """Compilers show it in their errors; numba-cuda-mlir and the interpreter read it."""
    text = inspect.getsource(lowered(count_up))
    assert text.startswith("def count_up(stop):")
    assert "while" in text


def test_only_functions_that_are_defined():
    with pytest.raises(KernelError, match="begins with `def`"):
        lower(lambda x: x, {})


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_NAME)
def test_kernels_give_the_same_bits(name, monkeypatch):
    case, binder = BY_NAME[name], Binder(NO_COMPILER, (9, 0))
    plain, run, launched = results(case), interpreter.run, []

    def run_lowered(function, *launch, **options):
        launched.append(function)
        return run(binder.bind(function), *launch, **options)

    monkeypatch.setattr(interpreter, "run", run_lowered)
    assert results(case) == plain
    assert launched


def results(case):
    with backends.using("interpreter"):
        tensors = [mg.Tensor(a, requires_grad=True, dtype="float32") for a in case.inputs(5)]
        y = case.call(*tensors)
        y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
    return [y.numpy().tobytes(), *(tensor.grad.tobytes() for tensor in tensors)]
