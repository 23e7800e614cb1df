"""The loops that run a tape: a graph of single numbers, one row for each.

Row i holds `opcode[i]` and its operands, the rows `first[i]` and `second[i]`; an operation of
one operand names it twice. Operands come before what is computed from them, so that one loop over
all rows is the forward pass, and one over the topological order, reversed, the backward pass.

The readable version is `value.py`, and these loops repeat its numbers to the last bit. Hence no
fastmath (a product and a sum that are rounded together lose a digit that Python keeps), and every
exponent comes as data: a literal one would become a product or a quotient, where Python calls
`pow`.
"""

import math

from microgpt.backends.numba_cpu.jit.kernel import SerialKernel

OP_NAMES = ("leaf", "+", "*", "**", "exp", "log", "tanh", "relu", "sigmoid", "max", "base**")
LEAF, ADD, MULTIPLY, POWER, EXP, LOG, TANH, RELU, SIGMOID, MAX, RPOWER = range(len(OP_NAMES))


def no_fastmath(function):
    """A loop that computes in the order in which it is written."""
    return SerialKernel(function, flags={"fastmath": set()})


@no_fastmath
def forward(data, opcode, first, second, start, stop):
    """Compute rows start … stop−1; returns `stop`, or the first row that has no answer."""
    for i in range(start, stop):
        op = opcode[i]
        x, y = data[first[i]], data[second[i]]
        z = x * y if op == MULTIPLY else x + y  # nearly every row, and no branch to guess
        if op > MULTIPLY:
            if op == EXP:
                z = math.exp(x)
            elif op == MAX:
                z = y if y > x else x
            elif op == RELU:
                z = x if x > 0 or x != x else 0.0
            elif op == POWER:
                z = math.pow(x, y)
            elif op == LOG:
                z = math.log(x)
            elif op == TANH:
                z = math.tanh(x)
            elif op == RPOWER:
                z = math.pow(y, x)
            else:
                e = math.exp(-abs(x))
                z = (1.0 if x >= 0 else e) / (1.0 + e)
            # An overflow, the logarithm of what is not above 0: `Value` refuses these.
            if (math.isfinite(x) and not math.isfinite(z)) or (op == LOG and x <= 0):
                return i
        data[i] = z
    return stop


@no_fastmath
def topological_order(order, stack, visited, first, second, root, first_row):
    """Write the rows that `root` depends on, each after its operands; return how many.

    Depth first, the first operand before the second, as `engine.topological_order`. Rows below
    `first_row` are not entered, nor are rows marked in `visited`.
    """
    count, depth, node = 0, 0, root
    while True:
        while node >= first_row and not visited[node]:  # down, along first operands
            visited[node] = True
            stack[depth] = node
            depth += 1
            node = first[node]
        while depth > 0:  # up, to a row whose second operand is still to be walked
            node = stack[depth - 1]
            other = second[node]
            if other >= first_row and not visited[other]:
                node = other
                break
            order[count] = node
            count += 1
            depth -= 1
        else:
            break
    for k in range(count):
        visited[order[k]] = False
    return count


@no_fastmath
def backward(grad, data, opcode, first, second, order):
    """Add each row's gradient, times its local gradients, to its operands, the last row first."""
    for k in range(order.size - 1, -1, -1):
        i = order[k]
        op, g = opcode[i], grad[i]
        a, b = first[i], second[i]
        x, y, z = data[a], data[b], data[i]
        if op == MULTIPLY:
            grad[a] += y * g
            grad[b] += x * g
        elif op == ADD:
            grad[a] += g
            grad[b] += g
        else:
            if op == EXP:
                local_grad = z
            elif op == RELU:
                local_grad = 1.0 if x > 0 else 0.0
            elif op == POWER:
                local_grad = y * math.pow(x, y - 1) if y != 0 else 0.0
            elif op == LOG:
                local_grad = 1 / x
            elif op == TANH:
                local_grad = 1 - z * z
            elif op == RPOWER:
                local_grad = z * math.log(y) if y != 0 else 0.0
            else:
                local_grad = z * (1 - z)
            grad[a] += local_grad * g


@no_fastmath
def adam(data, grad, m, v, lr, beta1, beta2, correction1, correction2, eps, two, half):
    """Adam, operation by operation as in the recipe; its exponents, `two` and `half`, are data."""
    for i in range(m.size):
        m[i] = beta1 * m[i] + (1 - beta1) * grad[i]
        v[i] = beta2 * v[i] + (1 - beta2) * math.pow(grad[i], two)
        m_hat = m[i] / correction1
        v_hat = v[i] / correction2
        data[i] -= lr * m_hat / (math.pow(v_hat, half) + eps)
