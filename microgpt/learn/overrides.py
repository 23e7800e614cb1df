"""`using`: run a real model with the learner's own functions."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from microgpt.autograd.engine import decomposed, override_ops
from microgpt.errors import Described, SettingError, StateError
from microgpt.learn import op_overrides, sampler_override
from microgpt.learn.answer_stub import is_stub
from microgpt.learn.usage_report import CallStats, UsageReport
from microgpt.sampling import override_sampler


@contextmanager
def using(**functions: Callable[..., Any]) -> Iterator[UsageReport]:
    """Run models with your functions: `with using(softmax=my_softmax) as report: …`.

    They apply in this block and thread. `sample`, `temperature` and `top_k` replace parts of the
    sampler in `generate`; operations (softmax, cross_entropy, relu, rms_norm, …) are replaced in
    every model. The functions have the signatures of the exercises. If a function works on Tensors,
    gradients flow through it; if it returns arrays, the library's backward function gives the
    gradients. The report counts calls and compares results with the library's; show it after the
    block. Raises StateError, which names the operations that ran instead, if a function never ran.
    """
    _check_functions(functions)
    report = UsageReport({name: CallStats() for name in functions})
    of_sampler = {name: f for name, f in functions.items() if name in sampler_override.NAMES}
    of_ops = {name: f for name, f in functions.items() if name not in of_sampler}
    sampler = sampler_override.SamplerOverride(of_sampler, report)
    ops = op_overrides.OpOverrides(of_ops, report)
    with ExitStack() as stack:
        if of_sampler:
            stack.enter_context(override_sampler(sampler.choose))
        if of_ops:
            stack.enter_context(decomposed())
            stack.enter_context(override_ops(ops.hook))
        yield report
    for name, stats in report.stats.items():
        if not stats.num_calls:
            raise StateError((sampler if name in of_sampler else ops).why_not_called(name))


def _check_functions(functions: dict[str, Any]) -> None:
    """Raise SettingError on names that cannot be overridden and values that are not callable."""
    names = (*sampler_override.NAMES, *op_overrides.NAMES)
    if not functions:
        raise SettingError("functions", "at least one, as in using(softmax=my_softmax)", functions)
    for name, function in functions.items():
        if name not in names:
            raise SettingError("function", got=name, choices=names)
        if is_stub(function):
            raise SettingError(name, "your own function", Described("the stub, still unwritten"))
        if not callable(function):
            raise SettingError(name, "a function", type(function))
