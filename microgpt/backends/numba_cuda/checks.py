"""Checks of indices that a kernel wrote: a thread cannot raise, so it leaves a fault word.

The word (4,) int64 holds which check failed, the index, the value there, and the limit that it
had to keep. The next download, or `synchronize`, raises the error that NumPy's check would have
raised. Arrays of the host are checked by NumPy before they are uploaded.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.backends import index_errors
from microgpt.backends.device_array import DeviceArray
from microgpt.backends.device_memory import DeviceDriver
from microgpt.backends.numba_cuda._device import cuda
from microgpt.backends.numba_cuda._launch import BLOCK, threads
from microgpt.backends.numpy_ref import embedding, loss
from microgpt.errors import MicrogptError

int64 = np.int64
TOKEN, TARGET, IGNORED, POSITION = 1, 2, 3, 4  # which check


def _fault_of(driver: DeviceDriver) -> DeviceArray:
    """The fault word of a driver, all 0 if nothing is wrong."""
    if driver.fault is None:
        driver.fault = DeviceArray.allocate(driver, 4, int64)
        driver.fill(driver.fault, 0)
        driver.raise_fault = _raise_fault
    return driver.fault


def check_tokens(tokens, vocab_size):
    """Raise, or leave a fault, unless every token is within 0 … vocab_size − 1."""
    if isinstance(tokens, DeviceArray):
        _check_range[1, BLOCK](_fault_of(tokens.driver), tokens, 0, vocab_size, TOKEN)
    else:
        embedding.check_tokens(tokens, vocab_size)


def check_targets(targets, vocab_size, require_any):
    """The same for targets within −1 … vocab_size − 1, one of them not −1 if required."""
    if isinstance(targets, DeviceArray):
        fault = _fault_of(targets.driver)
        _check_range[1, BLOCK](fault, targets, -1, vocab_size, TARGET)
        if require_any:
            _check_any[1, BLOCK](fault, targets)
    else:
        loss.check_targets(targets, vocab_size, require_any)


def check_position(position, count, block_size):
    """The same for position (1,) … position + count − 1 within 0 … block_size − 1."""
    if isinstance(position, DeviceArray):
        _check_position[1, 1](_fault_of(position.driver), position, count, block_size)
    else:
        embedding.check_position(position, count, block_size)


@threads
def _check_range(fault, ids, low, high, check):
    """The first id outside low … high − 1; a fault that nobody has read yet stays."""
    first = cuda.shared.array(BLOCK, int64)
    t = cuda.threadIdx.x
    mine = ids.size
    for i in range(t, ids.size, BLOCK):
        if mine == ids.size and (ids[i] < low or ids[i] >= high):
            mine = i
    first[t] = mine
    stride = BLOCK // 2
    while stride > 0:
        cuda.syncthreads()
        if t < stride:
            first[t] = min(first[t], first[t + stride])
        stride //= 2
    if t == 0 and first[0] < ids.size and fault[0] == 0:
        fault[0] = check
        fault[1] = first[0]
        fault[2] = ids[first[0]]
        fault[3] = high


@threads
def _check_any(fault, targets):
    counts = cuda.shared.array(BLOCK, int64)
    t = cuda.threadIdx.x
    count = 0
    for i in range(t, targets.size, BLOCK):
        if targets[i] >= 0:
            count += 1
    counts[t] = count
    stride = BLOCK // 2
    while stride > 0:
        cuda.syncthreads()
        if t < stride:
            counts[t] += counts[t + stride]
        stride //= 2
    if t == 0 and counts[0] == 0 and fault[0] == 0:
        fault[0] = IGNORED


@threads
def _check_position(fault, position, count, block_size):
    if (position[0] < 0 or position[0] > block_size - count) and fault[0] == 0:
        fault[0] = POSITION
        fault[1] = position[0]
        fault[2] = count
        fault[3] = block_size


def _raise_fault(fault: np.ndarray) -> None:
    """Raise the error that a fault word stands for, with the name of the check."""
    check, index, value, limit = (int(number) for number in fault)
    errors: dict[int, tuple[str, Callable[[], Any]]] = {
        TOKEN: (
            "check_tokens",
            lambda: index_errors.raise_token_error({index: value}, index, limit),
        ),
        TARGET: (
            "check_targets",
            lambda: index_errors.raise_target_error({index: value}, index, limit),
        ),
        IGNORED: ("check_targets", index_errors.raise_all_ignored),
        POSITION: (
            "check_position",
            lambda: index_errors.raise_position_error(index, value, limit),
        ),
    }
    name, raise_error = errors[check]
    try:
        raise_error()
    except MicrogptError as error:
        raise type(error)(f"{error} (found on the device, by {name})") from None
