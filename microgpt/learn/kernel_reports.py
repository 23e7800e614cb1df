"""What was found in a kernel, in sentences: which thread, which element, which line."""

import numpy as np

from microgpt.errors import KernelError, SettingError
from microgpt.interpreter import Finding
from microgpt.interpreter.array_refusal import ArrayInExpression
from microgpt.interpreter.report import BARRIER, BOUNDS, RACE, UNWRITTEN, Involved
from microgpt.learn.kernel_runs import KernelRun
from microgpt.learn.messages import format_message, message_section
from microgpt.plain_text import pluralize

WRITES = "writes"


def describe_finding(run: KernelRun, finding: Finding) -> str:
    """Return a sentence about a finding; of a race also which orders come out right."""
    several = run.num_blocks > 1
    if finding.type == RACE and len(finding.involved) == 2:
        first, second = _race_order(*finding.involved)
        same = "_in_a_line" if first.line == second.line else ""
        key = "race_of_writes" if first.action == second.action == WRITES else "race"
        text = _message(
            key + same, first=_thread(first, several), does=first.action, element=first.element,
            line=first.line, second=_thread(second, several), does_too=second.action,
            other_line=second.line,
        )  # fmt: skip
        return f"{text} {describe_orders(run)}"
    if finding.type == BARRIER and finding.involved:
        return _describe_barrier(run, finding.involved)
    if finding.type in (BOUNDS, UNWRITTEN) and finding.involved:
        (one,) = finding.involved
        return _message(
            finding.type, thread=_thread(one, several), does=one.action, element=one.element,
            line=one.line, shape=_shape(one.element, finding.shape),
        )  # fmt: skip
    return f"{finding.text[0].upper()}{finding.text[1:]}."


def describe_orders(run: KernelRun) -> str:
    """Return in which orders of the threads the result is right, or what is not written at all."""
    if run.num_unwritten:
        count, total = run.num_unwritten, run.expected.size
        return _message("unwritten_output", count=count, total=total)
    wrong = run.wrong_orders(run.expected, 1e-5)
    right = [order for order in run.outputs if order not in wrong]
    if not wrong:
        return message_section("kernels")["right_in_all"]
    if not right:
        return message_section("kernels")["wrong_in_all"]
    return _message("right_in_some", right=" and ".join(right), wrong=" and ".join(wrong))


def describe_error(error: Exception) -> tuple[str, str]:
    """Return what stopped a kernel, in a sentence, and the key of its cause."""
    text = str(error)
    if isinstance(error.__cause__, NameError):
        return text, "kernel_name"
    if isinstance(error.__cause__, NotImplementedError):
        return text, "unwritten"
    if isinstance(error.__cause__, ArrayInExpression):
        return text, "kernel_array_for_number"
    if isinstance(error.__cause__, ArithmeticError):
        return text, "kernel_divided_by_zero"
    if error.__cause__ is not None:
        return text, "kernel_raised"
    if "must be a constant" in text:
        return text, "kernel_shape"
    if "did not end" in text:
        return text, "kernel_endless"
    if isinstance(error, SettingError) and text.startswith("arguments"):
        return text, "kernel_parameters"
    has_source = isinstance(error, KernelError) and not text.startswith("the source of")
    return text, "kernel_refused" if has_source else "kernel_source"


def _race_order(one: Involved, other: Involved) -> tuple[Involved, Involved]:
    """Return who writes first, then who reads; of two of a kind, in the order of the threads."""
    key = lambda involved: (involved.action != WRITES, involved.block, involved.threads)  # noqa: E731
    first, second = sorted((one, other), key=key)
    return first, second


def _describe_barrier(run: KernelRun, groups: tuple[Involved, ...]) -> str:
    """Return which threads wait at which line, and which have ended."""
    parts = []
    for group in groups:
        threads = _threads(run, group)
        key = "ended" if group.action == "ended" else "waits"
        parts.append(_message(key, threads=threads, line=group.line))
    block = _message("in_block", block=groups[0].block) if run.num_blocks > 1 else ""
    text = block + "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _threads(run: KernelRun, group: Involved) -> str:
    """Return which threads a group has, or how many of a block with two axes."""
    numbers = group.threads
    if len(numbers) == 1:
        return _message("one_thread", label=group.label)
    if isinstance(run.block, tuple) and len(run.block) > 1:
        return _message("some_threads", count=len(numbers), label=group.label)
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    stretches = [stretch.tolist() for stretch in np.split(np.array(numbers), breaks)]
    shown = [
        _message("stretch", first=s[0], last=s[-1]) if len(s) > 1 else str(s[0]) for s in stretches
    ]
    return _message("threads", numbers=", ".join(shown))


def _shape(element: str, shape: tuple[int, ...]) -> str:
    """Return what an array has: 16 elements, 5 rows and 7 columns, or a shape."""
    array = element.partition("[")[0]
    if len(shape) == 1:
        return _message("has_elements", array=array, elements=pluralize(shape[0], "element"))
    if len(shape) == 2:
        rows, columns = pluralize(shape[0], "row"), pluralize(shape[1], "column")
        return _message("has_rows", array=array, rows=rows, columns=columns)
    return _message("has_shape", array=array, shape=shape)


def _thread(one: Involved, several: bool) -> str:
    key = "thread_of_block" if several else "thread"
    return _message(key, label=one.label, block=one.block)


def _message(key: str, **values: object) -> str:
    return format_message("kernels", key, **values)
