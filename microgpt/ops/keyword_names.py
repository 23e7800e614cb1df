"""Keywords that PyTorch or NumPy use and this package calls otherwise, answered by its own name."""

from typing import NoReturn

OWN_NAMES = {
    "dim": "it is called axis here",
    "dims": "it is called axis here",
    "keepdim": "it is called keepdims here",
    "ddof": "it is called correction here",
    "unbiased": "write correction=1 for True, correction=0 for False",
    "a_min": "it is called min here",
    "a_max": "it is called max here",
    "dtype": "convert before the call, with mg.Tensor(x, dtype=…)",
    "retain_graph": "leave it out: a graph lives as long as its tensors",
    "create_graph": "leave it out: gradients are of first order only",
}


def raise_unknown_keyword(function: str, keywords: dict) -> NoReturn:
    """Raise TypeError for a keyword that `function` does not have; name the one to use."""
    name = next(iter(keywords))
    own = OWN_NAMES.get(name)
    raise TypeError(f"{function}() has no argument {name!r}" + (f"; {own}" if own else ""))
