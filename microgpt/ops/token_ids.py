"""Token ids and positions as kernels read them: int32 arrays, checked."""

import numpy as np

from microgpt.backends import current_tracer
from microgpt.errors import DtypeError, ShapeError, TokenError


def as_token_ids(tokens, copy_ids=False):
    """Token ids as a C-contiguous int32 array; anything but integers raises.

    With `copy_ids`, a copy: what backward needs again must not change in between. The arrays of a
    recording are never copied, they are what a replay fills.
    """
    if isinstance(tokens, np.ndarray) and tokens.dtype == np.int32 and tokens.flags.c_contiguous:
        return tokens.copy() if copy_ids and current_tracer() is None else tokens
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
    """Raise a ShapeError for what kernels cannot read a position from."""
    if not isinstance(position, np.ndarray) or position.shape != (1,) or position.dtype != np.int32:
        raise ShapeError(f"position must be an int32 array (1,); got {position!r:.60}")
