"""All shapes of up to three axes with sizes from 1 to 4."""

import itertools

SHAPES = [shape for axes in range(4) for shape in itertools.product((1, 2, 3, 4), repeat=axes)]
