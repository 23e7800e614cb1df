# %% [markdown]
# # How does a network read a letter?
#
# The token of each letter is a whole number, its id: 0 for a, 1 for b, 25 for z. Is z more than a?
# Does b stand between a and c? Here each letter gets a few numbers of its own, and training moves
# them. With these you build a network that is better than counting.
#
# You need the matrix product from notebook 02, and the softmax, the loss and the scoreboard from 03.
# The corpus is the list `names-mini`.

# %% tags=["imports", "varies"]
import itertools
import statistics
import timeit
from collections import Counter

import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% tags=["imports"]
names = mg.load_corpus("names-mini").distinct()
train, held_out = names.split()
tokenizer = names.tokenizer()
size, end = tokenizer.vocab_size, tokenizer.eos_token_id
print(f"{names[0]!r} has the ids {tokenizer.encode(names[0])}")
print(f"there are {size} ids; {end} marks the start and the end of a name")

# %% [markdown]
# ## An embedding is a row of a table
#
# Each token has its embedding, as in notebook 00. Together they are a table with one row for each
# token. How is a row taken out? Write the id as a row of zeros with a single 1, at the index of the
# id: this is the **one-hot** row of the id. Its product with the table keeps one row and multiplies
# all others by 0. Here are the ids 2, 0 and 2, and a table of 4 × 2.

# %%
one_hot = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]])
table = np.array([[10, 11], [20, 21], [30, 31], [40, 41]])
print("one-hot rows @ table:")
print(one_hot @ table)

# %% [markdown]
# ### Your turn: the lookup
#
# Most of that product is multiplication by 0: right, but slow.
#
# Exercise, 3 minutes. `embedding(ids, weight) -> y`, with arrays: ids of any shape (…), the table
# weight (V, C), and y (…, C). Return for each id its row of the table. Keep float32 as float32.
# Example: ids `[2, 0, 2]` and weight `[[1, 0], [0, 2], [3, 1], [1, 1]]` give `[[3, 1], [1, 0], [3,
# 1]]`. Hints: `mg.learn.hint("05.embedding")`.

# %% tags=["exercise:05.embedding"]
embedding = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:05.embedding"]
mg.learn.check("05.embedding", embedding)

# %% [markdown]
# What is saved? Take a table as tall as GPT-2's list of tokens, with 256 numbers in each row, and
# look up 8 tokens in both ways. A millisecond is a thousandth of a second.

# %% tags=["varies"]
tall = mg.Tensor(np.random.default_rng(0).random((50_257, 256), dtype=np.float32))
ids = np.random.default_rng(1).integers(0, 50_257, 8)
results, best = {}, {}
for name, way in {
    "one-hot product": lambda: mg.ops.one_hot(ids, 50_257) @ tall,
    "lookup": lambda: mg.ops.embedding(ids, tall),
}.items():
    results[name] = way().numpy()  # the first call may compile
    best[name] = min(timeit.repeat(way, number=1, repeat=5))
    print(f"{name:15}: {1000 * best[name]:10,.3f} ms, the best of five")
print("the same numbers:", np.array_equal(*results.values()))
print(f"The product takes {best['one-hot product'] / best['lookup']:,.0f} times as long. It multiplies")
print(f"{len(ids)} × 50,257 × 256 pairs of numbers, and the lookup copies {len(ids)} × 256 numbers.")

# %% [markdown]
# ## What goes back to a letter that is used twice?
#
# In the backward pass, each use of a row brings its own gradient. The ids are 2, 0 and 2 again, and
# the gradients that arrive are `[1, 2]`, `[0, 1]` and `[4, 1]`.

# %% tags=["predict:05.twice"]
# source: misconception: the last one counts; or the mean
# source: answer: [5, 3]
# source: gives away: copies add|\[5, 3\](?!")|both contributions
mg.learn.predict(
    "05.twice",
    "Which gradient does row 2 of the table receive?",
    ("[1, 2]", "[4, 1]", "[5, 3]", "[2.5, 1.5]"),
)

# %% tags=["answer:05.twice"]
small = mg.Tensor(np.zeros((4, 2), np.float32), requires_grad=True)
mg.ops.embedding(np.array([2, 0, 2]), small).backward(np.array([[1, 2], [0, 1], [4, 1]], np.float32))
mg.learn.reveal("05.twice", str([int(number) for number in small.grad[2]]))

# %% [markdown]
# ### Your turn: the way back
#
# The lookup is a product with one-hot rows, so its gradient is the transposed one-hot matrix times
# what arrives.
#
# Exercise, 7 minutes. `embedding_backward(dy, ids, n_rows) -> dweight`, with arrays: dy (…, C),
# ids (…) and dweight (n_rows, C), the gradient for each row of the table. Keep float32 as
# float32. Example: dy `[[1, 0], [0, 1], [2, 1]]`, ids `[2, 0, 2]`, n_rows 4 give `[[0, 1], [0,
# 0], [3, 1], [0, 0]]`. Hints: `mg.learn.hint("05.embedding_backward")`.

# %% tags=["exercise:05.embedding_backward"]
embedding_backward = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:05.embedding_backward"]
mg.learn.check("05.embedding_backward", embedding_backward)

# %% [markdown]
# What is correct now runs in the model of notebook 00, for ten steps. The report compares its losses
# and gradients with the library's.

# %%
answers = {
    "embedding": ("05.embedding", embedding),
    "embedding_backward": ("05.embedding_backward", embedding_backward),
}
if mine := {name: answer for name, (id, answer) in answers.items() if mg.learn.check(id, answer)}:
    gpt = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size))
    with mg.learn.using(**mine) as report:
        losses = [step.loss for step in mg.Trainer(gpt, names, mg.TrainConfig(steps=10))]
    print(report)
else:
    print("There is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# ## Can a network beat counted triples?
#
# What a model can see is its **context**. The network of notebook 03 sees one letter; the one that
# you build now sees three. Before the first letter of a name, the context is filled with the token
# that marks start and end.

# %% tags=["experiment"]
def windows_of(corpus):
    rows = [[end, end, *tokenizer.encode(name, bos=True, eos=True)] for name in corpus]
    windows = np.array([ids[i : i + 4] for ids in rows for i in range(len(ids) - 3)])
    return windows[:, :3], windows[:, 3]  # three ids, and the one that follows them

def last_two(data):
    return data[0][:, 1:], data[1]

def loss_of(model, data):
    return mg.ops.cross_entropy(model.logits(data[0]), data[1]).item()

data, held = windows_of(train), windows_of(held_out)
letters = ["end" if i == end else tokenizer.token_text(i) for i in range(size)]
for context, target in zip(*windows_of([names[0]])):
    print(*("start" if i == end else letters[i] for i in context), "is followed by", letters[target])

# %% [markdown]
# Here is the scoreboard of notebook 03, with its network trained again. ± is two standard errors:
# with other names held out, a loss would seldom move by more.

# %%
board = mg.learn.scoreboard(names, max_n=3)
logits = mg.Tensor(np.zeros((size, size), np.float32), requires_grad=True)
optimizer = mg.SGD([logits], lr=50)
for _ in range(300):
    loss = mg.ops.cross_entropy(mg.ops.embedding(data[0][:, 2], logits), data[1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
board.add("neural bigram", logits)

# %% [markdown]
# In the drawing below, follow three letters from left to right. Their embeddings of 10 numbers, side
# by side, are a row of 30. A matrix product makes 64 numbers of them, and tanh bends each. Such
# numbers between input and output are a **hidden layer**. A second product makes a logit for each
# token, the softmax makes probabilities. All parameters are still random. Type other letters: which
# get more than an equal share?

# %%
model = mg.models.MLP(size, context=3, n_embd=10, hidden=64, seed=42)
mg.widgets.NetworkDiagram(model, names, names[0])

# %% [markdown]
# The parameters have the names of GPT-2. `wte` is the word token embedding, the table, `c_fc` the
# fully connected hidden layer, `lm_head` the language model's head. A weight has the shape (outputs,
# inputs), as in PyTorch: each row makes one output. So x @ w of notebook 02 is here x @ weightᵀ.
# `logits_of` is the whole network.

# %%
def logits_of(windows):  # three ids in each row, (N, 3)
    x = model.wte(windows)  # (N, 3, 10): the row of each letter
    x = x.reshape(len(windows), 3 * 10)  # side by side
    x = model.c_fc(x).tanh()  # (N, 64): the hidden layer
    return model.lm_head(x)  # (N, 27): a logit for each token

for name, parameter in model.named_parameters():
    print(f"{name:15} {parameter.shape!s:9} {parameter.size:5,} parameters")
same = np.array_equal(logits_of(held[0]).numpy(), model.logits(held[0]).numpy())
print(f"{len(held[0]):,} contexts: the same as `model.logits`: {same}")

# %% [markdown]
# Before training, this network is worse than knowing nothing: it prefers some letters for no reason.
# Multiply its logits by 0, and all letters become equally probable; by 2, and it prefers the same
# letters still more.

# %%
print(f"knowing nothing: loss {np.log(size):.3f}")
for factor in (0, 0.5, 1, 2):
    loss = mg.ops.cross_entropy(model.logits(held[0]) * factor, held[1]).item()
    print(f"untrained, logits times {factor}: loss {loss:.3f} on held-out names")

# %% [markdown]
# Now all of it is trained. Each step reads 128 contexts, drawn at random. Plain
# SGD moves a parameter by `lr` times its gradient. `Adam` first divides each gradient by the size
# that this parameter's gradients usually have. So all parameters move at a similar pace. The learning
# rate `lr` sets the pace, and falls to 0.

# %% tags=["experiment"]
def fit(model, data, seed, optimizer=mg.Adam, lr=0.02, only=None):  # only: train these alone
    windows, targets = data
    rng = np.random.default_rng(seed)
    optimizer = optimizer(only or model.parameters(), lr=lr)
    for step in range(1000):
        optimizer.lr = lr * (1 - step / 1000)
        batch = rng.integers(0, len(targets), 128)
        loss = mg.ops.cross_entropy(model.logits(windows[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

print(f"1,000 steps of 128 contexts: {1000 * 128 / len(data[1]):.1f} times through the names")

# %%
model = fit(mg.models.MLP(size, context=3, n_embd=10, hidden=64, seed=42), data, seed=42)
print(f"trained: loss {loss_of(model, data):.2f} on its own names, {loss_of(model, held):.2f} held out")

# %%
# source: claims: network_and_triples
board.add("three-letter network", model)

# %% [markdown]
# Is it the third letter that helps? Give it to counting, and take it from the network.

# %%
# source: claims: third_letter_counted
# source: claims: third_letter_in_the_network
two = fit(mg.models.MLP(size, context=2, seed=42), last_two(data), seed=42)
networks_loss = {2: loss_of(two, last_two(held)), 3: loss_of(model, held)}
counted = {n: score.loss for n, score in enumerate(mg.learn.scoreboard(names, max_n=4).scores)}
print("the model sees    counted   network")
for n, loss in networks_loss.items():
    print(f"{n} letters        {counted[n + 1]:8.3f}  {loss:8.3f}")
for way, losses in (("Counting", {n: counted[n + 1] for n in (2, 3)}), ("The network", networks_loss)):
    verb = "gains" if losses[3] < losses[2] else "loses"
    print(f"{way} {verb} {abs(losses[3] - losses[2]):.3f} with the third letter.")
print("Differences are taken before rounding.")
_, times = np.unique(data[0], axis=0, return_counts=True)
print(f"Of {size**3:,} contexts of three letters, {len(times):,} occur, {sum(times < 5):,} under five times.")

# %% [markdown]
# Counting has a row for each context, and most rows are empty or nearly so. The network shares one table
# and one hidden layer among all contexts, so a rare one can profit from others.
#
# It can write, as counted pairs can. Call a name familiar if each of its triples stands in some name
# of the training list. The held-out names show how many real names are familiar.

# %% tags=["experiment"]
def written(model, rng):
    ids = [end]
    while len(ids) == 1 or (ids[-1] != end and len(ids) < 20):
        probs = np.exp(model.log_probs(ids)[-1])
        ids.append(rng.choice(size, p=probs / probs.sum()))
    return "".join(letters[i] for i in ids if i != end)

def pairs_of(corpus):
    table = mg.NGram(size, 2)
    for ids in (tokenizer.encode(name, bos=True, eos=True) for name in corpus):
        table.count(ids[:-1], ids[1:])
    return table

print("written by an untrained network:", written(mg.models.MLP(size), np.random.default_rng(0)))

# %% tags=["experiment"]
def draw(model, seed, count=400):
    rng = np.random.default_rng(seed)
    return [written(model, rng) for _ in range(count)]

def triples_in(name):  # a bracket stands for the start or the end
    return {f"({name})"[i : i + 3] for i in range(len(name))}

def familiar(drawn, corpus):  # per cent
    known = set().union(*map(triples_in, corpus))
    return 100 * statistics.mean(triples_in(name) <= known for name in drawn)

print("the triples in anna:", *sorted(triples_in("anna")))

# %%
# source: claims: familiar_names
drawn = {
    "counted pairs": draw(pairs_of(train), 0),
    "three-letter network": draw(model, 0),
    "real, held out": np.random.default_rng(0).permutation(list(held_out)).tolist(),
}
for label, those in drawn.items():
    print(f"{label:20} {familiar(those, train):3.0f} % familiar; the first six: {', '.join(those[:6])}")
own = sum(name in set(train) for name in drawn["three-letter network"])
print(f"The network was trained on {own} of the {len(drawn['three-letter network'])} names that it drew.")

# %% [markdown]
# Turn the temperature, and press *Next letter* until a name ends.

# %%
mg.widgets.SamplingExplorer(model, names, sliders=("temperature",), compact=True)

# %% [markdown]
# ## Is b twice as much as a?
#
# Does a letter need ten numbers, and must they be learned? Compare three networks. The first has ten
# learned numbers for each letter, the second has one. The third has one, too, but it is the letter's
# index in the alphabet, and training cannot move it.

# %% tags=["predict:05.quantity"]
# source: misconception: an id is a quantity
# source: claims: id_as_quantity
# source: claims: one_learned_number
# source: claims: index_and_one_learned
# source: answer: much higher, by about 0.3
# source: gives away: not a quantity|only a name|is no quantity
mg.learn.predict(
    "05.quantity",
    "If each letter is its index in the alphabet, not ten learned numbers, the held-out loss is …",
    ("the same", "a little higher, by about 0.05", "much higher, by about 0.3"),
)

# %% tags=["experiment"]
class Indices(mg.models.MLP):  # the same network, with the index in place of an embedding
    def logits(self, windows):
        x = mg.Tensor((2 * windows / (size - 1) - 1).astype(np.float32))  # from −1 to 1
        return self.lm_head(self.c_fc(x).tanh())

def plus_minus(values):
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):.3f} ± {2 * error:.3f}"

SEEDS = range(3)
fixed = ", ".join(f"{letters[i]} {2 * i / (size - 1) - 1:+.2f}" for i in (0, 1, 2, end - 1))
print(f"the index in the alphabet, scaled, of the first letters and the last: {fixed}")

# %% [markdown]
# One seed may be lucky, so each network is trained with three: they decide the random parameters and
# the order of the contexts. Here ± is two standard errors over the seeds; gaps are told for each seed.

# %%
runs = {}

def show(label, losses, against=None):
    runs[label], line = losses, f"{label:29} {plus_minus(losses)}"
    if against:
        gaps = (f"{loss - other:+.3f}" for loss, other in zip(losses, runs[against]))
        line += f"   {' '.join(gaps)} against “{against}”"
    print(line)

networks = [fit(mg.models.MLP(size, seed=seed), data, seed) for seed in SEEDS]
show("ten learned numbers", [loss_of(network, held) for network in networks])

# %% tags=["shows:05.quantity"]
one = [fit(mg.models.MLP(size, n_embd=1, seed=seed), data, seed) for seed in SEEDS]
index = [fit(Indices(size, n_embd=1, seed=seed), data, seed) for seed in SEEDS]
show("one learned number", [loss_of(network, held) for network in one], "ten learned numbers")
show("index in the alphabet", [loss_of(network, held) for network in index], "ten learned numbers")

# %% tags=["answer:05.quantity"]
ten, one, index = (
    statistics.mean(runs[label])
    for label in ("ten learned numbers", "one learned number", "index in the alphabet")
)
choices = {0: "the same", 0.05: "a little higher, by about 0.05", 0.3: "much higher, by about 0.3"}
nearest = choices[min(choices, key=lambda choice: abs(choice - (index - ten)))]
pairs = next(score.loss for score in board.scores if score.name == "pairs counted")
values = {"pairs": pairs, "index": index, "one": one, "ten": ten}
mg.learn.reveal("05.quantity", nearest, **{key: f"{value:.2f}" for key, value in values.items()})

# %% [markdown]
# ## Does the position of a letter matter?
#
# Side by side, each of the three letters has its own part of the row of 30. If the embeddings are
# added up instead, "ann" and "nan" become the same ten numbers. Perhaps this helps: give each of the
# three positions ten learned numbers of its own, a **position embedding**, and add it to the letter's
# embedding before the sum. The hidden layer gets 97 numbers, so that all networks have about as many
# parameters.

# %% tags=["predict:05.position"]
# source: misconception: adding positions gives order
# source: no difference seen: position_in_a_sum
# source: claims: sum_and_side_by_side
# source: answer: nothing
# source: gives away: constant|same for every|cannot tell the order|no matter which
mg.learn.predict(
    "05.position",
    "Compared with the plain sum, a position embedding added before the sum gains …",
    ("nothing", "a little", "as much as side by side"),
)

# %% tags=["experiment"]
class Summed(mg.models.MLP):
    def __init__(self, seed, has_position=False, is_bent=False):
        super().__init__(size, context=1, hidden=97, seed=seed)  # the hidden layer reads ten numbers
        if has_position:
            positions = np.random.default_rng(1000 + seed).normal(size=(3, 10)).astype(np.float32)
            self.wpe = mg.Tensor(positions, requires_grad=True)
        self.has_position, self.is_bent = has_position, is_bent

    def logits(self, windows):
        x = self.wte(windows) + (self.wpe if self.has_position else 0)  # (N, 3, 10), of N contexts
        x = x.tanh() if self.is_bent else x
        return self.lm_head(self.c_fc(x.sum(axis=-2)).tanh())

sizes = [model.parameter_count() for model in (mg.models.MLP(size), Summed(0), Summed(0, True))]
print("parameters: side by side {:,}, summed {:,}, positions added {:,}".format(*sizes))

# %% tags=["shows:05.position"]
def losses_of(**settings):
    return [loss_of(fit(Summed(seed, **settings), data, seed), held) for seed in SEEDS]

show("side by side", runs["ten learned numbers"])
show("summed", losses_of(), "side by side")
show("positions added, summed", losses_of(has_position=True), "summed")

# %% tags=["answer:05.position"]
beside, plain, positioned = (
    statistics.mean(runs[label]) for label in ("side by side", "summed", "positions added, summed")
)
share = (plain - positioned) / (plain - beside)
mg.learn.reveal("05.position", "nothing" if share < 0.1 else "a little" if share < 0.6 else "as much as side by side")

# %% [markdown]
# Take three letters with embeddings a, b, c and positions p, q, r. The sum of a + p, b + q and c + r
# is a + b + c, plus p + q + r. Now p + q + r is the same for every context, so the bias of the hidden
# layer can do its work. What if each a + p is bent by a tanh before the sum? Then the two
# parts can no longer be separated.

# %%
# source: claims: position_bent
show("bent, summed", losses_of(is_bent=True), "summed")
show("positions added, bent, summed", losses_of(has_position=True, is_bent=True), "bent, summed")
mean_of = {label: statistics.mean(losses) for label, losses in runs.items()}
lost = mean_of["summed"] - mean_of["side by side"]
won = mean_of["summed"] - mean_of["positions added, bent, summed"]
print(f"The sum lost {lost:.3f} against side by side; bent, with positions, {won:.3f} of it is won back.")

# %% [markdown]
# So a position embedding tells the order once something bends before the sum. GPT adds its position
# embeddings, too, and has more than a sum after them: attention, in notebook 06.

# %% [markdown]
# ## Which letters does the network treat alike?
#
# Ask the model: exchange the rows of two letters in the trained table, and measure again on held-out
# names. The more the loss rises, the more differently the model treats the two. First exchange two of
# the three commonest vowels, then one of them with one of the three commonest consonants.

# %% tags=["predict:05.swap"]
# source: misconception: every letter is equally different; or vowels are interchangeable
# source: claims: vowels_and_consonants
# source: claims: swapped_vowels
# source: answer: less than half
# source: gives away: share their|alike, but not|a fifth
mg.learn.predict(
    "05.swap",
    "Compared with a vowel and a consonant, exchanging two vowels raises the loss by …",
    ("about the same", "less than half", "nothing"),
)

# %% tags=["experiment"]
def swap_cost(model, pair, data):
    a, b = tokenizer.encode(pair)
    row_of = np.arange(size)
    row_of[[a, b]] = b, a  # as if the rows of the table were exchanged
    return loss_of(model, (row_of[data[0]], data[1])) - loss_of(model, data)

def mean_cost(model, pairs, data):
    return statistics.mean(swap_cost(model, pair, data) for pair in pairs)

VOWELS = "aeiouаеёиоуыэюя"  # of the Latin and of the Cyrillic alphabet
common = [letter for letter, _ in Counter("".join(train)).most_common()]
v, c = (sorted([x for x in common if (x in VOWELS) == is_v][:3]) for is_v in (True, False))
vowels, consonants = ([x + y for x, y in itertools.combinations(kind, 2)] for kind in (v, c))
mixed = [x + y for x in v for y in c]
print("one of each:", *mixed)

# %% tags=["shows:05.swap"]
groups = {"two vowels": vowels, "two consonants": consonants, "one of each": mixed}
costs = {label: [mean_cost(model, pairs, held) for model in networks] for label, pairs in groups.items()}
for label, of_networks in costs.items():
    print(f"{label:14} exchanged: the held-out loss rises by {plus_minus(of_networks)}")
is_vowel = np.array([letter in VOWELS for letter in letters])
before, after = (is_vowel[ids] for ids in (data[0][:, 2], data[1]))
shares = [100 * after[of_kind].mean() for of_kind in (before, ~before & (data[0][:, 2] != end))]
print("A vowel follows {:.0f} % of the vowels, and {:.0f} % of the consonants.".format(*shares))

# %% tags=["answer:05.swap"]
ratio = statistics.mean(costs["two vowels"]) / statistics.mean(costs["one of each"])
answer = "nothing" if ratio < 0.02 else "less than half" if ratio < 0.5 else "about the same"
mg.learn.reveal("05.swap", answer, ratio=f"{100 * ratio:.0f} %", consonants=", ".join(c))

# %% [markdown]
# ### Is it the table that learned this?
#
# For comparison, take networks whose rows stay as they were drawn at random. Only the layers after
# the table are trained.

# %% tags=["experiment"]
def without_rows(model):
    return [weight for weight in model.parameters() if weight is not model.wte.weight]

left = without_rows(mg.models.MLP(size))
print(f"{sum(weight.size for weight in left):,} parameters are trained")

# %%
# source: claims: rows_never_trained
fixed = [mg.models.MLP(size, seed=seed) for seed in SEEDS]
random_rows = [loss_of(fit(m, data, s, only=without_rows(m)), held) for s, m in enumerate(fixed)]
show("rows never trained", random_rows, "ten learned numbers")
baselines = {score.name: score.loss for score in board.scores}
for name in ("knowing nothing", "triples counted"):
    gain, kept = (baselines[name] - statistics.mean(losses) for losses in (runs["ten learned numbers"], random_rows))
    print(f"Over “{name}”, the trained rows gain {gain:.3f}; random rows keep {100 * kept / gain:.0f} % of it.")

# %% [markdown]
# Trained rows are better with every seed. But random rows keep 27 letters apart, and the later layers
# do most of the rest. With tens of thousands of tokens, this need not hold.

# %%
# source: claims: swapped_vowels_in_random_rows
# source: claims: kinds_in_random_rows
print("the loss rises by   trained rows      rows never trained")
for label, pairs in groups.items():
    of_fixed = [mean_cost(network, pairs, held) for network in fixed]
    print(f"{label:18}  {plus_minus(costs[label]):16}  {plus_minus(of_fixed)}")

# %% [markdown]
# Two vowels are cheap to exchange here, too, though no row was ever moved. The later layers learn to
# treat vowels alike, whatever rows they are given. So a swap tells what the whole network does, not
# what the table learned.

# %% [markdown]
# ### What is in the rows themselves?
#
# Which rows are neighbours? The usual measure is the **cosine** of the angle between two embeddings.
# It is 1 where they point in the same direction, 0 at a right angle, and −1 if they are opposite.
# Multiply number by number, add up, and divide by both lengths. The length of (3, 4) is 5, the root
# of 3² + 4².

# %% tags=["experiment"]
def cosine(x, y):
    return x @ y / (np.linalg.norm(x) * np.linalg.norm(y))

def prices_by_cosine(model, pairs, data):  # of the quarter with the lowest cosines, and the highest
    rows = model.wte.weight.numpy()
    cosines = [cosine(*rows[tokenizer.encode(pair)]) for pair in pairs]
    prices = np.array([swap_cost(model, pair, data) for pair in pairs])
    low, *_, high = np.array_split(np.argsort(cosines), 4)
    return prices[low].mean(), prices[high].mean()

times_seen = Counter("".join(train))
often = [x for x in common if times_seen[x] > times_seen.total() / len(times_seen)]  # an equal share
often_pairs = [x + y for x, y in itertools.combinations(often, 2)]
for other in ((6, 8), (4, 3), (-4, 3), (-3, -4)):
    print(f"(3, 4) and {other!s:8}: {cosine(np.array([3, 4]), np.array(other)):+.2f}")

# %% [markdown]
# In the first tab of the view, a network has two numbers for each letter: its coordinates on the map.
# The lines from (0, 0) lead to the chosen letter and its five neighbours. The smaller the angle, the
# larger the cosine. In the second tab, ten numbers are pressed into two. Look first at how much of
# their spread, the variance, is left. Then choose a letter, and compare its neighbours' cosines with
# their swaps.

# %%
mg.widgets.Neighbourhood(names)

# %% [markdown]
# Do letters with a high cosine have cheap swaps? Here are the pairs from above, in the network of the
# second tab.

# %%
first = networks[0]
rows = first.wte.weight.numpy()
for label, pairs in groups.items():
    print(f"{label:15} cosine   the loss rises by")
    for pair in pairs:
        angle = cosine(*rows[tokenizer.encode(pair)])
        print(f"  {' and '.join(pair)}       {angle:+.2f}   {swap_cost(first, pair, held):+.3f}")

# %% [markdown]
# Two rare letters can be exchanged at little cost, whatever their cosine. A swap with a common one is
# dear, because it changes many contexts. So take only letters that come more often than an equal
# share. What do swaps cost in the quarter of their pairs with the lowest cosines, and in that with
# the highest?

# %%
# source: claims: cosine_and_swap
# source: no difference seen: cosine_and_swap_in_random_rows
# source: claims: cosines_learned
print(f"{len(often_pairs)} pairs of {', '.join(often)}")
print("the loss rises by    lowest cosines   highest cosines")
for label, of_networks in {"trained rows": networks, "rows never trained": fixed}.items():
    low, high = zip(*(prices_by_cosine(network, often_pairs, held) for network in of_networks))
    print(f"{label:20} {plus_minus(low):16} {plus_minus(high)}")

# %% [markdown]
# In trained rows, the pairs with the highest cosines have the cheaper swaps. In random rows, no such
# order is seen. This much the table learned: common letters that the network treats alike tend to
# point in similar directions. For a single pair, the cosine is only a hint: the hidden layer need not
# use all ten numbers alike.

# %% [markdown]
# ## Break it: lose the repeated letters
#
# You may have met this trap in the exercise: with repeated indices, `gradient[ids] += dy` keeps only one of
# the additions. A batch has three times 128 letters, and at most 27 of them are different. What do
# you expect of the loss? The learning rate of SGD is the best of three, chosen with one seed.

# %% tags=["experiment"]
def lossy_backward(dy, ids, n_rows):
    gradient = np.zeros((n_rows, dy.shape[-1]), dy.dtype)
    gradient[ids] += dy  # of a letter that is used twice, one contribution is lost
    return gradient

def fit_lossy(seed, data, **settings):
    with mg.learn.using(embedding_backward=lossy_backward) as report:
        return fit(mg.models.MLP(size, seed=seed), data, seed, **settings), report

PLAIN = {"optimizer": mg.SGD, "lr": 2.5}  # with seed 0, held-out loss: better than with 0.5 or 10

print(lossy_backward(np.array([[1, 2], [0, 1], [4, 1]]), np.array([2, 0, 2]), 4).tolist())

# %%
# source: no difference seen: lossy_adam
adam = [loss_of(fit_lossy(seed, data)[0], held) for seed in SEEDS]
show("Adam, repeats lost", adam, "ten learned numbers")
show("Adam, rows never trained", random_rows, "ten learned numbers")

# %%
# source: claims: lossy_sgd
# source: claims: rows_never_trained_sgd
# source: no difference seen: lossy_sgd_and_random_rows
fixed_sgd = [mg.models.MLP(size, seed=seed) for seed in SEEDS]
by_sgd = {
    "SGD": [fit(mg.models.MLP(size, seed=seed), data, seed, **PLAIN) for seed in SEEDS],
    "SGD, repeats lost": [fit_lossy(seed, data, **PLAIN)[0] for seed in SEEDS],
    "SGD, rows never trained": [fit(m, data, s, only=without_rows(m), **PLAIN) for s, m in enumerate(fixed_sgd)],
}
for label, of_seeds in by_sgd.items():
    show(label, [loss_of(network, held) for network in of_seeds], None if label == "SGD" else "SGD")

# %% [markdown]
# It trains. Of all contributions to a row, one is kept, far smaller than their sum. Adam divides each
# gradient by its usual size, and makes up for some of this. What is left is less than untrained rows
# lose; how much it is varies greatly with the names held out. SGD does not divide, and its rows
# hardly move: no difference is seen from rows never trained.
#
# As with the wrong columns in 03, no error tells you. `gradcheck` does: it compares with finite
# differences, in three random directions.

# %%
exact = mg.models.MLP(size, dtype="float64")
windows, targets = windows_of([names[0]])

def loss_on_a_name(*parameters):
    return mg.ops.cross_entropy(exact.logits(windows), targets)

print("the library's gradients agree:", mg.gradcheck(loss_on_a_name, exact.parameters(), directions=3))
try:
    with mg.learn.using(embedding_backward=lossy_backward):
        mg.gradcheck(loss_on_a_name, exact.parameters(), directions=3)
except mg.GradientError as error:
    print("repeats lost:", error)

# %% [markdown]
# ## What this does not show
#
# There are only 27 letters, and a name is short. For the 50,257 tokens of the smallest GPT-2, the
# table is nearly a third of all parameters. A map is no proof of what a model does, and a swap tells only of
# one model on one list.

# %% [markdown]
# ### You can now say
#
# An embedding is a row of a table, and its gradient is the sum of what every use sends back. A
# plain sum forgets the order of a context, even with position embeddings. A swap of two rows tells
# what the whole network does, and random rows show what the table adds.
#
# ### Explain to a friend
#
# Two letters lie close together on the picture. What would you measure before you say that the model
# treats them alike?
#
# On to [What may a letter look at?](06_attention.ipynb)
