"""`using`: a real model runs on the learner's own functions."""

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
    """`with using(softmax=mine) as report:` a model in this block and thread runs your functions.

    `sample`, `temperature`, `top_k` take part in `generate`; the names of operations (softmax,
    cross_entropy, relu, rms_norm …) in every model. They have the plain signatures of the
    exercises. A function that works on Tensors is trained through; one that returns arrays gives
    the values, and the library's backward function the gradients. The report counts calls and
    compares results; show it after the block. StateError if a function never ran: it names what
    ran instead.
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
    """SettingError for names that nothing calls, and for values that cannot be called."""
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
