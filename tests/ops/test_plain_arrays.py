"""Operations called with plain arrays: they say which argument must be a Tensor, and what to do."""

import inspect
from functools import partial

import numpy as np
import pytest

import microgpt as mg
from microgpt import ops

STATE = np.zeros(2, np.int64)
POSITION = np.zeros(1, np.int32)


def array(*shape):
    return np.ones(shape, np.float32)


# The tensors of a valid call; then whatever else it takes.
SPECIAL = {
    "linear": ([(2, 3), (4, 3)], ()),
    "linear_gelu": ([(2, 3), (4, 3)], ()),
    "linear_relu": ([(2, 3), (4, 3)], ()),
    "linear_residual": ([(2, 3), (4, 3), (4,), (2, 4)], ()),
    "linear_cross_entropy": ([(2, 3), (4, 3)], ([0, 1],)),
    "cross_entropy": ([(2, 3)], ([0, 1],)),
    "cross_entropy_per_token": ([(2, 3)], ([0, 1],)),
    "embedding": ([(3, 2)], ()),
    "token_position_embedding": ([(3, 2), (3, 2)], ()),
    "layer_norm": ([(2, 3), (3,), (3,)], ()),
    "rms_norm": ([(2, 3)], ()),
    "matmul": ([(2, 2), (2, 2)], ()),
    "rmatmul": ([(2, 2), (2, 2)], ()),
    "matmul_transposed": ([(2, 2), (2, 2)], ()),
    "causal_softmax": ([(2, 2)], ()),
    "causal_attention": ([(1, 1, 2, 2)] * 3, ()),
    "self_attention": ([(1, 2, 6)], (1,)),
    "dropout_attention": ([(1, 2, 6)], (1, 0.1, STATE)),
    "decode_attention": ([(1, 1, 1, 2)], (array(1, 1, 4, 2), array(1, 1, 4, 2), POSITION)),
    "decode_self_attention": ([(1, 1, 6)], (array(1, 1, 4, 2), array(1, 1, 4, 2), POSITION, 1)),
    "dropout": ([(3,)], (0.1, STATE)),
    "dropout_residual": ([(3,), (3,)], (0.1, STATE)),
    "split_heads": ([(1, 2, 4)], (2,)),
    "merge_heads": ([(1, 2, 2, 2)], ()),
    "broadcast_to": ([(3,)], ((2, 3),)),
    "reshape": ([(4,)], ((2, 2),)),
    "index": ([(3,)], (0,)),
    "clip": ([(3,)], (0.0,)),
    "power": ([(3,)], (2.0,)),
    "rpower": ([(3,)], (2.0,)),
}
# These take token ids before their tensors.
TOKEN_IDS = {"embedding": [0], "token_position_embedding": [[0]]}
# Beside a tensor, these take an array as a tensor.
TAKES_ARRAYS = {
    *("add", "subtract", "rsubtract", "multiply", "divide", "rdivide", "outer"),
    *("matmul", "rmatmul", "matmul_transposed", "causal_attention"),
}
# one_hot takes token ids; the others have sentences of their own.
ON_ARRAYS = {"one_hot", "where", "cat", "stack"}


def call_of(name):
    """Return the shapes of an operation's tensors, and its other arguments."""
    if name in SPECIAL:
        return SPECIAL[name]
    num_tensors = sum(
        parameter.default is inspect.Parameter.empty
        and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        for parameter in inspect.signature(getattr(ops, name)).parameters.values()
    )
    return [(3,)] * num_tensors, ()


@pytest.mark.parametrize("name", sorted(set(ops.__all__) - ON_ARRAYS))
def test_it_says_what_to_write(backend, name):
    op, (shapes, others) = getattr(ops, name), call_of(name)
    parameters = list(inspect.signature(op).parameters)
    if name in TOKEN_IDS:
        op, parameters = partial(op, TOKEN_IDS[name]), parameters[1:]
    op(*[mg.Tensor(array(*shape)) for shape in shapes], *others)  # a valid call
    for wrong in range(len(shapes)):
        arguments = [mg.Tensor(array(*shape)) for shape in shapes]
        arguments[wrong] = array(*shapes[wrong])
        label = parameters[wrong]
        if wrong and name in TAKES_ARRAYS:
            op(*arguments, *others)
            continue
        expected = rf"^mg\.ops\.{name} needs a Tensor as {label}; got an array of shape \(.*\): "
        with pytest.raises(TypeError, match=rf"{expected}write mg\.Tensor\({label}\)$"):
            op(*arguments, *others)
    with pytest.raises(TypeError, match=rf"mg\.ops\.{name} needs a Tensor as \w+; got "):
        op(*[array(*shape) for shape in shapes], *others)


@pytest.mark.parametrize(("value", "came"), [([1.0, 2.0], "list"), (3.0, "float"), (None, "None")])
def test_it_says_what_came(value, came):
    with pytest.raises(TypeError, match=rf"mg\.ops\.relu needs a Tensor as x; got .*{came}"):
        ops.relu(value)
    with pytest.raises(TypeError, match=r"mg\.ops\.negative needs a Tensor as x"):
        ops.negative(x=value)  # though it calls another operation


def test_other_errors_are_as_they_were():
    class Odd:
        """Neither a tensor nor what was called with."""

    with pytest.raises(AttributeError, match="'Odd' object has no attribute 'nothing'"):
        ops.causal_attention(
            *[mg.Tensor(array(1, 1, 2, 2))] * 3, hook=lambda label, node: Odd().nothing
        )
    with pytest.raises(mg.ShapeError):
        ops.matmul(mg.Tensor(array(2, 3)), mg.Tensor(array(2, 3)))


@pytest.mark.parametrize("name", ["cat", "stack", "where"])
def test_those_that_take_several(name):
    arguments = ([array(3), array(3)],)
    if name == "where":
        arguments = (array(3) > 0, array(3), array(3))
    with pytest.raises(TypeError, match="for arrays, use"):
        getattr(ops, name)(*arguments)
