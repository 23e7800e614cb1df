# %% [markdown]
# # What is a good guess worth?
#
# In notebook 00, a loss said how well a model guesses. Here you make such guesses yourself, in
# numbers. Then you count which letter follows which, and measure the table against your guesses.
# In the end, you train a network without counting anything.
#
# You need notebooks 00 to 02. The corpus is the list `names-mini`.

# %% tags=["imports", "varies"]
import math
import statistics

import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% tags=["imports"]
names = mg.load_corpus("names-mini").distinct()
train, held_out = names.split()
tokenizer = names.tokenizer()
size, end = tokenizer.vocab_size, tokenizer.eos_token_id
print(f"{len(train):,} names to learn from, {len(held_out):,} held out, no name twice")

# %% [markdown]
# ## You guess first
#
# A name from the held-out set begins, and you say what comes next. Choose up to three letters,
# and with the slider say how sure you are. Then look at the four rows: yours, a blind guess that
# treats all letters alike, letters counted, and pairs counted. The lower a row's mean price, the
# better; the price is explained below.

# %%
mg.widgets.ScoredGuess(names)

# %% [markdown]
# ### Each guess has a price
#
# Notebook 00 called the price of one guess the negative log-likelihood: −ln p, where p is the
# probability that you gave to what came. What was certain costs nothing.

# %%
for one_in in (1, 2, 10, size):
    nats = math.log(one_in)  # −ln p, with p = 1 / one_in
    print(f"1 in {one_in:<2}  p = {1 / one_in:.3f}  costs {nats:.3f} nats, or {nats / math.log(2):.3f} bits")

# %% [markdown]
# A bit is the same price with the logarithm to base 2: one bit for each halving. This course
# counts in nats, as most libraries do.
#
# Exercise, 3 minutes. `nll(p) -> nats`, for 0 ≤ p ≤ 1: return the negative log-likelihood in nats of
# something that had probability p. For p = 0, it is infinite. Example: `nll(0.5)` gives `0.6931`.
# Hints: `mg.learn.hint("03.surprise")`.

# %% tags=["exercise:03.surprise"]
nll = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:03.surprise"]
mg.learn.check("03.surprise", nll)

# %% [markdown]
# ## How sure should you be?
#
# For each letter, take its most frequent follower. On held-out names, this guess is right about
# one time in five. Now somebody always gives it 99 %, and shares the last 1 % among the others.

# %% tags=["predict:03.sure"]
# source: misconception: loss is accuracy; boldness pays
# source: claims: boldness_costs
# source: answer: 6.2
# source: gives away: boldness|\b6\.\d|worse than blind
mg.learn.predict(
    "03.sure",
    f"A blind guess has the loss ln {size} = {math.log(size):.1f}. Always giving the favourite 99 % has …",
    (0.2, 1.5, 3.3, 6.2),
)

# %% tags=["experiment"]
def rows_of(corpus):
    ids = [tokenizer.encode(name, bos=True, eos=True) for name in corpus]
    return [(a, b) for name in ids for a, b in zip(name, name[1:])]

def pair_counts(corpus, smoothing=0.3):
    counts = np.full((size, size), smoothing)
    for before, after in rows_of(corpus):
        counts[before, after] += 1
    return counts

counts = pair_counts(train)
print(f"{len(rows_of(train)):,} pairs of a letter and the next one, in the names to learn from")

# %% tags=["experiment", "shows:03.sure"]
def favourite_loss(counts, corpus, share):
    favourites = counts.argmax(axis=1)
    hits = np.array([favourites[before] == after for before, after in rows_of(corpus)])
    return -np.where(hits, math.log(share), math.log((1 - share) / (size - 1))).mean(), hits.mean()

for share in (1 / size, 0.25, 0.5, 0.9, 0.99):
    bold_loss, hit_rate = favourite_loss(counts, held_out, share)
    print(f"{share:4.0%} on the favourite: loss {bold_loss:.2f}")
print(f"the favourite is right {hit_rate:.0%} of the time")

# %% tags=["answer:03.sure"]
mg.learn.reveal("03.sure", round(bold_loss, 1), share=f"{hit_rate:.0%}", blind=f"{math.log(size):.1f}")

# %% [markdown]
# Why is the truth the best promise? Take a coin that shows heads 70 times in 100. Whoever says p
# for heads pays −ln p in 70 of 100 throws, and −ln(1 − p) in the others.

# %%
for p in (0.5, 0.6, 0.7, 0.8, 0.9, 0.99):
    price = -0.7 * math.log(p) - 0.3 * math.log(1 - p)
    print(f"say {p:.2f}: {price:.3f} nats per throw")

# %% [markdown]
# ## Count, and you have a model
#
# A table with one row for each letter before, and one column for each letter after. Count the pairs
# and divide each row by its sum: the rows are probabilities. Such a table is a **bigram model**.

# %% tags=["experiment"]
probs = counts / counts.sum(axis=1, keepdims=True)
letters = ["end" if i == end else tokenizer.token_text(i) for i in range(size)]
for before in (end, *probs[end].argsort()[::-1][:2]):
    best = probs[before].argsort()[::-1][:5]
    label = "the start" if before == end else letters[before]
    print(f"after {label:9}:", ", ".join(f"{letters[i]} {probs[before, i]:.0%}" for i in best))

# %% [markdown]
# A count of 0 would say *impossible*, and one impossible pair in a held-out name would cost an
# infinite loss. So every count begins at a small number, here 0.3: this is called **smoothing**.
#
# The scoreboard shows the loss of every model so far on the same held-out names. Later notebooks
# that train a model on these names add rows. Here ± is two standard errors, where notebook 00
# showed one; bytes come in notebook 04. Notebook 00 counted other names, so its figures differ a little.

# %%
board = mg.learn.scoreboard(names)
board

# %% [markdown]
# ### Would a longer memory be better?
#
# The table looks one letter back. Triples look two letters back, and get the same smoothing.

# %% tags=["predict:03.memory"]
# source: misconception: more context always helps
# source: claims: few_names_triples, many_names_triples
# source: answer: worse than
# source: gives away: starve|triples are worse|too few
mg.learn.predict(
    "03.memory",
    "With only 400 names to learn from, counted triples are … counted pairs.",
    ("better than", "as good as", "worse than"),
)

# %% tags=["experiment", "shows:03.memory"]
def counted_loss(n, learn_from, test_on):
    model = mg.NGram(size, n, smoothing=0.3)
    for name in learn_from:
        ids = tokenizer.encode(name, bos=True, eos=True)
        model.count(ids[:-1], ids[1:])
    rows = [tokenizer.encode(name, bos=True, eos=True) for name in test_on]
    return np.concatenate([model.losses(ids[:-1], ids[1:]) for ids in rows]).mean()

shuffled = np.random.default_rng(0).permutation(list(train))
for count in (400, 800, 1600, len(train)):
    pairs, triples = (counted_loss(n, shuffled[:count], held_out) for n in (2, 3))
    if count == 400:
        few = triples - pairs
    print(f"{count:5,} names: pairs {pairs:.3f}, triples {triples:.3f}, difference {triples - pairs:+.3f}")

# %% tags=["answer:03.memory"]
mg.learn.reveal("03.memory", "worse than" if few > 0.02 else "better than" if few < -0.02 else "as good as")

# %%
board.count(3)

# %% [markdown]
# ## From logits to probabilities: softmax
#
# A network gives logits, which may be negative. To turn them into probabilities, take e to the power
# of each, and divide by the sum: the **softmax**. For the logits 2.0, 1.0 and 0.1, the powers
# are 7.389, 2.718 and 1.105, and they add up to 11.213.
#
# Exercise, 6 minutes. `softmax(x) -> p`, both of shape (…, V): turn each row of logits into
# probabilities. A logit may be as large as 1000, or −inf: impossible. Change no input; float32
# stays float32. Example: `[2.0, 1.0, 0.1]` gives `[0.659, 0.242, 0.099]`. Hints:
# `mg.learn.hint("03.softmax")`.

# %% tags=["exercise:03.softmax"]
softmax = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:03.softmax"]
mg.learn.check("03.softmax", softmax)

# %% [markdown]
# ### One number for a whole text
#
# The cross-entropy loss is the mean negative log-likelihood of what really came.
#
# Exercise, 6 minutes. `cross_entropy(logits, targets) -> loss`, with logits (N, V) and targets
# (N,), the ids that came: the mean over the N rows, in nats. Logits `[[1000, 0]]` with target 1
# must give `1000.0`: no probability may be rounded to 0 on the way. Example: logits `[[2.0, 1.0,
# 0.1]]` and targets `[1]` give `1.4170`. Hints: `mg.learn.hint("03.cross_entropy")`.

# %% tags=["exercise:03.cross_entropy"]
cross_entropy = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:03.cross_entropy"]
mg.learn.check("03.cross_entropy", cross_entropy)

# %% [markdown]
# ## A network that is a table
#
# The smallest network for this task is a table of 27 times 27 logits, all 0 at the start. For the
# letter before, it looks up a row, and the softmax makes it probabilities. Training moves the
# logits against the gradient: nobody counts.

# %% tags=["experiment"]
def table_loss(probs, corpus):
    before, after = np.array(rows_of(corpus)).T
    return -np.log(probs[before, after]).mean()

exact = pair_counts(train, smoothing=1e-12)
best_loss = table_loss(exact / exact.sum(axis=1, keepdims=True), train)
print(f"on the names that it was counted on, the table has a loss of {best_loss:.3f}")

# %% tags=["predict:03.network"]
# source: misconception: networks beat counting
# source: answer: the same as
# source: gives away: same optimum|not finished|the same best
mg.learn.predict(
    "03.network",
    "Trained for very long, its loss on the names it learns from will be … that of the counted table.",
    ("lower than", "the same as", "higher than"),
)

# %% tags=["experiment", "shows:03.network"]
def train_table(corpus, steps, shown=()):
    before, after = np.array(rows_of(corpus)).T
    logits = mg.Tensor(np.zeros((size, size), np.float32), requires_grad=True)
    optimizer = mg.SGD([logits], lr=50)
    for step in range(steps + 1):
        loss = mg.ops.cross_entropy(mg.ops.embedding(before, logits), after)
        if step in shown:
            print(f"step {step:5,}: loss {loss.item():.3f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return logits

neural = train_table(train, 300, shown=(0, 20, 100, 300))
print(f"counted:    loss {best_loss:.3f}")

# %% tags=["answer:03.network"]
gap = table_loss(mg.ops.softmax(neural).numpy(), train) - best_loss
mg.learn.reveal("03.network", "the same as" if abs(gap) < 0.02 else "higher than", steps=300, gap=f"{gap:.3f}")

# %%
board.add("neural bigram", neural)

# %% [markdown]
# ### The gradient is the guess minus the truth
#
# What is the gradient of the loss with respect to the logits? For each row it is (p − y)/N: p are
# the probabilities, y is 1 at the target and 0 elsewhere, and N is the number of rows. Training
# moves against the gradient, so it pushes the target up and the others down.
#
# Exercise, 6 minutes. `cross_entropy_backward(logits, targets) -> dlogits`, of shape (N, V): the
# gradient of `cross_entropy`. Example: the one above gives `[[0.659, -0.758, 0.099]]`. Hints:
# `mg.learn.hint("03.cross_entropy_backward")`.

# %% tags=["exercise:03.cross_entropy_backward"]
cross_entropy_backward = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:03.cross_entropy_backward"]
mg.learn.check("03.cross_entropy_backward", cross_entropy_backward)

# %% [markdown]
# What is correct now runs in the model of notebook 00, for ten steps of training. The report
# compares its losses and its gradients with the library's.

# %%
answers = {
    "softmax": ("03.softmax", softmax),
    "cross_entropy": ("03.cross_entropy", cross_entropy),
    "cross_entropy_backward": ("03.cross_entropy_backward", cross_entropy_backward),
}
if mine := {name: answer for name, (id, answer) in answers.items() if mg.learn.check(id, answer)}:
    gpt = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size))
    with mg.learn.using(**mine) as report:
        losses = [step.loss for step in mg.Trainer(gpt, names, mg.TrainConfig(steps=10))]
    print(report)
else:
    print("There is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# ## Names from a table
#
# The counted pairs can write, too. Turn the temperature, and press *Next letter* until a name
# ends. A table that looks one letter back gets neighbours right, but it has no trace of how long a
# name already is.

# %%
mg.widgets.SamplingExplorer(board["pairs counted"], names, sliders=("temperature",), compact=True)

# %% [markdown]
# ## Break it: divide the columns
#
# A table of counts has rows and columns. Suppose that you divide each number by the sum of its
# column, where it should be that of its row.

# %% tags=["predict:03.columns"]
# source: misconception: a wrong model must have a worse loss
# source: answer: the same
# source: gives away: exactly the same|in every digit|closed
mg.learn.predict(
    "03.columns",
    "With columns divided in place of rows, the held-out loss is …",
    ("much higher", "a little higher", "the same"),
)

# %% tags=["experiment", "shows:03.columns"]
def sampled_name(table, seed):
    ids = [end]
    while len(ids) < 16 and (ids[-1] != end or len(ids) == 1):
        ids.append(mg.next_token(np.log(table[ids[-1]]), u=mg.uniform(seed, len(ids))).token)
    return tokenizer.decode([i for i in ids if i != end])

tables = {"rows": probs, "columns": counts / counts.sum(axis=0)}
column_losses = {axis: table_loss(table, held_out) for axis, table in tables.items()}
for axis, table in tables.items():
    sums = table.sum(axis=1)
    print(f"{axis:7} divided: loss {column_losses[axis]:.12f}, rows add up to {sums.min():.2f} … {sums.max():.2f}")
    print("  ", ", ".join(sampled_name(table, seed) for seed in range(1, 7)))

# %% tags=["answer:03.columns"]
change = column_losses["columns"] - column_losses["rows"]
mg.learn.reveal("03.columns", "the same" if abs(change) < 1e-9 else "much higher" if change > 0.5 else "a little higher")

# %% [markdown]
# ## What this does not show
#
# Names are short and clean, and another smoothing gives another loss. The counts forget everything
# but the last one or two letters. A lower
# loss does not make a name prettier, and the comparison holds for this list and this split.

# %% [markdown]
# ### You can now say
#
# The best promise is the true probability. Counted pairs are a bigram model, and smoothing keeps it
# from saying *impossible*. A network that is a table ends where counting ends, and its gradient is
# the guess minus the truth.
#
# ### Explain to a friend
#
# Why is it a bad way of guessing to be right most of the time and always certain?
#
# Next comes [notebook 04, Text to tokens](04_text_to_tokens.ipynb).
