"""What a thread cannot do with an array: compute with all of it, or ask it for a method."""

from typing import Any, NoReturn


class ArrayInExpression(TypeError):
    """An array stands where a kernel needs one number."""


class RefusesArithmetic:
    """The operators, methods and loops that an array has in NumPy, and no array in a kernel."""

    __slots__ = ()
    name: str
    shape: tuple[int, ...]
    full_shape: tuple[int, ...]

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        count = len(self.full_shape)
        index = ", ".join("ijk"[:count]) if count <= 3 else "i, …"
        array = self.name if len(self.shape) == count else f"a row of {self.name}"
        raise ArrayInExpression(
            f"a kernel computes with single numbers, and {array} is an array of shape "
            f"{self.shape}; index its elements, such as {self.name}[{index}]"
        )

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # what Python and NumPy ask any object
            raise AttributeError(attribute)
        raise ArrayInExpression(
            f"a kernel has no {self.name}.{attribute}; loop over the elements, such as "
            f"{self.name}[{', '.join('ijk'[: len(self.full_shape)])}]"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __neg__ = __pos__ = __abs__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __float__ = __int__ = __index__ = __bool__ = __iter__ = _refuse
    __array_ufunc__ = __array_function__ = __array__ = _refuse
