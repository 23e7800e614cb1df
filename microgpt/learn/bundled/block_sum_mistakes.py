"""The common mistakes of 14.block_sum: barriers, guards, and who adds what."""

from microgpt.interpreter.gallery import KERNELS
from microgpt.interpreter.report import UNWRITTEN
from microgpt.learn.bundled.kernel_rules import (
    ended_threads,
    gives_what,
    has_race,
    is_accumulator,
    misses_barrier_before_loop,
    misses_barrier_in_branch,
    misses_barrier_in_loop,
    outside_of,
    outside_shared,
    when,
)
from microgpt.learn.bundled.wrong_sums import (
    all_blocks_into_one,
    ends_too_early,
    everybody_writes_the_sum,
    first_part_only,
    half_begins_too_large,
    indexed_by_number,
    reads_beyond_the_end,
)
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def _everybody_adds(run):
    """Whether in each round of the loop every thread of the block writes."""
    adders = {}
    for access in run.accesses:
        is_write = access.operation == "write" and access.space == "shared"
        if is_write and run.lines.is_in_loop(access.line):
            adders.setdefault((access.block, access.phase, access.line), set()).add(access.thread)
    counts = [len(threads) for threads in adders.values()]
    return run.num_threads > 1 and bool(counts) and min(counts) == run.num_threads


def _begins_too_wide(run):
    """Whether threads add the element that lies as many places on as the block has threads."""
    distances = {
        access.element[0] - access.thread
        for access in (*run.accesses, *run.outside)
        if access.space == "shared" and access.operation != "write"
        if run.lines.is_in_loop(access.line)
    }
    return max(distances, default=0) == run.num_threads


def _writes_same_result(run):
    """Whether several threads of a block write the output, which none of them reads."""
    return any(len(writers) > 1 for writers in run.writers.values()) and not any(
        access.array == run.output_name and access.operation == "read" for access in run.accesses
    )


def _has_one_result(run):
    """Whether blocks write the same element of the output."""
    return any(len({block for block, _ in writers}) > 1 for writers in run.writers.values())


def _reads_unwritten(run):
    """Whether shared memory is read that nobody has written."""
    return any(one.type == UNWRITTEN and one.space == "shared" for one in run.findings)


def _goes_by_number(run):
    """Whether a block other than the first uses shared memory by the number of the thread."""
    used = {
        access.element
        for access in (*run.accesses, *run.outside)
        if access.space == "shared" and access.block == 1
    }
    return bool(used) and min(used) >= (run.num_threads,)


def _reads_the_first_part(run):
    """Whether the second block reads x at the threads' indices, as the first does."""
    reads = {
        (access.element, access.thread)
        for access in run.accesses
        if access.block == 1 and access.array == run.names[1]
    }
    return bool(reads) and all(element == (thread,) for element, thread in reads)


def _threads_without_number_leave(run, grid, block, x):
    """Whether the threads that never come to a barrier are those that have no number of x."""
    ended = ended_threads(run)
    return bool(ended) and all(number * block + thread >= len(x) for number, thread in ended)


def common_mistakes():
    """Return the mistakes; the first whose rule fits a failing run is named."""
    causes = message_section("14.block_sum")["mistakes"]
    mistakes = {
        "part indexed by the number": ("by_number", indexed_by_number, when(_goes_by_number)),
        "barrier in the branch": (
            "barrier_in_branch", KERNELS["sum_with_barrier_in_branch"].kernel,
            when(misses_barrier_in_branch),
        ),
        "guard around everything": (
            "guard_around_everything", KERNELS["sum_with_guard_around_everything"].kernel,
            _threads_without_number_leave,
        ),
        "x[me] in each block": (
            "first_part", first_part_only, when(_reads_the_first_part)
        ),
        "no guard": (
            "no_guard", reads_beyond_the_end, lambda run, *_: bool(outside_of(run, 1))
        ),
        "all blocks into out[0]": ("one_result", all_blocks_into_one, when(_has_one_result)),
        "every thread writes the sum": (
            "everybody_writes", everybody_writes_the_sum, when(_writes_same_result)
        ),
        "all threads add to out[block]": (
            "in_the_output", KERNELS["sum_in_output"].kernel,
            lambda run, *_: is_accumulator(run, "global"),
        ),
        "all threads add to part[0]": (
            "one_element", KERNELS["sum_in_one_element"].kernel, when(is_accumulator)
        ),
        "no barrier before the loop": (
            "no_first_barrier", KERNELS["sum_without_first_barrier"].kernel,
            lambda run, *_: not outside_shared(run) and misses_barrier_before_loop(run),
        ),
        "no `me < half`": (
            "everybody_adds", KERNELS["sum_by_every_thread"].kernel, when(_everybody_adds)
        ),
        "half begins too large": (
            "wide_half", half_begins_too_large, when(_begins_too_wide)
        ),
        "no barrier in the loop": (
            "no_barrier_in_loop", KERNELS["sum_without_barrier_in_loop"].kernel,
            when(misses_barrier_in_loop),
        ),
        "the rest not set to 0": (
            "no_zeros", KERNELS["sum_without_zeros"].kernel,
            lambda run, *_: _reads_unwritten(run) and not has_race(run),
        ),
        "the loop ends too early": ("early_end", ends_too_early, gives_what(ends_too_early)),
    }  # fmt: skip
    return tuple(
        CommonMistake(name, kernel, causes[key], matches=rule)
        for name, (key, kernel, rule) in mistakes.items()
    )
