"""My microgpt: a GPT of 4,192 parameters that makes up names. Run it: python my_microgpt.py

Fourteen parts of it are for you to write. While a part is open, the library's function stands in
for it, so this file runs from the first day. Twelve parts are exercises of the notebooks 01 to 09:
after one, run `mg.learn.workbook("my_microgpt.py")` in its notebook, and your answer moves in here.
Or write it here yourself, in place of the line with `library`, as you write `mlp` and `gpt` after
notebook 07. What is already yours stays as it is.
"""

import random

import numpy as np

import microgpt as mg

library = mg.learn.workbooks.library

# %% 01.backward: backward(last) -> grads, a dict with the gradient of each node
backward = library("01.backward")

# %% 02.matmul_backward: matmul_backward(dy, x, w) -> dx, dw, for y = x @ w
matmul_backward = library("02.matmul_backward")

# %% 03.softmax: softmax(x) -> p, both (…, V)
softmax = library("03.softmax")

# %% 03.cross_entropy: cross_entropy(logits, targets) -> loss; logits (N, V), targets (N,)
cross_entropy = library("03.cross_entropy")

# %% 03.cross_entropy_backward: cross_entropy_backward(logits, targets) -> dlogits (N, V)
cross_entropy_backward = library("03.cross_entropy_backward")

# %% 04.encode: encode(text, merges) -> ids; without merges, each byte is a token
encode = library("04.encode")

# %% 05.embedding: embedding(ids, weight) -> y; weight (V, C), y (…, C)
embedding = library("05.embedding")

# %% 05.embedding_backward: embedding_backward(dy, ids, n_rows) -> dweight (n_rows, C)
embedding_backward = library("05.embedding_backward")

# %% 06.attention_head: attention_head(x, wq, wk, wv) -> y; x (T, C), weights (D, C), y (T, D)
attention_head = library("06.attention_head")

# %% 07.rms_norm: rms_norm(x, eps) -> y, both (…, C)
rms_norm = library("07.rms_norm")

# %% 07.mlp: mlp(x, up, down) -> y; x, y (T, C), up (4C, C), down (C, 4C)
# These are nodes, see the class below: `x @ up.T` is one. `h.relu()` sets what is negative to 0,
# and it stands between the two matrices.
mlp = library("07.mlp")

# %% 07.gpt: gpt(tokens, embed, norm, attention, mlp, lm_head) -> logits, a node (T, V)
# The last five are functions with one argument. The embeddings get a norm, then comes one block.
gpt = library("07.gpt")

# %% 08.adamw_step: adamw_step(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay) -> p, m, v
adamw_step = library("08.adamw_step")

# %% 09.sample: sample(logits, T, k, u) -> token
sample = library("09.sample")


# %% The graph: arrays as nodes, so that `backward` from notebook 01 can walk back through them
class Node:
    """An array, the nodes it was computed from, and `rule(dy)`, the gradients of these inputs."""

    def __init__(self, value, inputs=(), rule=None):
        self.value, self.inputs, self.rule = np.asarray(value, float), inputs, rule
        self.local_grads = tuple(LocalGrad(self, index) for index in range(len(inputs)))
        self.dy = self.gradients = None  # of the last call of the rule

    def gradient(self, dy, index):
        if self.dy is None or not np.array_equal(dy, self.dy):  # once for all inputs
            self.dy, self.gradients = np.array(dy), self.rule(dy)
        return np.array(self.gradients[index])

    def __add__(self, other):
        return Node(self.value + other.value, (self, other), lambda dy: (dy, dy))

    def __matmul__(self, other):
        x, w = self.value, other.value
        return Node(x @ w, (self, other), lambda dy: matmul_backward(dy, x, w))

    @property
    def T(self):  # noqa: N802 (NumPy's name)
        return Node(self.value.T, (self,), lambda dy: (np.transpose(dy),))

    def relu(self):
        return Node(np.maximum(self.value, 0), (self,), lambda dy: (dy * (self.value > 0),))


class LocalGrad:
    """What a gradient is multiplied by on its way to one input: for arrays, a function of it."""

    __array_ufunc__ = None  # so that NumPy leaves `dy * local_grad` to this class

    def __init__(self, node, index):
        self.node, self.index = node, index

    def __mul__(self, dy):
        return self.node.gradient(dy, self.index)

    __rmul__ = __mul__


# %% The operations: what goes forward, and how a gradient comes back
def lookup(table, ids):
    n_rows, y = len(table.value), embedding(ids, table.value)
    return Node(y, (table,), lambda dy: (embedding_backward(dy, ids, n_rows),))


def norm(x):
    y = np.asarray(rms_norm(x.value, 1e-5))
    scale = np.linalg.norm(y, axis=-1) / np.linalg.norm(x.value, axis=-1)

    def rule(dy):
        return (scale[:, None] * (dy - y * (dy * y).mean(-1, keepdims=True)),)

    return Node(y, (x,), rule)


def attention(x, wq, wk, wv):
    """All heads side by side: head h has the rows h · D to (h + 1) · D of each weight."""
    inputs = x @ wq.T, x @ wk.T, x @ wv.T
    heads = [slice(row, row + C // N_HEAD) for row in range(0, C, C // N_HEAD)]
    y = [attention_head(x.value, wq.value[h], wk.value[h], wv.value[h]) for h in heads]

    def rule(dy):
        grads = np.zeros((3, *dy.shape))
        for h in heads:
            grads[:, :, h] = head_gradients(dy[:, h], *(node.value[:, h] for node in inputs))
        return grads

    return Node(np.concatenate(y, axis=1), inputs, rule)


def head_gradients(dy, q, k, v):
    """The gradients of one head's queries, keys and values, all (T, D), from that of y (T, D)."""
    root = len(q[0]) ** 0.5
    future = np.arange(len(q)) > np.arange(len(q))[:, None]
    shares = np.asarray(softmax(np.where(future, -1e30, np.inner(q, k) / root)))
    dshares, dv = matmul_backward(dy, shares, v)
    dscores = shares * (dshares - np.sum(dshares * shares, axis=1, keepdims=True)) / root
    dq, dk = matmul_backward(dscores, q, k.T)
    return dq, np.transpose(dk), dv


def mean_loss(logits, targets):
    def rule(dy):
        return (dy * np.asarray(cross_entropy_backward(logits.value, targets)),)

    return Node(cross_entropy(logits.value, targets), (logits,), rule)


# %% The model: 27 tokens, one layer of four heads, 16 numbers for each position
C, N_HEAD, BLOCK_SIZE = 16, 4, 16
rng = random.Random(42)
names = mg.load_corpus("names-mini").documents
shuffled = list(names)
rng.shuffle(shuffled)
letters = sorted({id for name in names for id in encode(name, [])})  # as bytes
BOS = len(letters)  # the token before the first letter, and after the last


def matrix(rows, columns):
    return Node([[rng.gauss(0, 0.08) for _ in range(columns)] for _ in range(rows)])


weights = {"wte": matrix(BOS + 1, C), "wpe": matrix(BLOCK_SIZE, C), "head": matrix(BOS + 1, C)}
weights |= {name: matrix(C, C) for name in ("wq", "wk", "wv", "wo")}
weights |= {"up": matrix(4 * C, C), "down": matrix(C, 4 * C)}


def forward(tokens):
    """Logits (T, V) for the token that follows each of the tokens (T,)."""
    w = weights
    return gpt(
        tokens,
        lambda ids: lookup(w["wte"], ids) + lookup(w["wpe"], np.arange(len(ids))),
        norm,
        lambda x: attention(x, w["wq"], w["wk"], w["wv"]) @ w["wo"].T,
        lambda x: mlp(x, w["up"], w["down"]),
        lambda x: x @ w["head"].T,
    )


# %% Training: one name a step
def train(steps=1000, lr=0.01):
    moments = {name: (np.zeros_like(w.value),) * 2 for name, w in weights.items()}
    losses = []
    for step in range(steps):
        letter_ids = [letters.index(id) for id in encode(shuffled[step % len(names)], [])]
        tokens = np.array([BOS, *letter_ids, BOS])[: BLOCK_SIZE + 1]
        loss = mean_loss(forward(tokens[:-1]), tokens[1:])
        grads = backward(loss)
        for name, w in weights.items():
            optim = (step + 1, lr * (1 - step / steps), 0.85, 0.99, 1e-8, 0.0)
            w.value, *moments[name] = map(
                np.asarray, adamw_step(w.value, grads[w], *moments[name], *optim)
            )
        losses.append(float(loss.value))
        if (step + 1) % 200 == 0:
            print(f"step {step + 1:5}   mean loss of the last 200 {np.mean(losses[-200:]):.2f}")
    return losses


def new_name(temperature=0.5):
    tokens = [BOS]
    while len(tokens) <= BLOCK_SIZE:
        logits = forward(np.array(tokens)).value[-1]
        tokens.append(int(sample(logits, temperature, len(logits), rng.random())))
        if tokens[-1] == BOS:
            break
    return bytes(letters[token] for token in tokens if token != BOS).decode(errors="replace")


if __name__ == "__main__":
    with mg.learn.workbooks.checked_parts(globals()) as parts:
        losses = train()
        print("new names:", *(new_name() for _ in range(10)))
        print(parts.compare(losses, names))
