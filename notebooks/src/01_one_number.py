# %% [markdown]
# # How does a number know its slope?
#
# In notebook 00, training corrected thousands of parameters after every name. Each of them needs the
# answer to one question: if this number grew a little, would the loss rise or fall, and how fast?
# Here you build the calculation that answers it for all parameters at once, beginning with a single
# multiplication.
#
# You need notebook 00 and, from school, the slope of a curve. There is no corpus: a few numbers are
# enough.

# %% tags=["imports", "varies"]
import math
import random
import statistics

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% [markdown]
# ## A slope can be measured
#
# Take a model with two parameters: a weight w, which multiplies the input x, and a bias b, which is
# added. Its output is tanh(w·x + b), where tanh is a curve that rises from −1 to 1. Its loss L is
# the squared distance between the output and a target t.
#
# How fast does L rise with w? Move w by a small step h to either side, and divide the change of L
# by 2h. A slope measured like this is a **finite difference**.

# %% tags=["experiment"]
def loss(w=0.5, x=2.0, b=-0.4, t=0.2):
    return (math.tanh(w * x + b) - t) ** 2

h = 0.001
slope = (loss(w=0.5 + h) - loss(w=0.5 - h)) / (2 * h)
print(f"at w = 0.50, the loss is {loss():.4f} and its slope {slope:.4f}")
print(f"so a w that is 0.01 larger should raise the loss by {0.01 * slope:.4f}")
print(f"at w = 0.51, the loss is higher by {loss(w=0.51) - loss():.4f}")

# %% [markdown]
# ### How small should the step be?
#
# In calculus, the slope is a limit: h becomes smaller and smaller. Your computer calculates with
# about 16 digits. The next cells try fifteen steps: 1e-1, which is one tenth, then a tenth of that,
# and so on down to 1e-15. First, your guess.

# %% tags=["predict:01.step"]
# source: misconception: the limit in the definition can be typed in
# source: claims: best_step
# source: answer: 1e-6
# source: gives away: rounding|1e-6|in between
mg.learn.predict("01.step", "Which step h measures the slope best?", ("1e-2", "1e-6", "1e-15"))

# %% tags=["shows:01.step"]
exact = 0.9593479070618168  # the slope by calculus; soon you get it without measuring
errors = {}
for n in range(1, 16):
    h = 10.0**-n
    slope = (loss(w=0.5 + h) - loss(w=0.5 - h)) / (2 * h)
    errors[f"1e-{n}"] = abs(slope - exact)
    digits = round(-math.log10(max(errors[f"1e-{n}"], 1e-16)))
    print(f"h = 1e-{n:<2}  slope {slope:.12f}  correct digits {'▪' * digits}")

# %% tags=["answer:01.step"]
best = min(("1e-2", "1e-6", "1e-15"), key=errors.get)
mg.learn.reveal("01.step", best, off=f"{100 * errors['1e-15'] / exact:.0f} %")

# %% [markdown]
# ## One walk back gives every slope
#
# A finite difference needs two runs of the whole calculation, and gives the slope of one parameter.
# Training needs the slopes of all of them, at every step.

# %%
num_parameters = mg.GPT(mg.GPTConfig.microgpt()).parameter_count()
print(f"a GPT like that of notebook 00 has {num_parameters:,} parameters")
print(f"finite differences: {2 * num_parameters:,} runs for one step of training")
print("a backward pass: 1 run forwards, and 1 walk back")

# %% [markdown]
# A `Value` is a number that remembers how it was computed. Draw an arrow (an edge) from each number
# to every result computed from it: together they form a **graph**. `L.backward()` walks back
# through it once, from L: that is the **backward pass**.
#
# It leaves in each number's `.grad` how fast L rises if you change this number and no other. Such a
# slope is a **partial derivative**, dL/dw, or with a curly ∂ in books. Code calls this number a
# gradient, too, and so does this notebook from here on.

# %%
w, x, b, t = mg.Value(0.5), mg.Value(2.0), mg.Value(-0.4), mg.Value(0.2)
product = w * x
total = product + b
output = total.tanh()
distance = output - t
L = distance**2
L.backward()
h = 1e-6
for name, value in {"w": w, "x": x, "b": b, "t": t}.items():
    rise = loss(**{name: value.data + h}) - loss(**{name: value.data - h})
    print(f"dL/d{name} = {value.grad:+.6f}, finite difference {rise / (2 * h):+.6f}")
print(f"dL/dw with all its digits: {w.grad}")

# %% [markdown]
# ## Each operation has a local gradient
#
# If one input of an operation grows, how fast does its result rise? That is its local gradient. For
# a + b, it is 1 for a and 1 for b. For a − b, it is 1 for a and −1 for b. For 5·a, it is 5. For a²,
# it is 2·a.
#
# The next cell goes back from L to w. Beside each gradient, it prints the local gradient of the
# step from this line to the line below.

# %%
path = {"L": L, "distance": distance, "output": output, "total": total, "product": product}
for name, number in path.items():
    print(f"{name:8} gradient {number.grad:.3f}, local gradient {number.local_grads[0]:.3f}")
print(f"w        gradient {w.grad:.3f}")

# %% [markdown]
# In each line, gradient times local gradient gives the gradient of the next line. If L rises 3
# times as fast as y, and y rises twice as fast as a, then L rises 6 times as fast as a. Along a
# path, multiply: this is the **chain rule**.
#
# $$\frac{dL}{da} = \frac{dL}{dy} \cdot \frac{dy}{da}$$
#
# Read it aloud: the gradient that arrives, times the local gradient.

# %% [markdown]
# Here is the whole graph, and below it L as a curve. Press *Start over*, then *Next edge* eight
# times. Each time, find the two numbers that are multiplied, and see where the product goes. Then
# move w, and compare the two numbers beside the curve. *Autograd* is the name for code that builds
# graphs and walks back through them.

# %%
mg.widgets.Stethoscope("(tanh(w*x + b) - t)**2", w=0.5, x=2.0, b=-0.4, t=0.2)

# %% [markdown]
# ### Your turn: one multiplication
#
# Exercise, 4 minutes. `mul_backward(a, b, dy) -> (da, db)`, all floats. For y = a·b, you are
# given dy, the gradient of the loss with respect to y. Return the gradients of the loss with
# respect to a and to b. Example: `mul_backward(2.0, 3.0, 10.0)` gives `(30.0, 20.0)`. If you need
# help, call `mg.learn.hint("01.mul")`.

# %% tags=["exercise:01.mul"]
mul_backward = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:01.mul"]
mg.learn.check("01.mul", mul_backward)

# %% [markdown]
# ### Your turn: one curve
#
# From calculus, the derivative of tanh at x is 1 − tanh²(x).
#
# Exercise, 4 minutes. `tanh_backward(x, dy) -> dx`, all floats. For y = tanh(x), you are given dy
# again. Return the gradient of the loss with respect to x. An x as large as 400 must work, and a
# finite difference is not exact enough. Example: `tanh_backward(0.6, 1.0)` gives about 0.7116. The
# view has this number at the edge from tanh to +.

# %% tags=["exercise:01.tanh"]
tanh_backward = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:01.tanh"]
mg.learn.check("01.tanh", tanh_backward)

# %% [markdown]
# ## What if a number is used twice?
#
# In y = a·a, two edges lead from a to y, one for each factor. After your guess, run the view and
# follow the two edges: *Start over*, then *Next edge* twice.

# %% tags=["predict:01.twice"]
# source: misconception: the last arrow to arrive wins, or arrows multiply
# source: answer: 6
# source: gives away: accumulate|\badd|\bsum\b|(?<![\w.,])6(?![\w.,])
mg.learn.predict("01.twice", "y = a·a and a = 3. What is dy/da?", (3, 6, 9))

# %% tags=["shows:01.twice"]
mg.widgets.Stethoscope("a*a", a=3.0, toggles=True)

# %% tags=["answer:01.twice"]
a = mg.Value(3.0)
(a * a).backward()
mg.learn.reveal("01.twice", round(a.grad))

# %% [markdown]
# The chain rule multiplies along a path; where paths meet, gradients add. Forgetting this is a
# famous bug: what arrives second replaces what arrived first. In the view, switch on *Forget to
# accumulate*, and compare the two numbers beside the curve. For which other examples does the bug
# change nothing? The sentence below the view says so, and why.

# %% [markdown]
# ## In which order does the walk go?
#
# With the chain rule, you could walk along every single path from the result back to the start, and
# add up what arrives. Take a small graph: start with y = x, then do y = y + y twenty times. Two
# edges lead from each sum to the next. Whenever the walk reaches a number, count one visit.

# %% tags=["predict:01.paths"]
# source: misconception: a graph is a tree with short cuts
# source: answer: 2,097,151
# source: gives away: 2,?097,?151|million|doubles
mg.learn.predict("01.paths", "21 numbers, and every path is walked. How many visits is that?", (21, 400, 2_097_151))

# %% tags=["shows:01.paths"]
x = mg.Value(1.0)
y = x
for _ in range(20):
    y = y + y

def visits(node):
    return 1 + sum(visits(operand) for operand in node.inputs)

num_visits = visits(y)
y.backward()
print(f"walking every path: {num_visits:,} visits")
print(f"visiting each number once: 21 visits, and dy/dx = {x.grad:,.0f}")

# %% tags=["answer:01.paths"]
mg.learn.reveal("01.paths", num_visits)

# %% [markdown]
# Each number is visited once, and may send its gradient on only after all numbers computed from
# it have sent theirs. To find such an order, list the numbers: before you add one, add its inputs
# in the same way, if they are missing. Each number comes after those it was computed
# from: a **topological order**. The backward pass takes it from the end.
#
# The table runs one correct and four wrong passes. A graph catches a pass if the answer is wrong
# there. Does one graph catch all four?

# %%
mg.learn.museum("01")

# %% [markdown]
# To follow a wrong order edge by edge, go back to the view of a·a. Choose the example
# `c = a*b; c*a + c` and another *Order*, and press *Next edge*.

# %% [markdown]
# ### Write the backward pass
#
# Exercise, 9 minutes. `backward(last) -> grads`. A node, like a `Value`, has `inputs`, the nodes it
# was computed from, and `local_grads`, one number for each.
# Return a dictionary with the gradient of `last` with respect to every node it depends on,
# itself included. Change no node. A graph may be 10,000 nodes deep; a check ends after 3
# seconds. Example: with a = 3 and y = a·a, `backward(y)` gives `{y: 1.0, a: 6.0}`.

# %% tags=["exercise:01.backward"]
backward = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:01.backward"]
mg.learn.check("01.backward", backward)

# %% [markdown]
# If `mul_backward` or `backward` is correct, a whole GPT now trains with it. Each number in this GPT
# is a `Value`: your rule runs at every multiplication, and your walk in every step. This GPT has
# no tanh, so that rule is not needed here. The report compares the gradients with the library's.

# %%
config = mg.GPTConfig.microgpt(n_embd=8)
model, tokens = mg.ScalarGPT(config), [26, 0, 13, 13, 0, 26]  # anna, with 26 at both ends
model.load_state_dict(mg.GPT(config).state_dict())
print(f"before training, the loss on this name is {model.loss(tokens[:-1], tokens[1:]).data:.2f}")
print(f"knowing nothing costs {math.log(config.vocab_size):.2f}")

# %%
answers = {"mul_backward": ("01.mul", mul_backward), "backward": ("01.backward", backward)}
mine = {name: answer for name, (id, answer) in answers.items() if mg.learn.check(id, answer)}
if mine:
    with mg.learn.using(**mine) as report:
        for _ in range(10):
            L = model.loss(tokens[:-1], tokens[1:])
            L.backward()
            for p in model.parameters():
                p.data, p.grad = p.data - 0.1 * p.grad, 0.0
    print(f"in the last of 10 steps, the loss is {L.data:.2f}")
    print(report)
else:
    print("There is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# ## Break it: does the loss show a wrong order?
#
# Suppose that the backward pass of your library does not go through a topological order. Would you
# notice in training? The network below has 54 parameters and learns a curve from 16 points. From its
# six hidden numbers it computes six corrections, and adds each to its number: so each is used
# twice. Adding the input of a calculation to its output is called a residual connection, and a GPT
# has several.

# %% tags=["predict:01.order"]
# source: misconception: if the loss falls, the gradient is right
# source: answer: about the same as in the right order
# source: no difference seen: depth_first_loss
# source: claims: depth_first_gradient
# source: gives away: forgives|about the same|no difference
mg.learn.predict(
    "01.order",
    "After 60 steps in the wrong order, the loss is …",
    ("as high as at the start", "higher than in the right order", "about the same as in the right order"),
)

# %% tags=["experiment"]
def new_parameters(seed):
    draw = random.Random(seed)
    return [mg.Value(draw.gauss(0, 0.5)) for _ in range(54)]

def network_loss(*parameters):
    weights, biases, outputs, *rows = [parameters[i : i + 6] for i in range(0, 54, 6)]
    total = 0
    for x in [-1 + 2 * i / 15 for i in range(16)]:
        h = [(w * x + b).tanh() for w, b in zip(weights, biases)]
        correction = [sum(w * v for w, v in zip(row, h)).tanh() for row in rows]
        h = [old + new for old, new in zip(h, correction)]  # the residual connection
        total += (sum(w * v for w, v in zip(outputs, h)) - math.sin(3 * x)) ** 2
    return total / 16

print(f"before training, the loss is {network_loss(*new_parameters(seed=0)).data:.2f}")

# %% [markdown]
# Here is the broken pass. A number passes its gradient on as soon as the walk gets there, even if
# more is still to arrive. Such a walk is called depth first, and its order is not a topological order.

# %% tags=["experiment"]
def depth_first(last, gradient=1.0):
    last.grad = gradient
    reached, waiting = {last}, [last]
    while waiting:
        node = waiting.pop()
        for operand, local_grad in zip(node.inputs, node.local_grads):
            operand.grad += local_grad * node.grad
            if operand not in reached:
                reached.add(operand)
                waiting.append(operand)

a, b = mg.Value(2.0), mg.Value(3.0)
c = a * b
depth_first(c * a + c)
print(f"c = a·b, then c·a + c: as in the museum, depth first gives a the gradient {a.grad:g}")

# %% tags=["experiment"]
def train(walk, seed):
    parameters, losses, gradients = new_parameters(seed), [], []
    for _ in range(60):
        L = network_loss(*parameters)
        walk(L)
        losses.append(L.data)
        gradients.append([p.grad for p in parameters])
        for p in parameters:
            p.data -= 0.05 * p.grad
            p.grad = 0.0
    return losses, gradients[0]

losses, _ = train(mg.Value.backward, seed=0)
print(f"in the right order, the loss falls from {losses[0]:.2f} to {losses[-1]:.2f}")
print(f"an output of 0 at every point would cost {network_loss(*[mg.Value(0.0)] * 54).data:.2f}")

# %% [markdown]
# Now both orders, from five different starts; it takes some seconds. The last number is the size of
# the error in the first gradient, as a share of the size of the right one. Equal gradients would
# give zero.

# %% tags=["shows:01.order"]
ratios, shares = [], []
for seed in range(5):
    right, gradient = train(mg.Value.backward, seed)
    wrong, wrong_gradient = train(depth_first, seed)
    ratios.append(wrong[-1] / right[-1])
    shares.append(math.dist(wrong_gradient, gradient) / math.hypot(*gradient))
    after = f"{right[-1]:.3f} in the right order, {wrong[-1]:.3f} depth first"
    print(f"loss {right[0]:.2f}, after 60 steps {after}; first gradient {100 * shares[-1]:.0f} % off")

# %% tags=["answer:01.order"]
logs = [math.log(ratio) for ratio in ratios]
is_seen = statistics.mean(logs) > 3 * statistics.stdev(logs)
mg.learn.reveal(
    "01.order",
    "higher than in the right order" if is_seen else "about the same as in the right order",
    low=f"{min(ratios):.2f}",
    high=f"{max(ratios):.2f}",
    off=f"{100 * min(shares):.0f} % to {100 * max(shares):.0f} %",
)

# %% [markdown]
# ### What catches it?
#
# Measuring does. `mg.gradcheck` compares every partial derivative with a finite difference. The
# next cell tries it with the right backward pass.

# %%
agrees = mg.gradcheck(network_loss, new_parameters(seed=0))
print(f"right order: all 54 partial derivatives agree with finite differences: {agrees}")

# %% [markdown]
# Now with the broken one. A `DepthFirst` wraps L without changing it, so that `gradcheck` uses our
# broken walk. The check stops at the first parameter that it finds wrong, and prints both numbers.

# %%
class DepthFirst(mg.Value):
    def backward(self, gradient=1.0):
        depth_first(self, gradient)

def broken_loss(*parameters):
    L = network_loss(*parameters)
    return DepthFirst(L.data, (L,), (1.0,))

try:
    mg.gradcheck(broken_loss, new_parameters(seed=0))
except mg.GradientError as error:
    print("depth first:", error)

# %% [markdown]
# ## What this does not show
#
# A gradient is right for small steps only; notebook 08 asks how far to step. Many models calculate
# with 7 digits, where measuring is rougher. A corner has no single slope: in the view, choose relu,
# which is 0 below 0 and x above. And a right backward pass makes a model trainable, not good.

# %% [markdown]
# ### You can now say
#
# A partial derivative says how fast the loss rises if one number is changed and no other. The
# backward pass goes through a topological order from the end: it multiplies along each path, by the
# chain rule, and adds where paths meet. I check gradients with finite differences, not by watching
# the loss.
#
# ### Explain to a friend
#
# Why must a number that is used twice wait before it passes its gradient on?
#
# Next comes [notebook 02, Numbers to arrays](02_numbers_to_arrays.ipynb).
