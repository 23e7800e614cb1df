"""What PyTorch and NumPy call otherwise is answered with the name that it has here."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import ops
from microgpt.autograd.foreign_names import OWN_NAMES


def t():
    return mg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


ATTRIBUTES = {
    "view": r"t\.reshape\(shape\)",
    "permute": r"t\.transpose\(axes\)",
    "unsqueeze": r"t\[:, None\]",
    "float": "mg.Tensor",
    "values": r"t\.argmax\(axis\)",
    "clone": r"t \* 1",
    "masked_fill": r"mg\.ops\.where",
    "gelu": r"mg\.ops\.gelu\(t, …\)",
    "sub_": r"under mg\.no_grad\(\)",
    "retain_grad": "a leaf",
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes(name):
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'; write .*{ATTRIBUTES[name]}"):
        getattr(t(), name)


def test_the_table_names_nothing_that_exists():
    x = t()
    for names in OWN_NAMES.values():
        for name in names:
            assert name not in dir(x)
            assert not hasattr(x, name)
    assert "reshape" in dir(x)
    assert "__dict__" not in dir(x)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = x.nonsense


def test_attributes_are_as_fast_as_without_advice():
    """A `__getattr__` would keep the interpreter from specialising every access."""
    assert "__getattr__" not in dir(mg.Tensor)
    assert mg.Tensor.__getattribute__ is object.__getattribute__


KEYWORDS = {
    "sum": (lambda: t().sum(dim=0), "it is called axis here"),
    "mean": (lambda: t().mean(-1, keepdim=True), "it is called keepdims here"),
    "max": (lambda: t().max(dim=0), "axis"),
    "min": (lambda: t().min(dim=0), "axis"),
    "argmax": (lambda: t().argmax(dim=0), "axis"),
    "var": (lambda: t().var(0, unbiased=False), "correction=0"),
    "std": (lambda: t().std(0, ddof=1), "correction"),
    "softmax": (lambda: t().softmax(dim=1), "axis"),
    "log_softmax": (lambda: ops.log_softmax(t(), dim=1), "axis"),
    "cat": (lambda: ops.cat([t(), t()], dim=1), "axis"),
    "stack": (lambda: ops.stack([t(), t()], dim=1), "axis"),
    "clip": (lambda: t().clip(a_min=0), "it is called min here"),
    "backward": (lambda: t().sum().backward(retain_graph=True), "leave it out"),
}


@pytest.mark.parametrize("name", KEYWORDS)
def test_keywords(name):
    call, advice = KEYWORDS[name]
    with pytest.raises(TypeError, match=rf"^{name}\(\) has no argument .*{advice}"):
        call()


def test_habits_that_work(backend):
    x = t()
    assert x.T.numpy().tolist() == [[1, 3], [2, 4]]
    assert (+x) is x
    assert abs(-x).numpy().tolist() == x.numpy().tolist()
    assert sum([x, x]).requires_grad
    assert int(x.sum()) == 10
    assert x.argmax(1).tolist() == [1, 1]
    assert (x.argmax(axis=0) == np.array([1, 0])).mean() == 0.5
    np.testing.assert_allclose(x.softmax(0).numpy().sum(axis=0), 1, rtol=1e-6)
    np.testing.assert_allclose(x.softmax(axis=1).numpy(), x.softmax().numpy())
    loss = (x * x).sum()
    loss.backward()
    loss.backward()
    assert x.grad.tolist() == [[4, 8], [12, 16]]
    with pytest.raises(TypeError, match=r"mg\.ops\.where"):
        x[x > 2] = 0


@pytest.mark.parametrize(
    ("call", "own"),
    [
        (lambda x: x.size(), r"write t\.shape$"),
        (lambda x: x.size(0), r"write t\.shape\[0\]$"),
        (lambda x: x.size(dim=-1), r"write t\.shape\[-1\]$"),
    ],
)
def test_size_is_a_number(call, own):
    x = t()
    assert x.size == 4
    assert np.zeros(x.size).shape == (4,)
    assert f"{x.size} {x.size:,}" == "4 4"
    with pytest.raises(TypeError, match=rf"^size is no method here.*{own}"):
        call(x)
