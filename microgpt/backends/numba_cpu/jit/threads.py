"""Prints Numba's threading layer and number of threads as JSON; a program of its own.

Started threads would stay, and a numba that cannot be loaded would take the session with it.
"""

import json

import numba

if __name__ == "__main__":
    numba.set_num_threads(numba.get_num_threads())  # starts them, which settles the layer
    print(json.dumps({"layer": numba.threading_layer(), "threads": numba.get_num_threads()}))
