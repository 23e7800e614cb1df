"""The loops that run a tape: a graph of single numbers, one row for each of them.

Row i holds `operation[i]` and its operands, the rows `first[i]` and `second[i]`; an operation of
one operand names it twice. Operands come before what is computed from them, so that one loop
forward is the whole computation, and one loop over the walk, backwards, the whole chain rule.

The readable twin is `value.py`, and these loops repeat its numbers to the last bit. Hence no
fastmath (a product and a sum that are rounded together lose a digit that Python keeps), and every
exponent comes as data: a literal one would become a product or a quotient, where Python calls
`pow`.
"""

import math

from microgpt.backends.numba_cpu.jit.compile import SerialKernel

OPERATIONS = ("leaf", "+", "*", "**", "exp", "log", "tanh", "relu", "sigmoid", "max")
LEAF, ADD, MULTIPLY, POWER, EXP, LOG, TANH, RELU, SIGMOID, MAX = range(len(OPERATIONS))


def exact(function):
    """A loop that computes in the order in which it is written."""
    return SerialKernel(function, fastmath=set())


@exact
def forward(data, operation, first, second, start, stop):
    """Compute rows start … stop−1; returns `stop`, or the first row that has no answer."""
    for i in range(start, stop):
        what = operation[i]
        x, y = data[first[i]], data[second[i]]
        z = x * y if what == MULTIPLY else x + y  # nearly every row, and no branch to guess
        if what > MULTIPLY:
            if what == EXP:
                z = math.exp(x)
            elif what == MAX:
                z = y if y > x else x
            elif what == RELU:
                z = x if x > 0 or x != x else 0.0
            elif what == POWER:
                z = math.pow(x, y)
            elif what == LOG:
                z = math.log(x)
            elif what == TANH:
                z = math.tanh(x)
            else:
                small = math.exp(-abs(x))
                z = (1.0 if x >= 0 else small) / (1.0 + small)
            # An overflow, the logarithm of what is not above 0: `Value` refuses these.
            if (math.isfinite(x) and not math.isfinite(z)) or (what == LOG and not x > 0):
                return i
        data[i] = z
    return stop


@exact
def walk(order, stack, seen, first, second, root, floor):
    """Write the rows that `root` depends on, each after its operands; returns how many.

    Depth first, the first operand before the second, as `engine.topological_order`. Rows below
    `floor` are not entered, nor are rows marked in `seen`.
    """
    count, depth, node = 0, 0, root
    while True:
        while node >= floor and not seen[node]:  # down, along first operands
            seen[node] = True
            stack[depth] = node
            depth += 1
            node = first[node]
        while depth > 0:  # up, to a row whose second operand is still to be walked
            node = stack[depth - 1]
            other = second[node]
            if other >= floor and not seen[other]:
                node = other
                break
            order[count] = node
            count += 1
            depth -= 1
        else:
            break
    for k in range(count):
        seen[order[k]] = False
    return count


@exact
def backward(grad, data, operation, first, second, order):
    """Hand the gradient of each row of the walk to its operands, the last row first."""
    for k in range(order.size - 1, -1, -1):
        i = order[k]
        what, g = operation[i], grad[i]
        a, b = first[i], second[i]
        x, y, z = data[a], data[b], data[i]
        if what == MULTIPLY:
            grad[a] += y * g
            grad[b] += x * g
        elif what == ADD:
            grad[a] += g
            grad[b] += g
        else:
            if what == EXP:
                slope = z
            elif what == RELU:
                slope = 1.0 if x > 0 else 0.0
            elif what == POWER:
                slope = y * math.pow(x, y - 1) if y != 0 else 0.0
            elif what == LOG:
                slope = 1 / x
            elif what == TANH:
                slope = 1 - z * z
            else:
                slope = z * (1 - z)
            grad[a] += slope * g


@exact
def adam(data, grad, m, v, lr, beta1, beta2, correction1, correction2, eps, square, root):
    """The recipe's Adam, operation by operation; `square` is 2 and `root` is 1/2."""
    for i in range(m.size):
        m[i] = beta1 * m[i] + (1 - beta1) * grad[i]
        v[i] = beta2 * v[i] + (1 - beta2) * math.pow(grad[i], square)
        m_hat = m[i] / correction1
        v_hat = v[i] / correction2
        data[i] -= lr * m_hat / (math.pow(v_hat, root) + eps)
