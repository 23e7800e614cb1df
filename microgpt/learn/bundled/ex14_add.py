"""14.add: the kernel of one thread that adds two numbers."""

import numpy as np

from microgpt.interpreter import cuda
from microgpt.interpreter.gallery import KERNELS, TASKS
from microgpt.learn.bundled.kernel_rules import gives_what, unseeded, when
from microgpt.learn.exercise import CommonMistake, Example, Property
from microgpt.learn.kernel_exercise import KernelExercise
from microgpt.learn.kernel_goals import (
    leaves_inputs_unchanged,
    no_race,
    reads_what_was_written,
    shares_the_work,
    stays_inside,
    writes_each_element_once,
)
from microgpt.learn.kernel_remarks import remarks
from microgpt.learn.messages import message_section

TASK = TASKS["add"]
add = KERNELS["add"].kernel


def _by_hand(out, a, b):
    n = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    out[n] = a[n] + b[n]


def _in_strides(out, a, b):
    for n in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
        out[n] = a[n] + b[n]


def _with_guard(out, a, b):
    n = cuda.grid(1)
    if n >= out.shape[0]:
        return
    out[n] = a[n] + b[n]


def _block_plus_thread(out, a, b):
    n = cuda.blockIdx.x + cuda.threadIdx.x
    out[n] = a[n] + b[n]


def _thread_times_threads(out, a, b):
    n = cuda.threadIdx.x * cuda.blockDim.x + cuda.blockIdx.x
    out[n] = a[n] + b[n]


def _counted_from_one(out, a, b):
    n = cuda.grid(1) + 1
    out[n] = a[n] + b[n]


def _first_thread_alone(out, a, b):
    if cuda.grid(1) == 0:
        for n in range(out.shape[0]):
            out[n] = a[n] + b[n]


def _adds_to_output(out, a, b):
    n = cuda.grid(1)
    out[n] += a[n] + b[n]


def _first_only(out, a, b):
    n = cuda.grid(1)
    out[n] = a[n]


def _block_is_forgotten(run):
    """Whether each element that is written is written by the same thread of each block."""
    return (
        bool(run.writers)
        and run.num_blocks > 1
        and all(
            len({thread for _, thread in writers}) == 1 and len(writers) == run.num_blocks
            for writers in run.writers.values()
        )
    )


def _thread_is_forgotten(run):
    """Whether all threads of a block write one element, which no other block writes."""
    return (
        bool(run.writers)
        and run.num_threads > 1
        and all(
            len({block for block, _ in writers}) == 1 and len(writers) == run.num_threads
            for writers in run.writers.values()
        )
    )


def _everybody_does_all(run):
    """Whether every thread writes every element."""
    num_threads = run.num_threads * run.num_blocks
    return not run.num_unwritten and all(
        len(writers) == num_threads for writers in run.writers.values()
    )


def _blocks_overlap(run):
    """Whether each block begins one element after the block before it."""
    is_in_others = any(block > 0 for writers in run.writers.values() for block, _ in writers)
    return is_in_others and all(
        element == (block + thread,)
        for element, writers in run.writers.items()
        for block, thread in writers
    )


def _strides_too_far(run):
    """Whether an index out of bounds is a thread's number times the threads of a block."""
    return bool(run.outside) and all(
        access.element == (access.thread * run.num_threads + access.block,)
        for access in run.outside
    )


def _is_shifted(run):
    """Whether all arrays are asked for the index after the last, and the first is not written."""
    size = len(run.expected)
    is_everywhere = {access.array for access in run.outside} == set(run.names)
    indices = {access.element for access in run.outside}
    return is_everywhere and indices == {(size,)} and (0,) not in run.writers


def _one_does_all(run):
    """Whether one thread writes every element."""
    return not run.num_unwritten and len(set.union(*run.writers.values())) == 1


def _reads_its_output(run):
    """Whether an element of the output is read before it is written."""
    return any(one.type == "unwritten" and one.space == "global" for one in run.findings)


def _blocks(*threads):
    """Return the inputs of a property: two blocks of so many threads each, and their numbers."""

    def inputs(rng):
        for count in threads:
            yield 2, count, *TASK.make_inputs((2 * count,), rng)

    return inputs


_texts = message_section("14.add")
_descriptions, _causes = _texts["properties"], _texts["mistakes"]
_a, _b = np.arange(1, 17, dtype=np.float32), np.full(16, 10, np.float32)
_watched = unseeded(_blocks(4))
_rule_of = {
    "block forgotten": ("block_forgotten", KERNELS["add_without_block"].kernel,
                        when(_block_is_forgotten)),
    "only the block": ("only_the_block", KERNELS["add_without_thread"].kernel,
                       when(_thread_is_forgotten)),
    "every thread does everything": ("everything", KERNELS["add_by_every_thread"].kernel,
                                     when(_everybody_does_all)),
    "block plus thread": ("block_plus_thread", _block_plus_thread, when(_blocks_overlap)),
    "thread times threads": ("thread_times_threads", _thread_times_threads,
                             when(_strides_too_far)),
    "counted from 1": ("counted_from_one", _counted_from_one, when(_is_shifted)),
    "one thread alone": ("one_thread_alone", _first_thread_alone, when(_one_does_all)),
    "adds to the output": ("adds_to_output", _adds_to_output, when(_reads_its_output)),
    "a alone": ("first_only", _first_only, gives_what(_first_only)),
}  # fmt: skip
_remark_inputs = TASK.make_inputs((64,), np.random.default_rng(0))

ADD = KernelExercise(
    id="14.add",
    signature="add(out, a, b)",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example((2, 8, _a, _b), _a + _b),
    difficulty=1,
    importance=5,
    minutes=3,
    prerequisites=("index",),
    hints=tuple(_texts["hints"]),
    solution=add,
    alternative_solutions=(_by_hand, _in_strides, _with_guard, KERNELS["add_spread_out"].kernel),
    task=TASK,
    properties=(
        Property(_descriptions["inside"], _watched, stays_inside),
        Property(_descriptions["written_once"], _watched, writes_each_element_once),
        Property(_descriptions["shared_work"], _watched, shares_the_work),
        Property(_descriptions["unchanged"], _watched, leaves_inputs_unchanged),
        Property(_descriptions["assigned"], _watched, reads_what_was_written),
        Property(_descriptions["no_race"], _watched, no_race),
        Property(_descriptions["block_sizes"], _blocks(4, 8, 32)),
    ),
    common_mistakes=tuple(
        CommonMistake(name, kernel, _causes[key], matches=rule)
        for name, (key, kernel, rule) in _rule_of.items()
    ),
    success_message=remarks(add, 2, 32, _remark_inputs, np.add(*_remark_inputs)),
)
