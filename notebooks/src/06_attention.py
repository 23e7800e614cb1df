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
# The third of three letters looks back. Its question is some numbers: its **query**. Each letter has
# numbers that say what it offers, its **key**, and others that it hands over, its **value**. A model
# computes them from the embedding, with learned matrices; here they are made up.
#
# Query times key, added up, is the *attention score*: how well they match. Divide it by the root of
# how many numbers a key has, take the softmax, and mix the values with the shares.

# %%
query = np.array([2.0, 0.0, 0.0, 0.0])
keys = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [2, 0, 1, 0]])
values = np.array([[1, 0], [0, 1], [1, 1]])
scores = keys @ query / np.sqrt(4)
weights = np.exp(scores) / np.exp(scores).sum()
print("query · key:", keys @ query, "  divided by √4:", scores)
print("shares:     ", weights.round(3), "  sum", weights.sum().round(3))
print("the mix:    ", (weights @ values).round(3))

# %% [markdown]
# The third letter takes most from itself, and something from the second. The shares are called *attention
# weights*. For all letters at once, in one line:
#
# $$\text{softmax}\left(\frac{Q K^\top}{\sqrt{D}}\right) V$$
#
# Q, K and V have a query, a key and a value in each row. Q times K, transposed, is each query times each
# key. D is how many numbers a key has, and the softmax works along each row.

# %% [markdown]
# ### Why divide by √D?
#
# Is the root only for looks? Take random queries and keys with D numbers each, and count how many of
# 16 letters a row of weights looks at: the perplexity of the row. It is 16 if all weights are
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

def random_scores(D, seed=0):  # of 500 queries, each with 16 keys
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(500, 16, D)) @ rng.normal(size=(500, D, 1)))[..., 0]

table = {}
print("  D   size of q · k   letters seen   with the root")
for D in (4, 16, 64, 256):
    scores = random_scores(D)
    table[D] = letters_looked_at(scores), letters_looked_at(scores / np.sqrt(D))
    print(f"{D:3}   {scores.std():13.1f}   {table[D][0]:12.1f}   {table[D][1]:13.1f}")

# %% tags=["answer:06.root_d"]
without, with_root = table[64]
nearest = min((16, 10, 1.5), key=lambda choice: abs(choice - without))
values = {"without": f"{without:.1f}", "with_root": f"{with_root:.1f}"}
mg.learn.reveal("06.root_d", f"about {nearest}", **values)

# %% [markdown]
# The products grow with √D, and a softmax of large numbers is nearly a choice of one. Where a weight is
# almost 0 or 1, the gradient of its attention score is almost 0, so training can hardly move it. Below you
# see whether that matters for keys of four numbers.

# %% [markdown]
# ## No letter sees the one it has to guess
#
# All letters of a name are in one array, and position 3 has to guess the next letter. It must not look
# there. A **causal mask** hides all later positions: before the softmax, it replaces their
# attention scores by −1e30, and the softmax makes 0 of that.
#
# How do you test that nothing shows through? Change each letter in turn, and compare the rows before it:
# not a single digit may change. If one does, something shows through: a **leak**.

# %%
def leak_test(attention, T=16, C=16):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(T, C)), [rng.normal(size=(4, C)) for _ in range(3)]
    before = np.asarray(attention(x.copy(), *weights))
    for t in range(1, T):
        changed = x.copy()
        changed[t] += 1
        is_same = (np.asarray(attention(changed, *weights)) == before)[:t].all(axis=1)
        if not is_same.all():
            return f"a leak: row {is_same.argmin() + 1} sees letter {t + 1}"
    return "no leak found"

print("leak_test takes a function of x, wq, wk and wv")

# %%
def sees_everything(x, wq, wk, wv):
    scores = (x @ wq.T) @ (x @ wk.T).T / np.sqrt(len(wq))
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True) @ (x @ wv.T)

print("without a mask:", leak_test(sees_everything))

# %% [markdown]
# ### Your turn: one head
#
# All of this together, one set of queries, keys and values, is called a **head**.
#
# Exercise, 10 minutes. `attention_head(x, wq, wk, wv) -> y`, with x (T, C), each w (D, C) and y (T,
# D). Queries are `x @ wq.T`, and so on. Each letter looks at itself and at those before: query · key /
# √D, softmax over what it may see, then the mix of values. You may compute with arrays or with Tensors.
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
    print("The leak test waits for a correct head of yours.")

# %% [markdown]
# ## What is looking back worth?
#
# Three models learn from the same names in the same order. In the first, attention hands over nothing, so
# a letter sees itself and its position. In the second, it gets the plain mean of all values so far. The
# third chooses. `using` puts a function of queries, keys and values in place of the library's attention,
# in training and in measuring.

# %% tags=["experiment"]
def nothing(q, k, v):
    return v * 0

def equal_shares(q, k, v):  # all scores are 0, so a softmax gives all letters the same
    return mg.ops.causal_attention(q * 0, k, v)

def equal_weights(T):  # its weights: row t has 1 / t in each place up to the diagonal
    return np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]

print(equal_weights(4).round(2))

# %% tags=["experiment"]
def attending(attention):  # inside, models attend with this function; None changes nothing
    return mg.learn.using(causal_attention=attention) if attention else nullcontext()

def train_with(attention, corpus, steps=1500, seed=42, **settings):  # holds out names by itself
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size, **settings), seed=seed)
    trainer = mg.Trainer(model, corpus, mg.TrainConfig(steps=steps, batch_size=32, seed=seed))
    with attending(attention):
        list(trainer)  # takes all steps
    return trainer

config = mg.GPTConfig.microgpt(vocab_size=size)
print(f"each model has {mg.GPT(config).parameter_count():,} parameters")
print(f"the first never uses {4 * config.n_embd**2:,} of them, all of its attention,")
print(f"the second {2 * config.n_embd**2}, its queries and keys")
print(f"they see {1500 * 32 / len(train):.0f} times all names")

# %% [markdown]
# A model also sees the position in the name. What does that give away? A counted table of pairs for each
# position joins the board.

# %% tags=["experiment"]
def pairs_by_position(board, T=16, smoothing=0.3):  # counts, with the board's smoothing
    tokens, targets = board.train_rows()
    row, position = np.nonzero(targets >= 0)
    counts = np.full((T, size, size), smoothing)
    np.add.at(counts, (position, tokens[row, position], targets[row, position]), 1)
    table = np.log(counts / counts.sum(axis=-1, keepdims=True))
    return lambda ids: table[np.arange(len(ids)), ids]

def add_trained(board, name, attention, baseline, seed=42, **settings):  # the score of a new row
    trainer = train_with(attention, names, seed=seed, **settings)
    with attending(attention):
        return board.add(name, trainer, baseline=baseline).scores[-1]

print(f"{16 * size**2:,} counts")

# %% [markdown]
# Training the three takes up to a minute.

# %%
board = mg.learn.scoreboard(names, max_n=3)
board.add("pairs by position", pairs_by_position(board), parameters=16 * size**2, baseline="pairs counted")
ways = {"GPT, no attention": nothing, "GPT, equal shares": equal_shares, "GPT, learned shares": None}
for name, attention in ways.items():
    add_trained(board, name, attention, baseline=board.scores[-1].name)
board

# %%
# source: claims: position_counted
# source: claims: no_attention_and_triples
# source: claims: equal_shares_and_nothing
# source: claims: learned_and_equal_shares
steps = ("counting by position", "a network, no attention", "looking back at all", "choosing where to look")
print("the held-out loss changes by (before rounding)")
for what, score in zip(steps, board.scores[-4:]):  # here a letter is a byte
    print(f"{what:24} {score.difference:+.3f} ± {2 * score.difference_stderr:.3f}")

# %% [markdown]
# Without attention, a model sees one letter and its position, and yet its loss is below that of counted
# triples. Most of that is due to the position: names begin and end in their own ways. Looking back comes on top.

# %% [markdown]
# The model that chooses can write. Turn the temperature, and press *Next letter* until a name ends.

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
# source: answer: near 0
# source: gives away: copies|letter that it has to guess
mg.learn.predict(
    "06.leak",
    "What is the training loss after 300 steps without a mask?",
    ("above 3", "near 2.5, as with a mask", "near 0"),
)

# %% tags=["experiment"]
def scaled_scores(q, k):  # each query times each key, divided by the root
    return mg.ops.matmul_transposed(q, k) / q.shape[-1] ** 0.5

def without_mask(q, k, v):
    return mg.ops.softmax(scaled_scores(q, k)) @ v

def mask_after_softmax(q, k, v):  # np.tril has ones up to the diagonal, and then zeros
    weights = mg.ops.softmax(scaled_scores(q, k))
    return (weights * np.tril(np.ones(weights.shape[-2:], q.dtype))) @ v

def mean_loss(trainer, step, n=20):  # of the last n steps before `step`
    return statistics.mean(trained.loss for trained in trainer.history[step - n : step])

masks = {"a mask": None, "no mask": without_mask, "mask after softmax": mask_after_softmax}
print("a mask keeps this triangle:", *np.tril(np.ones((3, 3), int)), sep="\n")

# %% tags=["shows:06.leak"]
masked = {name: train_with(attention, names, steps=300) for name, attention in masks.items()}
print("training loss at step      20     50    100    300")
for name, trainer in masked.items():
    losses = [f"{mean_loss(trainer, step):6.2f}" for step in (20, 50, 100, 300)]
    print(f"{name:22}", " ".join(losses))

# %% tags=["answer:06.leak"]
loss = mean_loss(masked["no mask"], 300)
answers = {0: "near 0", 2.5: "near 2.5, as with a mask", 5: "above 3"}
nearest = answers[min(answers, key=lambda value: abs(value - loss))]
mg.learn.reveal("06.leak", nearest, loss=f"{loss:.2f}")

# %% [markdown]
# When a model writes, the letter to guess does not exist yet. So here all three guess with a mask.
# How probable is the end as the first letter, and an “a” after an “a”?

# %% tags=["experiment"]
def next_probs(model, text):  # after the start, and after each letter of the text
    with mg.no_grad():
        logits = model(np.array(tokenizer.encode(text, bos=True)))
    return mg.ops.softmax(logits).numpy()

print("at the start, before training, the end has", next_probs(mg.GPT(config), "")[0, end].round(3))

# %%
# source: claims: missing_mask_in_writing
# source: claims: ends_at_once
letter = held_out[0][0]
print(f"                    held-out   end    {letter} after")
print(f"                      loss    first      {letter}")
for name, trainer in masked.items():
    first, after = next_probs(trainer.model, letter)
    again = after[tokenizer.encode(letter)[0]]
    print(f"{name:19} {trainer.evaluate().loss:7.2f} {first[end]:7.0%} {again:8.0%}")
for name, trainer in masked.items():
    texts = mg.generate_text(trainer.model, tokenizer, 4, temperature=0.8, seed=1)
    print(f"{name}:", ", ".join(text or "(empty)" for text in texts))

# %% [markdown]
# The model without a mask has learned to repeat what it sees of the next letter. Under a mask it sees only
# the letters so far, so it repeats these. At the start that is the start token, which also means
# “end”: the name ends at once.

# %% [markdown]
# Why does a mask after the softmax leak, too? The later letters are gone from the mix, but the softmax
# has divided by a sum that contains them. So the size of the remaining weights tells something about the
# hidden letters, and this model has learned to read it. Under a mask that size tells nothing. A leak looks
# like success: the loss falls. The leak test sees it.

# %%
def one_head(attention):  # as a function of x and weights, for the leak test
    def head(x, *weights):
        q, k, v = (mg.Tensor(x @ w.T, dtype="float64") for w in weights)
        return attention(q, k, v).numpy()
    return head

for name, attention in masks.items():
    print(f"{name:19} {leak_test(one_head(attention or mg.ops.causal_attention))}")

# %% [markdown]
# ## Change one weight
#
# In a trained model you can change what a letter looks at, and see what happens to its guess. Two
# changes sound alike. *Mask before* hides a letter before the softmax, as a causal mask does. *Cut
# after* sets its weight to 0 after the softmax, and the row adds up to less than 1.

# %% tags=["predict:06.mask_or_cut"]
# source: misconception: cutting after the softmax has nothing to do with masking before it
# source: answer: that of “mask before”
# source: gives away: other order|hands the weight
mg.learn.predict(
    "06.mask_or_cut",
    "You cut a weight after the softmax, then divide the row by its sum. Which loss do you get?",
    ("that of “mask before”", "that of “cut after”", "neither"),
)

# %% [markdown]
# Below, a model guesses the last letter of a name that it has never seen. Click a cell of the triangle,
# and mask it, then cut it. Look at the sum of the row, and at the gap between the outline and the filled
# bar: that is what your change did to the guess. Then try each of the two largest weights in the last
# row of head 2: which matters more if masked, and if cut?

# %%
trained = mg.load_pretrained("names").model
beginning = next((name[:-1] for name in held_out if name.startswith("mirosla")), None)
mg.widgets.EditableAttention(trained, names, text=beginning)

# %% [markdown]
# What do the changes cost over all held-out names? `mg.trace` looks inside a running model: it has a
# name for every array on the way. `h.0.attn.scores` are the attention scores of the first layer, and
# `t.edit(name, function)` lets a function change them.

# %% tags=["experiment"]
def padded(corpus, T=16):  # tokens and targets, a name in each row, filled up to T
    rows = [tokenizer.encode(name, bos=True, eos=True)[: T + 1] for name in corpus]
    ids = np.array([row + [-1] * (T + 1 - len(row)) for row in rows])
    return np.maximum(ids[:, :-1], 0), ids[:, 1:]

def loss_with(model, data, **edits):  # the loss if functions change attention's arrays
    with mg.no_grad(), mg.trace(model) as t:
        for name, function in edits.items():
            t.edit(f"h.0.attn.{name}", function)
        return model.loss(*data).item()

for what, array in zip(("tokens ", "targets"), padded([held_out[0]], T=9)):
    print(f"{what} of {held_out[0]!r}:", *array[0])
print(f"{end} is the start and the end; -1 is not counted")

# %% tags=["experiment"]
def change_before(array, number):  # where each letter looks at the one before
    later = np.arange(1, array.shape[-1])
    array[..., later, later - 1] = number
    return array

def mask_before(scores):
    return change_before(scores, -1e30)

def cut_after(weights):
    return change_before(weights, 0)

def cut_and_divide(weights):
    return cut_after(weights) / weights.sum(axis=-1, keepdims=True)

print("cut:", cut_after(equal_weights(3)).round(2), "divided:", cut_and_divide(equal_weights(3)).round(2), sep="\n")

# %% tags=["shows:06.mask_or_cut"]
# source: no difference seen: mask_and_cut
held = padded(held_out)
unedited = loss_with(trained, held)
masking = loss_with(trained, held, scores=mask_before) - unedited
cutting = loss_with(trained, held, weights=cut_after) - unedited
divided = loss_with(trained, held, weights=cut_and_divide) - unedited
print("the letter before is         the loss rises by")
for what, rise in {"masked before": masking, "cut after": cutting, "cut, the row divided": divided}.items():
    print(f"{what:28} {rise:.6f}")

# %% tags=["answer:06.mask_or_cut"]
rises = {"that of “mask before”": masking, "that of “cut after”": cutting}
nearest = min(rises, key=lambda name: abs(rises[name] - divided))
answer = nearest if abs(rises[nearest] - divided) < 1e-4 else "neither"
mg.learn.reveal("06.mask_or_cut", answer, divided=f"{divided:.3f}", cutting=f"{cutting:.3f}")

# %% [markdown]
# Do not conclude which costs more in other models: over five seeds, the difference varies too much to be
# claimed.

# %% [markdown]
# ## Do heads have jobs?
#
# The model has four heads. It is tempting to give one a name, such as "looks at the letter before". Print
# numbers first. How much of its weight does each head have on the letter itself, on the one before, on
# the start, and on vowels, wherever they are? How much does the loss rise if this head hands over
# nothing? The row below the heads shares alike among all letters so far.

# %% tags=["experiment"]
def switched_off(head):
    def without(weights):
        weights[:, head] = 0
        return weights
    return without

vowels = [tokenizer.encode(letter)[0] for letter in "aeiou" if letter in tokenizer.characters]

def mean_weights(weights, tokens, targets):  # weights (N, T, T), the others (N, T)
    later = np.arange(2, weights.shape[-1])  # from there on, the three places are different
    on_vowels = (weights * np.isin(tokens, vowels)[:, None]).sum(axis=-1)
    columns = weights[:, later, later], weights[:, later, later - 1], weights[:, later, 0], on_vowels[:, 2:]
    return [column[targets[:, 2:] >= 0].mean() for column in columns]

print("head 2 off:", switched_off(1)(np.ones((1, 4, 1, 1)))[0, :, 0, 0])

# %%
with mg.no_grad(), mg.trace(trained) as t:
    trained(held[0])
heads = [mean_weights(weights, *held) for weights in t["h.0.attn.weights"].swapaxes(0, 1)]
rises = [loss_with(trained, held, weights=switched_off(head)) - unedited for head in range(len(heads))]
print("          itself before  start vowels    rise")
for head, (on, rise) in enumerate(zip(heads, rises)):
    print(f"head {head + 1}   ", "".join(f"{weight:7.0%}" for weight in on), f"  {rise:+.3f}")
same = np.tile(equal_weights(held[0].shape[1]), (len(held[0]), 1, 1))
print("alike    ", "".join(f"{weight:7.0%}" for weight in mean_weights(same, *held)))

# %%
most = int(np.argmax(rises))
more = sum(on[1] > heads[most][1] for on in heads)
print(f"Without head {most + 1}, the loss rises most.")
print(f"Heads that look more at the letter before: {more}.")
print(f"No head has more than {max(max(on[:3]) for on in heads):.0%} of its weight in a place.")

# %% [markdown]
# A large weight does not show that a head matters. And a job need not be a place: compare the vowels. What a
# head looks for may be a kind of letter, or nothing that has a name.

# %% [markdown]
# ### Your turn: many heads
#
# A GPT runs its heads side by side, each on its own numbers: here 4 heads, each on 4 of 16.
#
# Exercise, 6 minutes. `many_heads(x, wq, wk, wv, wo, n_head) -> y`, with x and y (T, C), each w (C,
# C). Split queries, keys and values into n_head neighbouring groups of D = C / n_head; if C cannot be
# split evenly, raise an error. Run a causal head in each, put the results side by side, and apply wo.
# Example: identities, n_head 2 and `[[1, 0, 0, 0], [2, 0, 0, 0]]`: row 2 is `[1.8044, 0, 0, 0]`.
# Hints: `mg.learn.hint("06.many_heads")`.

# %% tags=["exercise:06.many_heads"]
many_heads = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:06.many_heads"]
mg.learn.check("06.many_heads", many_heads)

# %% [markdown]
# A correct answer trains a GPT for ten steps. The report compares it with the library's.

# %%
if mg.learn.check("06.many_heads", many_heads):
    gpt = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size))
    with mg.learn.using(attention=many_heads) as report:
        losses = [step.loss for step in mg.Trainer(gpt, names, mg.TrainConfig(steps=10))]
    print(report)
else:
    print("There is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# Are four heads better than one head of 16 numbers, which has as many parameters? And does the root of D
# matter for keys of four numbers, if the model learns without it? Two more models train for as
# long.

# %% tags=["experiment"]
def no_root(q, k, v):  # the library divides by √D, so multiply first
    return mg.ops.causal_attention(q * k.shape[-1] ** 0.5, k, v)

print(f"keys have {config.head_dim} numbers with four heads, {config.n_embd} with one")

# %%
# source: no difference seen: one_head_and_four, learning_without_root
for name, attention, settings in (("one head", None, {"n_head": 1}), ("no root", no_root, {})):
    score = add_trained(board, name, attention, "GPT, learned shares", **settings)
    print(f"{name:9} {score.loss:.3f}: {score.difference:+.3f} ± {2 * score.difference_stderr:.3f}")
print("Differences, taken before rounding, are from four heads with the root.")

# %% [markdown]
# The ± is about other names, not about other seeds. Over five seeds, no difference is seen,
# neither for one head nor without the root: a model that trains without it can learn smaller queries.

# %% [markdown]
# ## A task where attention is everything
#
# Take random letters, repeated: "abcabcabc", "kfxkfxkfx". No letter is more common than another, so
# only looking back helps. A model of one layer learns from texts that repeat after three letters. Then
# it meets texts that repeat after four or more.

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
TESTED = (3, 4, 5, 6, 7, 8)

def share_right(model, period):  # of the guesses after two copies
    texts = repeated(np.random.default_rng(1), 100, [period])
    guesses = model(texts[:, :-1]).numpy().argmax(axis=-1)
    return (guesses == texts[:, 1:])[:, 2 * period :].mean()

def trained_to_copy(periods, steps, attention=None, seed=0, n_layer=1):
    model = mg.GPT(mg.GPTConfig(LETTERS, LENGTH, n_layer=n_layer, n_head=2, n_embd=32), seed=seed)
    with attending(attention):
        learn_to_copy(model, periods, steps, seed)
        return model, [share_right(model, period) for period in TESTED]

print(f"guessing at random: {1 / LETTERS:.0%} right")

# %%
def show_shares(models):
    print("share of right guesses if a text repeats after")
    print("learned on       ", *(f"{period:5}" for period in TESTED))
    for name, (_, shares) in models.items():
        print(f"{name:17}", *(f"{share:5.0%}" for share in shares))

# source: claims: copying_needs_attention
# source: claims: three_back_is_not_copying
# source: claims: copying_all_lengths
# source: claims: no_other_lengths
without, of_three = trained_to_copy([3], 100, nothing), trained_to_copy([3], 100)
of_many = trained_to_copy([3, 4, 5, 6], 600)
show_shares({"3, no attention": without, "3": of_three, "3, 4, 5 and 6": of_many})

# %% [markdown]
# The second model copies without fault, and fails on other texts. How many letters back does it look?

# %% tags=["experiment"]
def weights_back(model, period=6):  # of the last guess: 1, 2, 3, … letters before it
    with mg.no_grad(), mg.trace(model) as t:
        model(repeated(np.random.default_rng(1), 100, [period])[:, :-1])
    return t["h.0.attn.weights"].mean(axis=(0, 1))[-1, ::-1]

print("before training, 3 letters back:", weights_back(mg.GPT(mg.GPTConfig(LETTERS, LENGTH)))[2].round(3))

# %%
# source: claims: multiples_of_three
back = weights_back(of_three[0])
print("letters back", *(f"{number:4}" for number in range(3, LENGTH + 1, 3)))
print("weight      ", *(f"{weight:4.0%}" for weight in back[2::3]))
print(f"all other letters together: {1 - back[2::3].sum():.0%}")

# %% [markdown]
# It has learned fixed distances, whatever is there: multiples of 3, most of all 12 to 21. In a text that
# repeats after six letters, every second of these is right, and so are half of its guesses. A test on texts
# like those it learned from would never show it. The third model has learned more distances, but not seven
# and eight.

# %% [markdown]
# ### Two layers that need each other
#
# How can a model copy if it is not told when a text repeats? It finds the same letter earlier, and copies
# what came after it. One layer, which is one round of attention and MLP, cannot do that well. A GPT stacks
# several. Compare one and two.

# %%
# source: claims: two_layers_copy
# source: claims: two_layers_new_lengths
PERIODS = range(5, 13)
show_shares({f"5 to 12, {n} layer{'s' * (n > 1)}": trained_to_copy(PERIODS, 600, n_layer=n) for n in (1, 2)})

# %% [markdown]
# Two layers copy even where a text repeats after three or four letters, which they never met. Take
# "…dhe…dh?". In layer 1, a head at "e" looks at the letter before and leaves a note: before me was h. In
# layer 2, an *induction head* at the last "h" looks for that note, and copies "e". Two such heads are a
# *circuit*.
#
# The next cell trains such a model. Move the slider to before the loss falls, and after it. What do
# the heads do?

# %%
# source: claims: loss_and_second_layer
# source: claims: second_layer_needs_first
mg.widgets.CircuitFormation()

# %% [markdown]
# A circuit need not have one head for each part. Here both heads of layer 2 do the same work, so
# removing one costs far less than removing head 2 of layer 1. With `CircuitFormation(seed=0)`, both
# heads of layer 1 look at the letter before.

# %% [markdown]
# ## What this does not show
#
# Names are short, and this model is 16 wide. In large models some heads have been traced to one job.
# A test that finds no leak says that nothing was seen from the future, not that what is seen is used.
# Removing a part tells what happens without it, not what it was for.

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
