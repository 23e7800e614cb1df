"""`using`: run a real model with the learner's own functions."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from microgpt.autograd.engine import (
    decomposed,
    override_backward,
    override_ops,
    override_optimizer,
)
from microgpt.errors import Described, SettingError, StateError
from microgpt.learn import backward_overrides, op_overrides, optimizer_override, sampler_override
from microgpt.learn.answer_stub import is_stub
from microgpt.learn.backward_rules import TENSOR_RULES
from microgpt.learn.library_training import LibraryTraining
from microgpt.learn.messages import message_section
from microgpt.learn.usage_report import CallStats, UsageReport
from microgpt.sampling import override_sampler


@contextmanager
def using(**functions: Callable[..., Any]) -> Iterator[UsageReport]:
    """Run models with your functions: `with using(softmax=my_softmax) as report: …`.

    They apply in this block and thread, and have the signatures of the exercises. `sample`,
    `temperature` and `top_k` replace parts of the sampler in `generate`; operations (softmax,
    cross_entropy, relu, rms_norm, …) are replaced in every model, and `attention=many_heads`
    replaces all of a layer's attention, sequence by sequence. If an operation works on Tensors,
    gradients flow through it; if it returns arrays, the library's backward function gives the
    gradients. `mul_backward`, `tanh_backward` and `backward` replace parts of the backward pass on
    `Value`s, as in a `ScalarGPT`; `matmul_backward`, `unbroadcast`, `cross_entropy_backward` and
    `embedding_backward` on Tensors. An operation that is given together with its rule gives only
    the values. `adamw` replaces the step of Adam and AdamW, one parameter at a time, and
    `clip_grad_norm` the clipping of gradients where there is a limit. The report counts calls and
    compares results with the library's; show it after the block. Raises StateError, which names
    what ran instead, if a function never ran. If results differ and the block raises, the report is
    added to the error as a note.
    """
    _check_functions(functions)
    rules = functions.keys() & TENSOR_RULES
    report = UsageReport({n: CallStats(has_rule=f"{n}_backward" in rules) for n in functions})
    of_sampler = {name: f for name, f in functions.items() if name in sampler_override.NAMES}
    of_backward = {name: f for name, f in functions.items() if name in backward_overrides.NAMES}
    of_optimizer = {name: f for name, f in functions.items() if name in optimizer_override.NAMES}
    others = of_sampler.keys() | of_backward.keys() | of_optimizer.keys()
    of_ops = {name: f for name, f in functions.items() if name not in others}
    sampler = sampler_override.SamplerOverride(of_sampler, report)
    ops = op_overrides.OpOverrides(of_ops, report)
    passes = backward_overrides.BackwardOverrides(of_backward, report)
    # With operations or rules of the learner's, a loss differs for more reasons than the optimiser.
    training = None if of_ops or of_backward else LibraryTraining(report)
    optimizer = optimizer_override.OptimizerOverride(of_optimizer, report, training)
    with ExitStack() as stack:
        if of_sampler:
            stack.enter_context(override_sampler(sampler.choose))
        if of_ops:
            stack.enter_context(decomposed())
            stack.enter_context(override_ops(ops.hook))
        if of_backward:
            stack.enter_context(override_backward(passes.run))
            if passes.uses_tensors:
                stack.enter_context(decomposed())
        if of_optimizer:
            stack.enter_context(override_optimizer(optimizer))
            if training is not None:
                stack.enter_context(override_ops(training.hook))
        try:
            yield report
        except Exception as error:  # which a wrong function may have caused in the library's code
            if not report.matches_library:
                error.add_note(str(report))
            raise
    for name, stats in report.stats.items():
        if not stats.num_calls:
            for part in (sampler, passes, optimizer, ops):
                if name in part.functions:
                    raise StateError(part.why_not_called(name))


def _check_functions(functions: dict[str, Any]) -> None:
    """Raise SettingError on names that cannot be overridden and values that are not callable."""
    modules = (sampler_override, op_overrides, backward_overrides, optimizer_override)
    names = [name for module in modules for name in module.NAMES]
    if not functions:
        raise SettingError("functions", "at least one, as in using(softmax=my_softmax)", functions)
    for name, function in functions.items():
        if name in (reasons := message_section("using")["not_in_a_model"]):
            raise SettingError("function", "one that a model calls", name, reasons[name])
        if name not in names:
            raise SettingError("function", got=name, choices=names)
        if is_stub(function):
            raise SettingError(name, "your own function", Described("the stub, still unwritten"))
        if not callable(function):
            raise SettingError(name, "a function", type(function))
