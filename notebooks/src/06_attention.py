# %% [markdown]
# # What may a letter look at?
#
# So far, a model saw one letter, or the last three. In a GPT, each letter chooses among all letters
# before it: this is attention. How does it choose, and how do you make sure that it never sees the
# letter it has to guess? Here you build that choice, break it, and change it by hand.
#
# You need the matrix product from notebook 02, the softmax and the loss from 03, and the embedding
# from 05. The corpus is the list `names-mini`.

# %% tags=["imports", "varies"]
import statistics
from contextlib import nullcontext

import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% tags=["imports"]
names = mg.load_corpus("names-mini").distinct()
train, held_out = names.split()
tokenizer = names.tokenizer()
size, end = tokenizer.vocab_size, tokenizer.eos_token_id
print(f"{len(train):,} names to train on, {len(held_out):,} held out")

# %% [markdown]
# ## One row of attention, by hand
#
# The third of three letters looks back. It asks a question with some numbers: its **query**. Each letter
# has other numbers that say what it offers, its **key**, and others that it hands over, its **value**.
# A model computes them from the embedding, with three learned matrices; here they are made up.
#
# Query times key, added up, is the *attention score*: how well they match. Divide it by the
# root of the key's length, take the softmax, and mix the values with the shares.

# %%
query = np.array([2.0, 0.0, 0.0, 0.0])
keys = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [2, 0, 1, 0]])
values = np.array([[1, 0], [0, 1], [1, 1]])
scores = keys @ query / np.sqrt(4)
weights = np.exp(scores) / np.exp(scores).sum()
print("query · key:", keys @ query, "  divided by √4:", scores)
print("shares:     ", weights.round(3), "  they add up to", weights.sum().round(3))
print("the mix:    ", (weights @ values).round(3))

# %% [markdown]
# The third letter takes most from itself, and something from the second. The shares are called *attention
# weights*. For all letters at once, the same is written in one line: softmax(Q Kᵀ / √d) V. Q, K and V
# have a query, a key and a value in each row. Q Kᵀ is each query times each key, d is the length
# of a key, and the softmax works along each row.

# %% [markdown]
# ### Why divide by √d?
#
# Is the root only for looks? Take random queries and keys with d numbers each, and count how many of
# 16 letters a row of weights really looks at: the perplexity of the row. It is 16 if all weights are
# equal, and 1 if one letter gets everything.

# %% tags=["predict:06.root_d"]
# source: misconception: the root is cosmetic
# source: claims: root_of_d
# source: answer: about 1.5
# source: gives away: nearly all|largest one gets
mg.learn.predict(
    "06.root_d",
    "16 letters, keys of 64 random numbers, no division: how many letters does a row look at?",
    ("about 16", "about 10", "about 1.5"),
)

# %% tags=["experiment", "shows:06.root_d"]
def letters_looked_at(scores):  # the perplexity of each row's weights, averaged
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.exp(-(weights * np.log(weights + 1e-300)).sum(axis=-1)).mean()

def random_scores(d, seed=0):  # of 500 queries, each with 16 keys
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(500, 16, d)) @ rng.normal(size=(500, d, 1)))[..., 0]

table = {}
print("  d   typical size of q · k   letters looked at   with the root")
for d in (4, 16, 64, 256):
    s = random_scores(d)
    table[d] = letters_looked_at(s), letters_looked_at(s / np.sqrt(d))
    print(f"{d:3}   {s.std():21.1f}   {table[d][0]:17.1f}   {table[d][1]:13.1f}")

# %% tags=["answer:06.root_d"]
without, with_root = table[64]
nearest = min((16, 10, 1.5), key=lambda choice: abs(choice - without))
values = {"without": f"{without:.1f}", "with_root": f"{with_root:.1f}"}
mg.learn.reveal("06.root_d", f"about {nearest}", **values)

# %% [markdown]
# The products grow with √d, and a softmax of large numbers is nearly a choice of one. Where a weight
# is almost 0 or 1, its gradient is almost 0 as well, and training can hardly move it. With keys of
# four numbers, as in the models below, this matters little.

# %% [markdown]
# ## No letter sees the one it has to guess
#
# All letters of a name are in one array, and position 3 has to guess the letter at position 4. It must
# not look there. A **causal mask** hides all later positions: before the softmax, it replaces their
# attention scores by −1e30, and the softmax makes 0 of that.
#
# How do you prove that nothing shows through? Change one letter, and compare the rows before it: not
# a single digit may change. If one does, something shows through: a **leak**.

# %%
def leak_test(attention, T=6, C=16, changed=3):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(T, C)), [rng.normal(size=(4, C)) for _ in range(3)]
    before = np.asarray(attention(x.copy(), *weights))
    x[changed] += 1
    after = np.asarray(attention(x, *weights))
    return "no leak" if np.array_equal(before[:changed], after[:changed]) else "a leak"

def sees_everything(x, wq, wk, wv):
    scores = (x @ wq.T) @ (x @ wk.T).T / np.sqrt(len(wq))
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return weights @ (x @ wv.T)

print("without a mask:", leak_test(sees_everything))

# %% [markdown]
# ### Your turn: one head
#
# All of this together, one set of queries, keys and values, is called a **head**.
#
# Exercise, 10 minutes. `attention_head(x, wq, wk, wv) -> y`, with x (T, C), each w (D, C) and y (T,
# D). Queries are x times wq, transposed, and so on. Each letter looks at itself and at those before:
# query · key / √D, softmax over what it may see, then the mix of values. Arrays and Tensors both work.
# Example: with three 4 × 4 identities, `[[1, 0, 0, 0], [2, 0, 0, 0]]` gives `[[1, 0, 0, 0], [1.7311,
# 0, 0, 0]]`. Hints: `mg.learn.hint("06.attention_head")`.

# %% tags=["exercise:06.attention_head"]
attention_head = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:06.attention_head"]
mg.learn.check("06.attention_head", attention_head)

# %%
if mg.learn.check("06.attention_head", attention_head):
    print("your head:", leak_test(attention_head))
else:
    print("The leak test runs on your head as soon as it is correct.")

# %% [markdown]
# ## What is looking back worth?
#
# Three models of the same size learn from the same names in the same order. In the first, attention
# hands over nothing, so a letter sees itself and its position. In the second, it gets the plain mean
# of all values so far. The third chooses. `using` puts a function of queries, keys and values in
# place of the library's, in training and in measuring.

# %% tags=["experiment"]
def nothing(q, k, v):
    return v * 0

def equal_weights(T):  # row t has 1 / t for itself and for each letter before
    return np.tril(np.ones((T, T), np.float32)) / np.arange(1, T + 1, dtype=np.float32)[:, None]

def equal_shares(q, k, v):
    return mg.Tensor(equal_weights(v.shape[-2]), backend=v.backend.name) @ v

print(equal_weights(4).round(2))

# %% tags=["experiment"]
def attending(attention):  # inside, models attend with this function; None is the library's own
    return nullcontext() if attention is None else mg.learn.using(causal_attention=attention)

def train_with(attention, corpus, steps=1500, seed=42, **settings):
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size, **settings), seed=seed)
    trainer = mg.Trainer(model, corpus, mg.TrainConfig(steps=steps, batch_size=32, seed=seed))
    with attending(attention):
        list(trainer)  # takes all steps
    return trainer

ways = {"GPT, no attention": nothing, "GPT, equal shares": equal_shares, "GPT, learned shares": None}
parameters = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size)).parameter_count()
print(f"each model has {parameters:,} parameters and sees {1500 * 32 / len(train):.0f} times all names")

# %% [markdown]
# The next cell trains for some seconds. Then the models take their places below the counted ones.

# %%
board = mg.learn.scoreboard(names, max_n=3)
for name, attention in ways.items():
    trainer = train_with(attention, names)
    with attending(attention):
        board.add(name, trainer)
board

# %%
# source: claims: equal_shares_and_nothing
# source: claims: learned_and_equal_shares
none, equal, learned = (score.loss for score in board.scores[-3:])
for what, change in {"looking back at all": equal - none, "choosing where to look": learned - equal}.items():
    verb = "lowers" if change < 0 else "raises"
    print(f"{what:23} {verb} the held-out loss by {abs(change):.3f}")

# %% [markdown]
# The model that chooses can write. Turn the temperature, and press *Next letter* until a name ends.
# Compare with the network of three letters in notebook 05.

# %%
mg.widgets.SamplingExplorer(board["GPT, learned shares"], names, sliders=("temperature",), compact=True)

# %% [markdown]
# ## Break it: forget the mask
#
# Now train the same model without a mask, so that each position sees the whole name. Another model hides
# the later letters, but only after the softmax: it sets their weights to 0 and leaves the others as
# they are.

# %% tags=["predict:06.leak"]
# source: misconception: more information makes a better model
# source: claims: missing_mask
# source: claims: late_mask
# source: answer: to about 0
# source: gives away: copies|letter that it has to guess
mg.learn.predict(
    "06.leak",
    "Without a mask, the training loss after 300 steps has gone …",
    ("up", "to about 2.5, as with a mask", "to about 0"),
)

# %% tags=["experiment"]
def without_mask(q, k, v):
    return mg.ops.softmax(mg.ops.matmul_transposed(q, k) * q.shape[-1] ** -0.5) @ v

def mask_after_softmax(q, k, v):
    weights = mg.ops.softmax(mg.ops.matmul_transposed(q, k) * q.shape[-1] ** -0.5)
    return (weights * np.tril(np.ones(weights.shape[-2:], q.dtype))) @ v

def mean_loss(trainer, step, n=20):  # of the last n steps before `step`
    return statistics.mean(trained.loss for trained in trainer.history[step - n : step])

masks = {"a mask": None, "no mask": without_mask, "a mask after the softmax": mask_after_softmax}
print("a mask keeps this triangle:", *np.tril(np.ones((3, 3), int)), sep="\n")

# %% tags=["shows:06.leak"]
masked = {name: train_with(attention, names, steps=300) for name, attention in masks.items()}
print(f"{'training loss at step':24}     20     50    100    200    300")
for name, trainer in masked.items():
    losses = [f"{mean_loss(trainer, step):6.2f}" for step in (20, 50, 100, 200, 300)]
    print(f"{name:24}", " ".join(losses))

# %% tags=["answer:06.leak"]
loss = mean_loss(masked["no mask"], 300)
answers = {0: "to about 0", 2.5: "to about 2.5, as with a mask", 5: "up"}
nearest = answers[min(answers, key=lambda value: abs(value - loss))]
mg.learn.reveal("06.leak", nearest, loss=f"{loss:.2f}")

# %% [markdown]
# When a model writes, the letter to guess does not exist yet, so there is nothing to look at. Here
# the three models guess held-out names with a mask, as in writing, and each writes four names.

# %%
# source: claims: missing_mask_in_writing
for name, trainer in masked.items():
    texts = mg.generate_text(trainer.model, tokenizer, 4, temperature=0.8)
    print(f"{name:24} loss {trainer.evaluate().loss:6.2f}   {', '.join(text or '(empty)' for text in texts)}")

# %% [markdown]
# Why does a mask after the softmax leak, too? The later letters are gone from the mix, but the softmax
# has divided by a sum that contains them. How small the weights are that remain tells something about
# the letters that are hidden. A leak looks like success: the loss falls. The leak test sees it.

# %%
def one_head(attention):
    def head(x, *weights):
        q, k, v = (mg.Tensor(x @ w.T, dtype="float64") for w in weights)
        return attention(q, k, v).numpy()
    return head

for name, attention in {"a mask": mg.ops.causal_attention, **dict(list(masks.items())[1:])}.items():
    print(f"{name:24} {leak_test(one_head(attention))}")

# %% [markdown]
# ## Change one weight
#
# In a trained model you can change what a letter looks at, and see what happens to its guess. Two
# changes sound alike. *Mask before* hides a letter before the softmax, as a causal mask does. *Cut
# after* sets its weight to 0 after the softmax, and the row adds up to less than 1.

# %% tags=["predict:06.mask_or_cut"]
# source: misconception: cutting after is worse because the row no longer adds up to 1
# source: claims: mask_and_cut
# source: answer: mask before
# source: gives away: others share|to others|hands the weight
mg.learn.predict(
    "06.mask_or_cut",
    "You take away the letter before, in all heads. Which costs more?",
    ("mask before", "cut after", "the same"),
)

# %% [markdown]
# Choose a cell of the triangle, and mask it, then cut it. Look at the sum of the row, and at the gap
# between the outline and the filled bar: that is what your change did to the guess. Then look for a
# small weight that matters more than a large one.

# %%
trained = mg.load_pretrained("names").model
mg.widgets.EditableAttention(trained, names)

# %% [markdown]
# What do the two changes cost over all held-out names? `mg.trace` looks inside a running model: it has
# a name for every array on the way, and `t.edit(name, function)` lets a function change one.

# %% tags=["experiment"]
def padded(corpus, T=16):  # tokens and targets, a name in each row; a target of −1 is not counted
    rows = [tokenizer.encode(name, bos=True, eos=True)[: T + 1] for name in corpus]
    ids = np.array([row + [-1] * (T + 1 - len(row)) for row in rows])
    return np.maximum(ids[:, :-1], 0), ids[:, 1:]

def loss_with(model, data, **edits):  # the loss if functions change attention's arrays
    with mg.no_grad(), mg.trace(model) as t:
        for name, function in edits.items():
            t.edit(f"h.0.attn.{name}", function)
        return model.loss(*data).item()

print(*(array.tolist() for array in padded([held_out[0]])), sep="\n")

# %% tags=["experiment"]
def change_before(array, number):  # where each letter looks at the one before
    later = np.arange(1, array.shape[-1])
    array[..., later, later - 1] = number
    return array

def mask_before(scores):
    return change_before(scores, -1e30)

def cut_after(weights):
    return change_before(weights, 0)

print(cut_after(equal_weights(4)).round(2))

# %% tags=["shows:06.mask_or_cut"]
held = padded(held_out)
unedited = loss_with(trained, held)
masking = loss_with(trained, held, scores=mask_before) - unedited
cutting = loss_with(trained, held, weights=cut_after) - unedited
print(f"the letter before, masked before the softmax: the loss rises by {masking:.3f}")
print(f"the letter before, cut after the softmax:     the loss rises by {cutting:.3f}")

# %% tags=["answer:06.mask_or_cut"]
close = abs(masking - cutting) < 0.1 * max(masking, cutting)
answer = "the same" if close else "mask before" if masking > cutting else "cut after"
mg.learn.reveal("06.mask_or_cut", answer, masking=f"{masking:.3f}", cutting=f"{cutting:.3f}")

# %% [markdown]
# ## Do heads have jobs?
#
# The model has four heads. It is tempting to give one a name, such as "looks at the letter before".
# Print numbers first. How much of its weight does each head have on the letter itself, on the letter
# before, and on the start? How much does the loss rise if this head hands over nothing? The last line
# is a head that looks at all letters alike.

# %% tags=["experiment"]
def switched_off(head):
    def without(weights):
        weights[:, head] = 0
        return weights
    return without

def mean_weights(weights, targets):  # weights (N, T, T): on itself, the letter before, the start
    later = np.arange(2, weights.shape[-1])  # from there on, these are three different letters
    columns = weights[:, later, later], weights[:, later, later - 1], weights[:, later, 0]
    return [column[targets[:, 2:] >= 0].mean() for column in columns]

print("head 2 off:", switched_off(1)(np.ones((1, 4, 1, 1)))[0, :, 0, 0])

# %% tags=["experiment"]
def weights_on_places(model, data):  # for each head
    with mg.no_grad(), mg.trace(model) as t:
        model(data[0])
    weights = t["h.0.attn.weights"]
    return [mean_weights(weights[:, head], data[1]) for head in range(weights.shape[1])]

print("the places, in the last row of a head that looks at all alike:", equal_weights(4).round(2)[-1])

# %%
heads = weights_on_places(trained, held)
print("              itself  before  start   the loss rises without it by")
for head, on in enumerate(heads):
    rise = loss_with(trained, held, weights=switched_off(head)) - unedited
    print(f"head {head + 1}        ", "".join(f"{weight:7.0%} " for weight in on), f"   {rise:+.3f}")
same = np.tile(equal_weights(held[0].shape[1]), (len(held[0]), 1, 1))
print("equal shares  ", "".join(f"{weight:7.0%} " for weight in mean_weights(same, held[1])))

# %%
# source: claims: no_clean_job
most = max(max(on) for on in heads)
print(f"No head has more than {most:.0%} of its weight in one of these places." if most < 0.9
      else f"One head has {most:.0%} of its weight in one of these places.")

# %% [markdown]
# A head with one job would have nearly all of its weight in one place. And a large weight does not show
# that the head matters: compare the columns with the last one.

# %% [markdown]
# ### Your turn: many heads
#
# A GPT runs its heads side by side, each on its own part of the numbers. This model is 16 wide and has
# 4 heads of 4 numbers.
#
# Exercise, 6 minutes. `many_heads(x, wq, wk, wv, wo, n_head) -> y`, with x and y (T, C), each w (C,
# C). Split queries, keys and values into n_head neighbouring groups of D = C / n_head. Run a causal
# head in each, put the results side by side, and apply wo. Example: identities, n_head 2 and `[[1, 0, 0,
# 0], [2, 0, 0, 0]]`: row 2 is `[1.8044, 0, 0, 0]`. Hints: `mg.learn.hint("06.many_heads")`.

# %% tags=["exercise:06.many_heads"]
many_heads = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:06.many_heads"]
mg.learn.check("06.many_heads", many_heads)

# %% [markdown]
# A correct answer runs in a GPT for ten steps of training. The report compares it with the library's.

# %%
if mg.learn.check("06.many_heads", many_heads):
    gpt = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size))
    with mg.learn.using(attention=many_heads) as report:
        losses = [step.loss for step in mg.Trainer(gpt, names, mg.TrainConfig(steps=10))]
    print(report)
else:
    print("There is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# Are four heads better than one of 16 numbers, which has as many parameters? And does the root of d
# matter for keys of four numbers, if the model learns without it?

# %% tags=["experiment"]
def no_root(q, k, v):  # the library divides by √d, so multiply first
    return mg.ops.causal_attention(q * k.shape[-1] ** 0.5, k, v)

def held_out_loss(attention, corpus, **settings):
    trainer = train_with(attention, corpus, **settings)
    with attending(attention):
        return trainer.evaluate().loss

config = mg.GPTConfig.microgpt(vocab_size=size)
print(f"keys have {config.head_dim} numbers with four heads, {config.n_embd} with one")

# %%
# source: claims: one_head_and_four
# source: no difference seen: learning_without_root
for what, loss in {
    "one head": held_out_loss(None, names, n_head=1),
    "no root": held_out_loss(no_root, names),
}.items():
    print(f"{what:9} {loss:.3f}, {loss - learned:+.3f} against four heads with the root")
print("± of each loss, over the texts:", f"{2 * board.scores[-1].stderr:.3f}")

# %% [markdown]
# ## A task where attention is everything
#
# Take random letters, repeated: "abcabcabc", "kfxkfxkfx". No letter is more common than another, so
# only looking back helps. A model of one layer learns from texts that repeat after three letters. Then
# it meets texts that repeat after four, five or six.

# %% tags=["experiment"]
LETTERS, LENGTH = 16, 24

def repeated(rng, n, periods):  # n random texts, each repeats after one of these numbers of letters
    rows = [rng.integers(0, LETTERS, period) for period in rng.choice(periods, n)]
    return np.array([np.resize(row, LENGTH + 1) for row in rows])

def learn_to_copy(model, periods, steps, seed):
    rng, optimizer = np.random.default_rng(seed), mg.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        texts = repeated(rng, 16, periods)
        optimizer.zero_grad()
        model.loss(texts[:, :-1], texts[:, 1:]).backward()
        optimizer.step()

print(*("".join("abcdefghijklmnop"[i] for i in row) for row in repeated(np.random.default_rng(0), 2, [3])))

# %% tags=["experiment"]
def share_right(model, period):  # of the guesses after the second repetition
    texts = repeated(np.random.default_rng(1), 100, [period])
    guesses = model(texts[:, :-1]).numpy().argmax(axis=-1)
    return (guesses == texts[:, 1:])[:, 2 * period :].mean()

def trained_to_copy(periods, steps, attention=None, seed=0):
    model = mg.GPT(mg.GPTConfig(LETTERS, LENGTH, n_layer=1, n_head=2, n_embd=32), seed=seed)
    with attending(attention):
        learn_to_copy(model, periods, steps, seed)
        return {period: share_right(model, period) for period in (3, 4, 5, 6)}

print(f"guessing at random: {1 / LETTERS:.0%} right")

# %% tags=["varies"]
# source: claims: copying_needs_attention
# source: claims: three_back_is_not_copying
# source: claims: copying_all_lengths
rows = {
    "learned on 3, no attention": trained_to_copy([3], 100, nothing),
    "learned on 3": trained_to_copy([3], 100),
    "learned on 3, 4, 5 and 6": trained_to_copy([3, 4, 5, 6], 600),
}
print("share of right guesses if the text repeats after")
print("                            ", *(f"{period:6}" for period in (3, 4, 5, 6)))
for name, shares in rows.items():
    print(f"{name:28}", *(f"{share:6.0%}" for share in shares.values()))

# %% [markdown]
# The second model has not learned to copy. It has learned "three letters back", and where that is
# wrong, it mostly fails. A test on the same kind of text would never show it.

# %% [markdown]
# ### Two heads that need each other
#
# How can a model copy without being told when a text repeats? It finds the same letter earlier, and
# copies the one after it. In one layer, a head looks at the letter before, so each position carries
# its predecessor along. In the next, an *induction head* looks for the position whose predecessor is
# the present letter. Such heads are a *circuit*.
#
# The next cell trains. Move the slider to where the loss falls. What do the heads do
# before, and after?

# %%
# source: claims: loss_and_second_layer
# source: claims: second_layer_needs_first
mg.widgets.CircuitFormation()

# %% [markdown]
# ## What this does not show
#
# Names are short, and this model is 16 wide. In large models some heads have been traced to one job.
# The leak test proves that nothing is seen from the future, not that what is seen is used. Removing a
# part tells what happens without it, not what it was for.

# %% [markdown]
# ### You can now say
#
# Queries ask, keys offer, and the answer is a weighted mean of values. I mask before the softmax, and
# I can test for a leak. A large attention weight is a place to look, not a reason.
#
# ### Explain to a friend
#
# Why does a model that peeks get a wonderful loss and write nothing?
#
# On to [Why is a GPT built like this?](07_whole_gpt.ipynb)
