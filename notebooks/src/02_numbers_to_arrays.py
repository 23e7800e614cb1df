# %% [markdown]
# # How do tens of thousands of nodes become a handful?
#
# In notebook 01, every single number was a node of the graph. A whole GPT made of such numbers is
# slow, and nobody can take it all in. Here you bundle the numbers. Then you can count the nodes on
# your fingers and toes, and the backward pass needs new rules. You write two of them.
#
# You need notebook 01. One name from the list `names-mini` is enough to learn from.

# %% tags=["imports", "varies"]
import itertools
import math
import statistics
import time

import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% [markdown]
# ## One name, twice
#
# The next cells send one name through a new, untrained model as large as notebook 00's, forwards
# and back. First each number is a `Value`. Then the same calculation uses `Tensor`, which
# holds many numbers in one node. `float64` asks for numbers of 16 digits.

# %% tags=["imports", "varies"]
names = mg.load_corpus("names-mini")
tokenizer, name = names.tokenizer(), names[0]
ids = tokenizer.encode(name, bos=True, eos=True)
config = mg.GPTConfig.microgpt(vocab_size=tokenizer.vocab_size)
gpt, scalar_gpt = mg.GPT(config, dtype="float64", backend="numpy"), mg.ScalarGPT(config)
scalar_gpt.load_state_dict(gpt.state_dict())
print(f"the name {name!r} has the tokens {ids}, and the GPT {gpt.parameter_count():,} parameters")

# %% tags=["varies"]
def graph(last):
    seen, waiting = {last}, [last]
    while waiting:
        new = {node for node in waiting.pop().inputs if node not in seen}
        seen |= new
        waiting += new
    return seen

for label, model in {"Value": scalar_gpt, "Tensor": gpt}.items():
    start = time.perf_counter()
    L = model.loss(ids[:-1], ids[1:])
    L.backward()
    seconds = time.perf_counter() - start
    print(f"{label:6}: {len(graph(L)):6,} nodes, {seconds:.4f} seconds, loss {float(L.data):.12f}")
print(f"knowing nothing costs {math.log(tokenizer.vocab_size):.2f}")

# %% [markdown]
# ## The same sums, in bundles
#
# An **array** is a block of numbers in rows and columns, or along more than two directions. Each
# direction is an **axis**, numbered from 0. The **shape** lists how long each axis is. The array
# below has two rows and three columns, so its shape is (2, 3). NumPy, `np` in code, is Python's
# library for arrays.

# %%
a = np.array([[1, 2, 0], [0, 1, 3]])
print("shape", a.shape)
print("sum along axis 0, down the columns:", a.sum(axis=0))
print("sum along axis 1, along the rows:  ", a.sum(axis=1))

# %% [markdown]
# Here is a small network, twice. It has two inputs, eight hidden numbers with tanh, and one output.
# It reads 32 points. First with one node for each number:

# %%
rng = np.random.default_rng(1)
points, targets = rng.normal(size=(32, 2)), rng.normal(size=(32, 1))
starts = {"w1": rng.normal(size=(2, 8)), "b1": rng.normal(size=8), "w2": rng.normal(size=(8, 1))}
v = {name: np.vectorize(mg.Value)(start) for name, start in starts.items()}  # a Value each
losses = []
for point, target in zip(points, targets):
    hidden = [(sum(p * w for p, w in zip(point, v["w1"][:, j])) + v["b1"][j]).tanh() for j in range(8)]
    output = sum(h * w for h, w in zip(hidden, v["w2"][:, 0]))
    losses.append((output - target[0]) ** 2)
L = sum(losses) / 32
L.backward()
print(f"Value:  {len(graph(L)):5,} nodes, loss {L.data:.12f}")

# %% [markdown]
# Now with one node for each array. In `x @ w1`, all points meet all weights at once: this is a
# **matrix product**, and you look into it below. `requires_grad=True` asks for a gradient. The two
# ways give the same loss and the same gradients, except in the last digits.

# %%
x, t = mg.Tensor(points), mg.Tensor(targets)
w1, b1, w2 = (mg.Tensor(start, requires_grad=True) for start in starts.values())

def network(x):
    h = (x @ w1 + b1).tanh()
    return h @ w2

L = ((network(x) - t) ** 2).mean()
L.backward()
print(f"Tensor: {len(graph(L)):5,} nodes, loss {float(L.data):.12f}")
scalar_grad, size = np.vectorize(lambda value: value.grad)(v["w1"]), abs(w1.grad).max()
print(f"largest difference between the gradients of w1: {abs(scalar_grad - w1.grad).max():.0e}")
print(f"the largest of them is {size:.2f}; the next number of 16 digits is {np.spacing(size):.0e} above it")

# %% [markdown]
# ## Which row meets which column?
#
# Take x of shape (2, 3) and w of shape (3, 4). Each number of y = x @ w comes from one row of x and
# one column of w: multiply them pair by pair, and add up. For the row (1, 2, 0) and the column
# (2, 1, 0), that is 1·2 + 2·1 + 0·0 = 4.
#
# In the view below, point at a number of y and see which row and which column it comes from.

# %%
mg.widgets.XRay()

# %% [markdown]
# ### Which shapes come out?
#
# The rule for a matrix product: (B, I) @ (I, O) gives (B, O), for B rows, I inputs and O outputs. The
# middle sizes must be equal. Each pair of a row and a column gives one number, so the middle size does not appear in the result.
# When a row is added to many rows, it is first copied to their shape: in the ledger, row 1 copies
# b1 to the shape of row 0. Fill in the shapes that are missing.

# %%
mg.shapes(network, x, blanks=True, w1=w1, b1=b1, w2=w2)

# %% [markdown]
# A GPT's ledger is longer. Some nodes of its graph do several operations at once; the ledger lists
# each. An array turned on its side, with rows and columns exchanged, is its **transpose**, written
# wᵀ: (27, 16) becomes (16, 27). B is 1 name, T the number of tokens that it reads, C = 16 the width
# of an embedding, and V = 27 the number of tokens there are. The last row puts the rows of all names
# under each other: (B·T, V).

# %%
mg.shapes(gpt, ids[:-1], blanks=2)

# %% [markdown]
# ## And backwards?
#
# For y = x @ w, you are given dy: the gradient of the loss with respect to each number of y. You
# want dx and dw. Each is a product of two arrays, one of them perhaps transposed.

# %% tags=["predict:02.shapes"]
# source: misconception: matching shapes prove a rule
# source: answer: 8
# source: gives away: all eight|eight of eight|\b8 of 8
mg.learn.predict(
    "02.shapes",
    "x and w are (3, 3). Take dy or dyᵀ, and w or wᵀ, in either order: how many of the 8 products fit dx?",
    (1, 2, 4, 8),
)

# %% tags=["shows:02.shapes"]
def candidates(B, I, O):
    x, w, dy = rng.normal(size=(B, I)), rng.normal(size=(I, O)), rng.normal(size=(B, O))
    leaf = mg.Tensor(x, requires_grad=True)
    (leaf @ mg.Tensor(w)).backward(dy)
    factors = {"dy": dy, "dyᵀ": dy.T, "w": w, "wᵀ": w.T}
    pairs = [(a, b) for a, b in itertools.permutations(factors, 2) if ("w" in a) != ("w" in b)]
    fits = [(a, b) for a, b in pairs if factors[a].shape[1] == factors[b].shape[0]]
    shaped = [(a, b) for a, b in fits if (factors[a] @ factors[b]).shape == x.shape]
    right = [f"{a} @ {b}" for a, b in shaped if np.allclose(factors[a] @ factors[b], leaf.grad)]
    print(f"B, I, O = {B}, {I}, {O}: {len(shaped)} of {len(pairs)} have the shape; right: {right}")
    return len(shaped)

num_shaped, *others = (candidates(*sizes) for sizes in ((3, 3, 3), (2, 3, 3), (2, 3, 4)))

# %% tags=["answer:02.shapes"]
mg.learn.reveal("02.shapes", num_shaped)

# %% [markdown]
# So the rule for x takes the transpose of w: dx = dy @ wᵀ. The gradient of an input adds up, over
# all outputs that it was used in, their gradient times the weight. Point at a number of dx in the
# view, and a row of dy and a row of w light up.

# %%
mg.widgets.XRay(backward=True)

# %% [markdown]
# ### Your turn: the way back through a matrix product
#
# Exercise, 7 minutes. `matmul_backward(dy, x, w) -> (dx, dw)`, with dy (B, O), x (B, I), w (I, O),
# dx (B, I) and dw (I, O). For the matrix product y = x @ w, return the gradients with respect to
# x and w. Change no input. Example: with x = `[[1, 2]]`, w = `[[3], [4]]` and dy = `[[10]]`, dx is `[[30, 40]]` and dw
# is `[[10], [20]]`. Hints: `mg.learn.hint("02.matmul_backward")`.

# %% tags=["exercise:02.matmul_backward"]
matmul_backward = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:02.matmul_backward"]
mg.learn.check("02.matmul_backward", matmul_backward)

# %% [markdown]
# ## What is the gradient of a copied number?
#
# `x @ w1` has shape (32, 8), and `b1` has shape (8,). To add them, NumPy acts as if it made 32 copies
# of the row `b1`. This is called **broadcasting**: compared from the right, where an axis is missing
# or has size 1, the numbers are copied. In the view, choose two shapes, and see the copies.

# %% tags=["predict:02.bias"]
# source: misconception: a copy shares the blame, so divide it
# source: answer: the sum of the four
# source: gives away: the sum of the four(?!",)|accumulat
mg.learn.predict(
    "02.bias",
    "One bias is added to four rows. Its gradient is …",
    ("that of one row", "the mean of the four", "the sum of the four"),
)

# %% tags=["shows:02.bias"]
mg.widgets.XRay(tab="broadcast")

# %% tags=["answer:02.bias"]
bias, rows = mg.Tensor(np.zeros(1), requires_grad=True), np.arange(1.0, 5.0)[:, None]
(mg.Tensor(np.zeros((4, 1))) + bias).backward(rows)
ways = {"that of one row": rows[0, 0], "the mean of the four": rows.mean(), "the sum of the four": rows.sum()}
mg.learn.reveal("02.bias", next(way for way, value in ways.items() if value == bias.grad[0]))

# %% [markdown]
# ### Your turn: undo a broadcast
#
# Exercise, 7 minutes. `unbroadcast(dy, shape) -> dx`. An array with that shape was copied until it
# had the shape of dy. Add up what the copies received, and return a new array with that shape; leave
# dy as it is. Example: for dy = `[[0, 1, 2], [3, 4, 5]]`, shape (3,) gives `[3, 5, 7]`, shape (2, 1)
# gives `[[3], [12]]`, and shape (), a single number, gives 15.

# %% tags=["exercise:02.unbroadcast"]
unbroadcast = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:02.unbroadcast"]
mg.learn.check("02.unbroadcast", unbroadcast)

# %% [markdown]
# What you wrote correctly now trains the network above: its gradients pass through your rules. The
# report compares them with the library's. `SGD` moves each parameter against its gradient, and
# `zero_grad` sets the gradients to 0 before the next pass.

# %%
answers = {"matmul_backward": matmul_backward, "unbroadcast": unbroadcast}
mine = {name: answer for name, answer in answers.items() if mg.learn.check(f"02.{name}", answer)}
if mine:
    optimizer, losses = mg.SGD([w1, b1, w2], 0.1), []
    with mg.learn.using(**mine) as report:
        for _ in range(10):
            optimizer.zero_grad()
            L = ((network(x) - t) ** 2).mean()
            losses.append(L.item())
            L.backward()
            optimizer.step()
    print(f"in 10 steps, the loss falls from {losses[0]:.2f} to {losses[-1]:.2f}")
    print(report)
else:
    print("There is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# ## How many digits does a check need?
#
# Notebook 01 compared gradients with finite differences, in numbers of 16 digits. Many models use
# 32 bits for a number, which is about 7 digits. How well can such a check work?

# %% tags=["predict:02.digits"]
# source: misconception: a check in the working precision is the honest one
# source: claims: float32_is_rough
# source: answer: 1 %
# source: gives away: about a per cent|7 digits are too few|\b1 %(?!")
mg.learn.predict(
    "02.digits",
    "With 7 digits and a step of 1e-5, the finite difference differs from the correct gradient by about …",
    ("nothing", "0.00001 %", "1 %"),
)

# %% tags=["experiment", "shows:02.digits"]
def check_error(dtype, h, seed):
    rng = np.random.default_rng(seed)
    x, w = (rng.normal(size=(8, 8)).astype(dtype) for _ in range(2))
    leaf = mg.Tensor(w, requires_grad=True, backend="numpy")
    (mg.Tensor(x, backend="numpy") @ leaf).tanh().sum().backward()
    step = np.zeros_like(w)
    step[0, 0] = h  # one weight moves
    high, low = (float(np.tanh(x @ moved).sum(dtype=dtype)) for moved in (w + step, w - step))
    return abs((high - low) / (2 * h) / leaf.grad[0, 0] - 1)

print("how far the finite difference is off, the median of five checks")
print("step       7 digits   16 digits")
for h in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
    pair = [statistics.median(check_error(t, h, seed) for seed in range(5)) for t in (np.float32, np.float64)]
    print(f"{h:.0e}  {100 * pair[0]:9.3f} %  {100 * pair[1]:8.1g} %")

# %% tags=["answer:02.digits"]
measured = statistics.median(check_error(np.float32, 1e-5, seed) for seed in range(5))
levels = {"nothing": 0, "0.00001 %": 1e-7, "1 %": 1e-2}
nearest = min(levels, key=lambda level: abs(math.log10(measured) - math.log10(levels[level] or 1e-12)))
fine = statistics.median(check_error(np.float64, 1e-5, seed) for seed in range(5))
mg.learn.reveal("02.digits", nearest, rough=f"{100 * measured:.1f} %", fine=f"{100 * fine:.0e} %")

# %% [markdown]
# ## Break it: forget one axis
#
# A line is fitted to 64 points: y = a·x + c. Somebody subtracts the targets, of shape (64,), from the
# predictions, of shape (64, 1). No error is raised.

# %% tags=["predict:02.line"]
# source: misconception: no error means right shapes
# source: claims: forgotten_axis
# source: answer: a flat line
# source: gives away: flat line(?!")|slope of 0|4,?096
mg.learn.predict(
    "02.line",
    "After 200 steps, the fitted line is …",
    ("as good as without the mistake", "on its way, but behind", "a flat line"),
)

# %% tags=["experiment"]
def fit(seed, forget_axis):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(64, 1))
    target = 2 * x[:, 0] + 1 + rng.normal(0, 0.3, 64)
    a, c = (mg.Tensor(np.zeros(1), requires_grad=True, backend="numpy") for _ in range(2))
    target = mg.Tensor(target if forget_axis else target[:, None], backend="numpy")
    optimizer = mg.SGD([a, c], 0.1)
    for _ in range(200):
        optimizer.zero_grad()
        L = ((mg.Tensor(x, backend="numpy") * a + c - target) ** 2).mean()
        L.backward()
        optimizer.step()
    return L.item(), a.item(), c.item()

print("without the mistake, one fit: loss {:.2f}, y = {:.2f}·x + {:.2f}".format(*fit(0, False)))

# %% tags=["shows:02.line"]
slopes = {}
for label, forget_axis in {"(64, 1) − (64, 1)": False, "(64, 1) − (64,)": True}.items():
    fits = [fit(seed, forget_axis) for seed in range(5)]
    slopes[forget_axis] = [abs(a) for _, a, _ in fits]
    for loss, a, c in fits:
        print(f"{label:17}: loss {loss:.2f}, y = {a:z.2f}·x + {c:.2f}")

# %% tags=["answer:02.line"]
is_flat = max(slopes[True]) < 0.05 * min(slopes[False])
mg.learn.reveal("02.line", "a flat line" if is_flat else "on its way, but behind")

# %% [markdown]
# ## What this does not show
#
# Arrays are faster for two reasons, which this notebook does not separate: Python takes fewer
# steps, and the loops inside an operation run as compiled code. Notebook 13 does. The GPT here is a
# list of shapes; notebooks 06 and 07 say what its rows are for.

# %% [markdown]
# ### You can now say
#
# A matrix product is rows meeting columns, and its backward pass is the same meeting with one side
# transposed. What broadcasting copied on the way out is added up on the way back. The right shape
# does not prove the right value, so I test with three different sizes.
#
# ### Explain to a friend
#
# Why is there no error when you subtract an array of shape (64,) from one of shape (64, 1), and what
# do you get?
#
# Next comes [notebook 03, Guess the next letter](03_guess_next_letter.ipynb).
