# %% [markdown]
# # Why did it say that?
#
# A language model never picks a letter. It gives each possible next letter a probability, and a
# dart picks one. In this notebook you take this choice apart, one dial at a time: temperature,
# top-k, top-p and min-p. You need notebook 00 and nothing else.
#
# The texts are in the package: the list `names-mini`, and `story`, one short story.

# %% tags=["imports", "varies"]
import math

import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% tags=["imports"]
names = mg.load_corpus("names-mini")
trained = mg.load_pretrained("names")
model = trained.model
print(f"the list has {len(names):,} names, such as {names[0]!r}")
print(f"a model with {model.parameter_count():,} parameters was trained on most of them")

# %% [markdown]
# ## A model gives scores, not probabilities
#
# For each possible next token, the model computes a score, its **logit**. A logit can be any
# number; the higher it is, the more probable the token. Take four logits, of the tokens 0, 1, 2
# and 3: the number of a token is its *token id*. Take e to the power of each logit: now all four
# are positive. Divide each by their sum: now they add up to 1. This calculation turns logits into
# probabilities and is called the **softmax**.

# %%
logits = [2.0, 1.0, 0.1, -1.0]
powers = [math.exp(logit) for logit in logits]
probs = [power / sum(powers) for power in powers]
print("e to each logit", [round(power, 3) for power in powers])
print("probabilities  ", [round(prob, 3) for prob in probs])

# %% [markdown]
# In symbols, with z for a logit and p for a probability, the softmax is
#
# $$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$$
#
# Read it aloud: the probability of token i is e to the power of its own logit, divided by the sum
# of these powers over all tokens. The library's softmax gives the same four numbers:

# %%
print("the library    ", mg.next_token(logits).probabilities.round(3))

# %% [markdown]
# ### How undecided is the model?
#
# If a token of probability p comes next, its negative log-likelihood is −ln p. Its unit is the
# nat, named after the natural logarithm, ln.
#
# Now take the average over all four tokens. A probable token comes more often, so it counts more:
# each value is multiplied by its probability. This average is the **entropy**: how undecided the
# model is before the next token is known. And e to the power of the entropy is the perplexity, as
# the explorer below shows it.

# %%
print("negative log-likelihoods", [round(-math.log(prob), 3) for prob in probs], "nats")
entropy = sum(prob * -math.log(prob) for prob in probs)
print(f"entropy {entropy:.3f} nats, so the perplexity is {math.exp(entropy):.2f}")
print(f"the library: entropy {mg.next_token(logits).entropy:.3f} nats")

# %% [markdown]
# Notebook 00 had a perplexity, too. That one came from the cross-entropy loss on real names, and
# it said how good the model is. The one here comes from the entropy, and it says how undecided
# the model is about one token. A low temperature lowers this perplexity without making the model
# any better.

# %% [markdown]
# ## A dart picks the token
#
# Lay the four probabilities end to end, the largest first. They form a strip from 0 to 1. The
# right end of each token is called its edge. The dart is a random number u, at least 0 and below
# 1. It picks the token whose part of the strip it hits: the first one whose edge is above u.

# %%
print("edges", mg.next_token(logits).cumulative.round(3))
for u in (0.5, 0.7, 0.9, 0.99):
    print(f"a dart at u = {u:.2f} picks token {mg.next_token(logits, u=u).token}")

# %% [markdown]
# Now with a real model. Look at the strip: the width of each letter is its probability, and the
# most probable letter, rank 1, comes first. The pale strip below it shows temperature T = 1, for
# comparison. *Seed* is a number that fixes where all darts land. Press *Next letter* until the
# name ends, then *Back*. Then move the dart yourself.

# %%
mg.widgets.SamplingExplorer("names")

# %% [markdown]
# ## Temperature divides the logits
#
# Before the softmax, every logit is divided by the temperature T. At T = 1 nothing changes: the
# largest logit, 2.0, has the largest of the four probabilities above. First, your guess.

# %% tags=["predict:09.double"]
# source: misconception: temperature divides the probabilities
# source: answer: 0.451
# source: gives away: 0\.451|halves
mg.learn.predict(
    "09.double",
    f"At T = 2, the largest of the four probabilities changes from {probs[0]:.3f} to …",
    (0.319, 0.451, 0.638),
)

# %% tags=["shows:09.double"]
for T in (0.5, 1, 2):
    sampled = mg.next_token(logits, temperature=T)
    print(f"T = {T}: {sampled.probabilities.round(3)}, entropy {sampled.entropy:.2f} nats")

# %% tags=["answer:09.double"]
mg.learn.reveal("09.double", round(mg.next_token(logits, temperature=2).probabilities[0], 3))

# %% [markdown]
# The higher the temperature, the higher the entropy. At T = 0, the division is impossible. So T =
# 0 is a special case: the most probable token is always picked, wherever the dart lands. This is
# called greedy sampling.
#
# Below are nine words that might follow “Every effort moves you”, and the dart is at 0.600. Lower
# the temperature from 1.00 to 0.85, one step at a time. Watch one edge move past the dart, and
# read the sentence about it.

# %%
words = "closer every effort forward inches moves pizza toward you".split()
word_logits = [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79]
mg.widgets.SamplingExplorer(logits=word_logits, labels=words, u=0.6)

# %% [markdown]
# ### Your turn: temperature
#
# Exercise, 4 minutes. `temperature(logits, T) -> probabilities`, both of shape (V,), with V for the
# number of tokens: divide the logits by T, then apply the softmax. The logits are an array, and T is
# above 0. A logit may be as large as 1000, and e to the power of 1000 is too large for Python: find
# a way around it. Example: `temperature(np.array([2.0, 1.0, 0.1, -1.0]), 0.5)` gives
# `[0.862, 0.117, 0.019, 0.002]`. If you need help, call `mg.learn.hint("09.temperature")`.

# %% tags=["exercise:09.temperature"]
temperature = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:09.temperature"]
mg.learn.check("09.temperature", temperature)

# %% [markdown]
# ## Top-k keeps the k most probable tokens
#
# A cut removes improbable tokens before the dart lands. The simplest one is **top-k**: it keeps a
# fixed number of tokens, k, and sets the other probabilities to 0. What is left is divided by its
# sum, so that it adds up to 1 again. With k = 2, two of your four tokens stay.

# %%
kept = sorted(probs, reverse=True)[:2]
print("by hand    ", [round(prob / sum(kept), 3) for prob in kept])
print("the library", mg.next_token(logits, top_k=2).probabilities.round(3))

# %% [markdown]
# The text so far is “an”. Move top-k down from *off* and look at the strip: the letters that stay
# fill it. The others are cut: a few are listed with hatched bars, the rest in one line that says
# how many.

# %%
mg.widgets.SamplingExplorer("names", sliders=("temperature", "top_k"), prompt="an")

# %% [markdown]
# ### Your turn: top-k
#
# Exercise, 5 minutes. `top_k(probabilities, k) -> probabilities`, both of shape (V,): keep the k
# largest, and make them add up to 1. If equal ones compete for the last place, keep those with the
# lower token ids. If k is larger than V, keep everything. Example: `[0.5, 0.3, 0.2]` with k = 2
# gives `[0.625, 0.375, 0.0]`.

# %% tags=["exercise:09.top_k"]
top_k = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:09.top_k"]
mg.learn.check("09.top_k", top_k)

# %% [markdown]
# ## Top-p keeps tokens until it has enough
#
# **Top-p** adds up the probabilities, from the largest downwards, until the sum has reached p.
# The tokens up to there stay, including the one that reaches it; the others are cut. With p =
# 0.9, three of your four tokens stay.

# %% tags=["predict:09.reach"]
# source: misconception: a cut keeps a fixed number of letters
# source: answer: 2
# source: gives away: keeps two|two of your four tokens stay|fewer
mg.learn.predict("09.reach", "The same p = 0.9, but at T = 0.5. How many of the four tokens stay?", (2, 3, 4))

# %% tags=["shows:09.reach"]
for T in (0.5, 1, 2):
    cut = mg.next_token(logits, temperature=T, top_p=0.9)
    print(f"T = {T}: top-p keeps {cut.num_kept}, with probabilities {cut.probabilities.round(3)}")

# %% tags=["answer:09.reach"]
mg.learn.reveal("09.reach", mg.next_token(logits, temperature=0.5, top_p=0.9).num_kept)

# %% [markdown]
# Why cut at all? GPT-2 chooses among 50,257 tokens. At most points in a text, nearly all of these
# would be wrong. Each has a tiny probability, but there are so many that the dart often hits one:
# they form a long tail. The next cell makes up such a tail and prints how much of the strip the
# fifty most probable tokens fill.

# %%
tail = [-1.1 * math.log(rank) for rank in range(1, 50_258)]
for T in (0.5, 1, 2):
    filled = mg.next_token(tail, temperature=T).cumulative[49]
    print(f"T = {T}: the first 50 of {len(tail):,} tokens fill {100 * filled:.1f} % of the strip")

# %% [markdown]
# Here is the same long tail in the explorer, in order of rank. Set T = 2 and look at the strip:
# nearly all of it is tail. Go back to T = 1 and lower top-p to 0.4: the tail is gone.

# %%
mg.widgets.SamplingExplorer("long tail (made-up numbers)", sliders=("temperature", "top_p"))

# %% [markdown]
# ## Min-p compares each token with the favourite
#
# **Min-p** keeps every token whose probability is at least a given share of the largest one. With a
# share of 0.2, the threshold is 0.2 times the largest probability.

# %%
threshold = 0.2 * max(probs)
print(f"threshold {threshold:.3f}; at least as large:", [round(p, 3) for p in probs if p >= threshold])
print("min-p of the library:", mg.next_token(logits, min_p=0.2).probabilities.round(3))

# %% [markdown]
# A model that was trained on one story continues “Wren ”, the name of a girl in it. Raise min-p to
# 0.1 and press *Next letter* several times. Watch how many letters are kept: several where the
# model is undecided, and only one where it is nearly certain.

# %%
mg.widgets.SamplingExplorer("story", sliders=("temperature", "min_p"), prompt="Wren ")

# %% [markdown]
# ## Write the sampler yourself
#
# Exercise, 10 minutes. `sample(logits, T, k, u) -> token`, with logits as an array. Divide them
# by T, apply the softmax and top-k. Lay the probabilities end to end, the largest first, and
# return the token id of the one that the dart u hits: its index in the logits. At T = 0, return
# the most probable token. If k is larger than V, nothing is cut. If two logits are equal, the
# lower token id comes first. Large logits must work again. Example: `sample(np.array([1.0, 2.0,
# 0.1, -1.0]), 1, 4, 0.7)` gives 0.

# %% tags=["exercise:09.sample"]
sample = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:09.sample"]
mg.learn.check("09.sample", sample)

# %% [markdown]
# If you have written one, the real model now uses it: your function picks each letter of five
# names. The report compares its picks with the library's.

# %%
if sample:
    with mg.learn.using(sample=sample) as report:
        print(*mg.generate_text(model, trained.tokenizer, 5, temperature=0.7, top_k=10, seed=1))
    print(report)
else:
    print("There is no sampler of yours yet; the notebook goes on without it.")

# %% [markdown]
# ### What was read once can be kept
#
# To *read* a letter means to run the whole calculation of the model for it: embedding, attention
# and MLP. For a new letter, attention needs two rows of numbers from each letter before it: the
# key, which it compares with, and the value, which it takes. These rows never change. So the
# model can keep them, in a **KV cache**, and read the newest letter only. Without one, it reads
# the whole text again. Notebook 06 explains keys and values.

# %% tags=["predict:09.cache"]
# source: misconception: without a cache the work is twice as much, or some constant times
# source: answer: 1,770
# source: gives away: 1,?770(?!,)|square
mg.learn.predict(
    "09.cache",
    "A text grows from 1 letter to 60. Without a cache, how many letters does the model read in all?",
    (60, 120, 1770, 3600),
)

# %% tags=["shows:09.cache"]
story = mg.load_pretrained("story")
start = story.tokenizer.encode("W")
with mg.no_grad():
    tokens, num_read = list(start), 0
    while len(tokens) < 60:
        num_read += len(tokens)
        tokens.append(int(story.model(tokens).numpy()[-1].argmax()))
cached = start + list(mg.generate(story.model, start, 59, temperature=0))
print("both ways write the same letters:", tokens == cached)
print(f"letters read without a KV cache: {num_read:,}, with one: {len(cached) - 1}")

# %% tags=["answer:09.cache"]
mg.learn.reveal("09.cache", num_read)

# %% [markdown]
# Reading fewer letters takes less time, but not in proportion: each new letter also costs some
# time that does not depend on the length of the text. The next cell takes some seconds, longer on
# a busy machine, and measures both ways in turn. Your times and their ratio will differ from
# these. Without a cache, the model reads the whole text again for every new letter. With the KV
# cache, it reads the newest letter only.

# %% tags=["varies"]
mg.widgets.kv_cache_timing(story.model, start, 60)

# %% [markdown]
# ### Does the model only copy?
#
# How much of a generated text is copied? The model that was trained on `story` now writes texts of
# 200 letters. For each, the next cell finds the longest piece that is also in the story, letter for
# letter. It takes some seconds.

# %% tags=["predict:09.copy"]
# source: misconception: fluent text is new text
# source: measured: seeds 1 to 5, the longest piece of 200 letters: 192 to 200 at T = 0.5, 77 to 180
# source: at T = 1, 23 to 56 at T = 2
# source: answer: 200
# source: gives away: recites|by heart|nearly all of it
mg.learn.predict("09.copy", "At T = 0.5, the longest copied piece has about … letters", (10, 50, 200))

# %% tags=["shows:09.copy"]
import difflib

text = mg.load_corpus("story")[0]
for T in (0.5, 1, 2):
    lengths = []
    for written in mg.generate_text(story.model, story.tokenizer, 5, "W", 199, temperature=T, seed=1):
        matcher = difflib.SequenceMatcher(None, written, text, autojunk=False)
        lengths.append(matcher.find_longest_match().size)
    print(f"T = {T}: longest copied pieces of five texts: {lengths}; one ends {written[-16:]!r}")
    if T == 0.5:
        median_length = sorted(lengths)[2]

# %% tags=["answer:09.copy"]
mg.learn.reveal("09.copy", median_length)

# %% [markdown]
# ## What this does not show
#
# The dials change how a token is picked, never what the model has learned: no setting makes a text
# true. These models are small, and one is an extreme case of overfitting: it was trained on a
# single story. Which settings people like best in a large model can only be found by asking
# readers.

# %% [markdown]
# ### You can now say
#
# The temperature divides the logits, the softmax turns them into probabilities, top-k, top-p and
# min-p cut the tail, and the dart picks. A lower temperature means a lower entropy, and so a lower
# perplexity. A KV cache keeps what attention needs, so that each letter is read once.
#
# ### Explain to a friend
#
# Why did the letter change when you only turned the temperature?
#
# Back to the [first notebook](00_start_here.ipynb).
