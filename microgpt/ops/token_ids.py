"""Check token ids and positions, and make them the int32 arrays that kernels read."""

import numpy as np

from microgpt.autograd.engine import Node
from microgpt.backends import DeviceArray, current_tracer, is_array
from microgpt.errors import DtypeError, ShapeError, TokenError

IGNORED = -1  # a target that no loss counts


def as_token_ids(tokens, copy_ids=False):
    """Return token ids as a C-contiguous int32 array; raise DtypeError unless they are integers.

    Ids on a device stay there. With `copy_ids`, as a copy, because backward needs the same ids
    again. While recording, an int32 array is never copied, because replays read new ids from that
    very array.
    """
    if is_array(tokens) and tokens.dtype == np.int32 and tokens.flags.c_contiguous:
        return tokens.copy() if copy_ids and current_tracer() is None else tokens
    if isinstance(tokens, DeviceArray):
        raise DtypeError(
            f"token ids on a device must be int32; got {tokens.dtype}; convert them on the host, "
            'by .numpy().astype("int32")'
        )
    if isinstance(tokens, Node):
        raise DtypeError("token ids are an array or a list of integers; got a tensor of floats")
    try:
        array = np.asarray(tokens)
    except ValueError:
        raise ShapeError("rows of token ids must all have one length; pad them") from None
    if array.size == 0:
        return array.astype(np.int32)
    if array.dtype.kind not in "iu":
        raise DtypeError(
            f"token ids must be integers; got {array.dtype} from a {type(tokens).__name__}"
        )
    if array.min() < -(2**31) or array.max() >= 2**31:
        raise TokenError(f"token ids must fit into 32 bits; got {array.min()} to {array.max()}")
    return array.astype(np.int32, order="C")


def check_position_array(position):
    """Raise ShapeError unless `position` is an int32 array (1,)."""
    if not is_array(position) or position.shape != (1,) or position.dtype != np.int32:
        raise ShapeError(f"position must be an int32 array (1,); got {position!r:.60}")
