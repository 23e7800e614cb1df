"""Attributes of PyTorch's tensors and NumPy's arrays, with the name that they have here."""

from typing import Any

OWN_NAMES = {
    "t.reshape(shape)": ("view", "view_as", "squeeze", "ravel"),
    "t.reshape(-1) or t.reshape(N, -1)": ("flatten",),
    "t[:, None]": ("unsqueeze",),
    "t.T, or t.transpose(axes) with all axes in their order": (
        *("permute", "swapaxes", "swapdims", "movedim", "mT", "t"),
    ),
    "t.broadcast_to(shape)": ("expand", "expand_as", "repeat", "tile"),
    "slices, t[:, :n]": ("split", "chunk", "narrow"),
    "list(t)": ("unbind",),
    "t[np.arange(N), ids] or t[:, ids]": ("gather", "index_select", "take", "take_along_dim"),
    "mg.ops.where(condition, x, y)": ("masked_fill", "masked_fill_", "masked_select"),
    "mg.ops.clip(t, min, max)": ("clamp", "clamp_", "clamp_min", "clamp_max"),
    "mg.Tensor(t, dtype=…); indices and masks are NumPy arrays": (
        *(
            "float",
            "double",
            "half",
            "bfloat16",
            "int",
            "long",
            "bool",
            "type",
            "type_as",
            "astype",
        ),
    ),
    't.to("numpy"), t.to("numba") or t.to("cuda"); t.backend is where it lives': (
        "cpu",
        "cuda",
        "device",
        "is_cuda",
    ),
    "t.size, t.shape[axis], t.ndim": ("numel", "nelement", "dim", "ndimension"),
    "t * 1 for a copy with history, t.numpy() for one without": ("clone", "copy", "contiguous"),
    "t.numpy().tolist()": ("tolist",),
    "t.numpy().strides, .nbytes, .itemsize or .flags": (
        "stride",
        "strides",
        "nbytes",
        "itemsize",
        "is_contiguous",
    ),
    "a new tensor, t.exp() or t.relu()": ("exp_", "log_", "relu_", "tanh_", "sigmoid_"),
    "t + …, t - …, t * …, t / …, t ** …": (
        *("add", "sub", "subtract", "mul", "multiply", "div", "divide", "pow", "neg"),
    ),
    "x @ y": ("mm", "bmm", "mv", "dot", "matmul"),
    "t ** 0.5, t ** -0.5, t * t, 1 / t": ("sqrt", "rsqrt", "square", "reciprocal"),
    "`t += …` under mg.no_grad(), or p.data[...] = …": (
        *("add_", "sub_", "mul_", "div_", "copy_", "fill_", "zero_", "uniform_", "normal_"),
    ),
    "t.max(axis), which gives the values alone, and t.argmax(axis)": (
        *("values", "indices", "amax", "topk", "sort"),
    ),
    "(-t).argmax(axis)": ("argmin",),
    "(t > 0).any(), (t == u).all()": ("any", "all", "eq", "ne", "lt", "le", "gt", "ge"),
    "np.… of t.numpy(), or operations of mg.ops: it has no gradient here": (
        *("sin", "cos", "log2", "log10", "log1p", "expm1", "sign", "floor", "ceil", "round"),
        *("prod", "cumsum", "cumprod", "argsort", "median", "isnan", "isfinite", "nonzero"),
    ),
    "(t * t).sum() ** 0.5": ("norm",),
    "t.requires_grad = True": ("requires_grad_",),
    "t.detach()": ("detach_",),
    "not t.inputs": ("is_leaf",),
    "t.op and t.inputs": ("grad_fn",),
    "mg.activations, or a leaf made of t.numpy()": ("retain_grad",),
}

OWN_NAMES |= {f"mg.ops.{name}(t, …)": (name,) for name in ("gelu", "layer_norm", "cross_entropy")}


class Size(int):
    """A number of elements: an int which, called as PyTorch's `t.size(0)`, says what to write."""

    __slots__ = ()

    def __call__(self, dim: Any = None) -> Any:
        own = "t.shape" if dim is None else f"t.shape[{dim}]"
        raise TypeError(f"size is no method here, t.size is the number of elements; write {own}")


class Elsewhere:
    """An attribute that says what to write instead; to `hasattr` and `dir` it does not exist."""

    def __init__(self, name: str, own: str):
        self.name, self.own = name, own

    def __get__(self, instance: Any, owner: type) -> Any:
        raise AttributeError(f"a Tensor has no attribute {self.name!r}; write {self.own}")


class ForeignNames:
    """A base class with an `Elsewhere` for each name.

    Not a `__getattr__`: a class that has one makes every access to every attribute slower.
    """

    __slots__ = ()

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in vars(ForeignNames)]


for _own, _names in OWN_NAMES.items():
    for _name in _names:
        setattr(ForeignNames, _name, Elsewhere(_name, _own))
