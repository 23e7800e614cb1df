"""`borrowed_array`: a pointer as an array, for functions that count no references.

Numba's `carray` does the same, but only where references are counted.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


@intrinsic
def borrowed_array(typing_context, pointer, shape):
    """A C-contiguous array over memory that somebody else holds; the shape is a tuple."""
    array_type = types.Array(pointer.dtype, shape.count, "C")

    def codegen(context, builder, signature, arguments):
        data, sizes = arguments[0], cgutils.unpack_tuple(builder, arguments[1])
        itemsize = context.get_constant(
            types.intp, context.get_abi_sizeof(context.get_data_type(array_type.dtype))
        )
        strides = [itemsize]
        for size in reversed(sizes[1:]):
            strides.insert(0, builder.mul(strides[0], size))
        array = context.make_array(array_type)(context, builder)
        populate_array(array, data, sizes, strides, itemsize, meminfo=None)
        return array._getvalue()

    return array_type(pointer, shape), codegen


@intrinsic
def pointer_at(typing_context, address, like):
    """An address as a pointer to numbers of an array's dtype."""
    pointer = types.CPointer(like.dtype)

    def codegen(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(types.int64, like), codegen
