"""`using`: a real model runs on the learner's own functions."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from microgpt.autograd.engine import composed, intercepting
from microgpt.errors import SettingError
from microgpt.learn import op_overrides, sampler_override
from microgpt.learn.stub import is_stub
from microgpt.learn.usage_report import UsageReport, CallStats
from microgpt.sampling import choosing


@contextmanager
def using(**functions: Callable[..., Any]) -> Iterator[UsageReport]:
    """`with using(softmax=mine) as report:` a model in this block and thread runs your functions.

    `sample`, `temperature`, `top_k` take part in `generate`; the names of operations (softmax,
    cross_entropy, relu, rms_norm …) in every model. They have the plain signatures of the
    exercises. One that works on Tensors trains; one that returns arrays gives the values, and
    the library's rule the slopes. The report counts and compares; show it after the block.
    SettingError if one of them never ran: it names what ran instead.
    """
    known = (*sampler_override.NAMES, *op_overrides.NAMES)
    for name, function in functions.items():
        if name not in known:
            raise SettingError(f"using knows no {name!r}; known: {', '.join(known)}")
        if is_stub(function):
            raise SettingError(f"{name} is still the stub; write it first, then use it")
        if not callable(function):
            raise SettingError(f"{name} must be a function; got {type(function).__name__}")
    if not functions:
        raise SettingError("using needs a function, as in using(softmax=my_softmax)")
    report = UsageReport({name: CallStats() for name in functions})
    sampled = {name: f for name, f in functions.items() if name in sampler_override.NAMES}
    operated = {name: f for name, f in functions.items() if name not in sampled}
    sampling = sampler_override.SamplerOverride(sampled, report)
    operations = op_overrides.OpOverrides(operated, report)
    with ExitStack() as stack:
        if sampled:
            stack.enter_context(choosing(sampling.choose))
        if operated:
            stack.enter_context(composed())
            stack.enter_context(intercepting(operations.hook))
            stack.enter_context(op_overrides.watching(operations))
        yield report
    for name, tally in report.tallies.items():
        if not tally.calls:
            raise SettingError((sampling if name in sampled else operations).why_not(name))
