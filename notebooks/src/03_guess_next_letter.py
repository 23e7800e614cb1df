# %% [markdown]
# # What is a good guess worth?
#
# In notebook 00, a loss said how well a model guesses. Here you guess yourself: you say how probable
# the next letter is, and find out what your guess was worth. Then you build models that guess for
# you: two of them count letters, and one is a small network that counts nothing.
#
# You need notebooks 00 to 02. The corpus is the list `names-mini`.

# %% tags=["imports", "varies"]
import math

import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% tags=["imports"]
names = mg.load_corpus("names-mini").distinct()
train, held_out = names.split()
tokenizer = names.tokenizer()
size = tokenizer.vocab_size
end = tokenizer.eos_token_id  # the token that marks the start and the end of a name
print(f"{len(train):,} names to learn from, {len(held_out):,} held out, no name twice")
print(f"{size} tokens: one for each letter, and one for the start and the end")

# %% [markdown]
# ## You guess first
#
# Below is the beginning of a held-out name. Choose up to three letters, and say with the slider how
# sure you are that one of them comes next. Then press *Show me*.
#
# Each guess has a price in nats: the less it costs, the better. Compare four rows: you, *knowing
# nothing*, which treats all letters alike, and two counted models, on all training names this time.
# One counted how often each letter occurs, the other which letter follows which. Another *seed* draws
# other names.

# %%
mg.widgets.ScoredGuess(names)

# %% [markdown]
# ### Each guess has a price
#
# In notebook 00, the price of one guess was the negative log-likelihood: −ln p, where p is the
# probability that you gave to what came. Its unit is the nat. What was certain costs nothing.

# %%
for one_in in (1, 2, 10, size):
    nats = math.log(one_in)  # −ln p, with p = 1 / one_in
    print(f"1 in {one_in:<2}  p = {1 / one_in:.3f}  costs {nats:.3f} nats, or {nats / math.log(2):.3f} bits")

# %% [markdown]
# A price in bits uses the logarithm to base 2: one bit for each halving of p. This course counts in
# nats, as most libraries do.
#
# Exercise, 3 minutes. `nll(p) -> nats`, for 0 ≤ p ≤ 1: return the negative log-likelihood in nats of
# something that had probability p. For p = 0, it is infinite: return `math.inf`. Example: `nll(0.5)`
# gives `0.6931`. Hints: `mg.learn.hint("03.surprise")`.

# %% tags=["exercise:03.surprise"]
nll = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:03.surprise"]
mg.learn.check("03.surprise", nll)

# %% [markdown]
# ## How sure should you be?
#
# Count in the training names which letter follows which. The letter that follows most often is the
# favourite. How often is it right, in held-out names?

# %% tags=["experiment"]
SMOOTHING = 0.3  # where each count begins; the section on counting says what for

def letter_pairs(corpus):
    ids = [tokenizer.encode(name, bos=True, eos=True) for name in corpus]  # marked at both ends
    return [(before, after) for name in ids for before, after in zip(name, name[1:])]

def pair_counts(corpus, smoothing=SMOOTHING):
    counts = np.full((size, size), smoothing)
    for before, after in letter_pairs(corpus):
        counts[before, after] += 1
    return counts

counts = pair_counts(train)
print(f"{len(letter_pairs(train)):,} pairs of a letter and the next one, in the training names")

# %% tags=["experiment"]
def favourite_hits(counts, corpus):
    favourites = counts.argmax(axis=1)
    return np.array([favourites[before] == after for before, after in letter_pairs(corpus)])

hits = favourite_hits(counts, held_out)
print(f"in held-out names, the favourite comes {100 * hits.mean():.0f} % of the time")

# %% [markdown]
# Now somebody always gives the favourite 99 %, and shares the last 1 % among all other letters.

# %% tags=["predict:03.sure"]
# source: misconception: loss is accuracy; boldness pays
# source: claims: boldness_costs
# source: answer: 6.2
# source: gives away: boldness|\b6\.\d|worse than knowing nothing
mg.learn.predict(
    "03.sure",
    f"Knowing nothing has a loss of ln {size} = {math.log(size):.1f}. With 99 % on the favourite, the loss is …",
    (0.2, 1.5, 3.3, 6.2),
)

# %% tags=["experiment", "shows:03.sure"]
def favourite_loss(hits, share):
    return -np.where(hits, math.log(share), math.log((1 - share) / (size - 1))).mean()

shares = sorted({1 / size, hits.mean().item(), 0.25, 0.5, 0.9, 0.99})
losses = {share: favourite_loss(hits, share).item() for share in shares}
for share, loss in losses.items():
    note = ", like every other letter: knowing nothing" * (share == 1 / size)
    note += "  ◀ the lowest" * (loss == min(losses.values()))
    print(f"loss {loss:.2f} with {100 * share:2.0f} % on the favourite{note}")

# %% tags=["answer:03.sure"]
share = f"{100 * hits.mean():.0f} %"
mg.learn.reveal("03.sure", round(losses[0.99], 1), share=share, nothing=f"{math.log(size):.1f}")

# %% [markdown]
# Which probability should you give, then? Take a coin that shows heads 70 times in 100. If you give
# heads the probability p, you pay −ln p in 70 of 100 throws, and −ln(1 − p) in the others.

# %%
prices = {p: -0.7 * math.log(p) - 0.3 * math.log(1 - p) for p in (0.5, 0.6, 0.7, 0.8, 0.9, 0.99)}
for p, price in prices.items():
    lowest = "  ◀ the lowest price" * (price == min(prices.values()))
    print(f"p = {p:.2f}: {price:.3f} nats per throw{lowest}")

# %% [markdown]
# ## Count, and you have a model
#
# The true probability has the lowest price, so a model should say how often each letter really
# follows. Your `counts` are a table with a row for each letter before, and a column for each letter
# after. Divide each row by its sum, and its numbers are probabilities. Such a table is a **bigram
# model**.

# %% tags=["experiment"]
probs = counts / counts.sum(axis=1, keepdims=True)  # each row by its own sum
letters = ["end" if i == end else tokenizer.token_text(i) for i in range(size)]
initials = probs[end].argsort()[::-1][:2]  # the two letters with which most names begin
for before in (end, *initials):
    best = probs[before].argsort()[::-1][:5]
    label = "the start" if before == end else letters[before]
    print(f"after {label:9}:", ", ".join(f"{letters[i]} {100 * probs[before, i]:.0f} %" for i in best))

# %% [markdown]
# ### What about pairs that were never counted?
#
# A count of 0 gives the probability 0, and calls a pair impossible. Are there such pairs in held-out
# names?

# %%
counted = set(letter_pairs(train))
unlucky = [name for name in held_out if not counted.issuperset(letter_pairs([name]))]
print(f"{len(unlucky)} of {len(held_out):,} held-out names have a pair that was never counted:")
print(", ".join(unlucky[:8]), "…" if len(unlucky) > 8 else "")

# %% [markdown]
# One such pair would cost −ln 0, and the loss would be infinite. So each count begins at a small
# number, here 0.3: this is called **smoothing**.
#
# The scoreboard has the loss of each model so far on the held-out names; later notebooks add theirs.
# The parameters of a counted model are its counts. ± is two standard errors, where notebook 00 gave
# one. *Bits per byte* is the same loss in another unit, which notebook 04 explains.

# %%
board = mg.learn.scoreboard(names)
board

# %% [markdown]
# ### Would a longer memory be better?
#
# The table looks one letter back. A table of triples looks two letters back. Both get the same
# smoothing.

# %% tags=["predict:03.memory"]
# source: misconception: more context always helps
# source: claims: few_names_triples, many_names_triples
# source: answer: higher
# source: gives away: starve|triples are worse|too few
mg.learn.predict(
    "03.memory",
    f"Both are counted on {min(400, len(train))} names only. Compared with the loss of pairs, that of triples is …",
    ("lower", "about the same", "higher"),
)

# %% tags=["experiment", "shows:03.memory"]
def counted_loss(n, learn_from, test_on):
    model = mg.NGram(size, n, SMOOTHING)  # n = 2 counts pairs, n = 3 triples
    for name in learn_from:
        ids = tokenizer.encode(name, bos=True, eos=True)
        model.count(ids[:-1], ids[1:])
    rows = [tokenizer.encode(name, bos=True, eos=True) for name in test_on]
    return np.concatenate([model.losses(ids[:-1], ids[1:]) for ids in rows]).mean()

shuffled = np.random.default_rng(0).permutation(list(train))
sizes, gaps = sorted({min(n, len(train)) for n in (400, 800, 1600, len(train))}), []
for count in sizes:
    pairs, triples = (counted_loss(n, shuffled[:count], held_out) for n in (2, 3))
    gaps.append(triples - pairs)
    print(f"{count:5,} names: pairs {pairs:.3f}, triples {triples:.3f}, {gaps[-1]:+.3f} against pairs")

# %% tags=["answer:03.memory"]
few, ahead = gaps[0], "triples" if gaps[-1] < 0 else "pairs"
result = "higher" if few > 0.02 else "lower" if few < -0.02 else "about the same"
mg.learn.reveal("03.memory", result, few=sizes[0], pairs=size, triples=f"{size**2:,}", all=f"{sizes[-1]:,}", ahead=ahead)

# %%
board.add_ngram(3)

# %% [markdown]
# ## From logits to probabilities: softmax
#
# Your next model is a network. It gives logits, which may be negative. To turn them into
# probabilities, take e to the power of each logit, and divide by the sum of these powers: this is the
# **softmax**. Here are three logits.

# %%
logits = (2.0, 1.0, 0.1)
powers = [math.exp(logit) for logit in logits]
total = sum(powers)
for logit, power in zip(logits, powers):
    print(f"logit {logit}: e^{logit} = {power:.3f}, divided by {total:.3f} it is {power / total:.3f}")

# %% [markdown]
# ### Your turn: the softmax
#
# Exercise, 6 minutes. `softmax(x) -> p`, both of shape (…, V): turn each row of V logits into
# probabilities. A logit may be as large as 1000; −inf stands for *impossible*. Change no input;
# float32 stays float32. Example: `[2.0, 1.0, 0.1]` gives `[0.659, 0.242, 0.099]`. Hints:
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
# Exercise, 6 minutes. `cross_entropy(logits, targets) -> loss`, with logits of shape (N, V): N
# guesses, a row of V logits for each. The targets, of shape (N,), are the tokens that came. Return
# the mean over the N rows, in nats. Logits `[[1000, 0]]` with target 1 must give `1000.0`: no
# probability may be rounded to 0 on the way. Example: logits `[[2.0, 1.0, 0.1]]` and targets `[1]`
# give `1.4170`. Hints: `mg.learn.hint("03.cross_entropy")`.

# %% tags=["exercise:03.cross_entropy"]
cross_entropy = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:03.cross_entropy"]
mg.learn.check("03.cross_entropy", cross_entropy)

# %% [markdown]
# ## A network that is a table
#
# The smallest network for this task is a table of logits as large as the table of pairs. All logits
# are 0 at the start. The row of the letter before goes through the softmax, and gives the
# probabilities of the next letter. Training moves the logits against the gradient: nobody counts. It
# takes some seconds.
#
# How far can its loss fall? To compare, here is the loss of the counted table on the same training
# names.

# %% tags=["experiment"]
def table_loss(probs, corpus):
    before, after = np.array(letter_pairs(corpus)).T
    return -np.log(probs[before, after]).mean()

exact = pair_counts(train, smoothing=1e-12)  # as good as none: each of these pairs was counted
best_loss = table_loss(exact / exact.sum(axis=1, keepdims=True), train)
print(f"on the names that it was counted on, the counted table has a loss of {best_loss:.3f}")

# %% tags=["predict:03.network"]
# source: misconception: networks beat counting
# source: answer: as far
# source: gives away: same optimum|not finished|the same best
mg.learn.predict(
    "03.network",
    "The longer the network is trained, the lower its loss on the training names. How far, beside the counted table's?",
    ("further", "as far", "less far"),
)

# %% tags=["experiment", "shows:03.network"]
def train_table(corpus, steps, shown=()):
    before, after = np.array(letter_pairs(corpus)).T
    logits = mg.Tensor(np.zeros((size, size), np.float32), requires_grad=True)
    optimizer = mg.SGD([logits], lr=50)  # so large, since each logit occurs in few of the pairs
    for step in range(steps + 1):
        loss = mg.ops.cross_entropy(mg.ops.embedding(before, logits), after)  # rows of letters before
        if step in shown:
            print(f"step {step:5,}: loss {loss.item():.3f}, {loss.item() - best_loss:.3f} above the counted table")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return logits

neural = train_table(train, 300, shown=(0, 20, 100, 300))

# %% tags=["answer:03.network"]
gap = table_loss(mg.ops.softmax(neural).numpy(), train) - best_loss
mg.learn.reveal("03.network", "as far" if abs(gap) < 0.05 else "less far", steps=300, gap=f"{gap:.3f}")

# %% [markdown]
# How good is it on held-out names? On the scoreboard, compare *neural bigram* with *pairs counted*:
# both look one letter back.

# %%
board.add("neural bigram", neural, baseline="pairs counted")

# %% [markdown]
# ### The gradient is the guess minus the truth
#
# A row's loss is ln Σ e^x − x at the target. The slope of the first part is p, that of the second −1 at
# the target. Over N rows this is (p − y)/N: y is 1 at the target, else 0.
#
# Exercise, 6 minutes. `cross_entropy_backward(logits, targets) -> dlogits`, of shape (N, V): return
# the gradient of `cross_entropy`. Example: for logits `[[2.0, 1.0, 0.1]]` and targets `[1]`, it is
# `[[0.659, -0.758, 0.099]]`. Hints: `mg.learn.hint("03.cross_entropy_backward")`.

# %% tags=["exercise:03.cross_entropy_backward"]
cross_entropy_backward = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:03.cross_entropy_backward"]
mg.learn.check("03.cross_entropy_backward", cross_entropy_backward)

# %% [markdown]
# In a row of the table this gradient vanishes when p is the counted share: there, training rests.
#
# Those of your functions that are correct now run in the model of notebook 00, for ten steps of
# training. The report compares the losses and the gradients with the library's.

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
# The counted pairs can write, too. Change the temperature, and press *Next letter* until a name ends.
# A table that looks one letter back gets neighbours right, but nothing tells it how long the name
# already is.

# %%
mg.widgets.SamplingExplorer(board["pairs counted"], names, sliders=("temperature",), compact=True)

# %% [markdown]
# ## Break it: divide the columns
#
# Suppose that you make a mistake: you divide each count by the sum of its column, not by that of its
# row. To draw a name, `next_token` divides each row by its own sum again.

# %% tags=["predict:03.columns"]
# source: misconception: a wrong model must have a worse loss
# source: answer: the same
# source: gives away: exactly the same|in every digit|closed
mg.learn.predict(
    "03.columns",
    "If each count is divided by the sum of its column, the held-out loss is …",
    ("much higher", "a little higher", "the same"),
)

# %% tags=["experiment", "shows:03.columns"]
def sampled_name(table, seed):
    ids = [end]
    while len(ids) < 16 and (ids[-1] != end or len(ids) == 1):
        dart = mg.uniform(seed, len(ids))  # where the dart lands, from 0 to 1
        ids.append(mg.next_token(np.log(table[ids[-1]]), u=dart).token)
    return tokenizer.decode([i for i in ids if i != end]) + "…" * (ids[-1] != end)  # … where cut

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
# Names are short and clean. The smoothing is a setting, as a learning rate is: another one gives
# another loss. The counts forget everything
# but the last one or two letters. A lower loss does not make a name prettier, and the comparison
# holds for this list and this split.

# %% [markdown]
# ### You can now say
#
# A guess costs least if it gives the true probabilities. Counted pairs are a bigram model, and
# smoothing keeps it from calling a pair impossible. A network that is a table ends where counting
# ends, and its gradient is the guess minus the truth.
#
# ### Explain to a friend
#
# Why is it a bad way of guessing to be right most of the time and always certain?
#
# Next comes [notebook 04, Text to tokens](04_text_to_tokens.ipynb).
