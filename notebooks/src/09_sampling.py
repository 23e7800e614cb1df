# %% [markdown]
# # Why did it say that?
#
# A model never says a letter. It gives every letter a chance, and a die is thrown. Here you take
# that die apart, dial by dial. You need notebook 00 and nothing else.
#
# Corpus: `names-mini`, and `story`, one short story inside the package.

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
print(names)
print(model)

# %% [markdown]
# ## A model gives scores, and the rest is arithmetic
#
# Each possible next letter gets a score, a logit. Take four scores. Raise e to each, then divide
# each power by their sum. Four chances come out that sum to 1. The **softmax** of some scores is
# what you get this way.

# %%
logits = [2.0, 1.0, 0.1, -1.0]
powers = [math.exp(logit) for logit in logits]
probs = [power / sum(powers) for power in powers]
print("powers  ", [round(power, 3) for power in powers])
print("chances ", [round(prob, 3) for prob in probs])

# %% [markdown]
# In symbols, with z for a score and p for a chance:
#
# $$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$$
#
# Read: the chance of letter i is e to its own score, over the sum of e to every score. The
# **entropy** of a die is its average surprise, in nats: a chance p surprises by −ln p nats. And e to
# the entropy is how many equal choices it feels like.

# %%
sampled = mg.next_token(logits)
print("chances", sampled.probabilities.round(3))
print(f"entropy {sampled.entropy:.3f} nats: feels like {math.exp(sampled.entropy):.2f} choices")

# %% [markdown]
# ## A dart picks
#
# Lay the four chances end to end, the greatest first. Each ends at an edge. A number u between 0 and
# 1, the dart, falls somewhere. The first edge beyond it says which one is picked.

# %%
print("edges", sampled.cumulative.round(3))
for u in (0.5, 0.7, 0.9, 0.99):
    print(f"dart at {u:.2f} picks number {mg.next_token(logits, u=u).token}")

# %% [markdown]
# Now with a real model. Look at the strip below the bars: every letter has a cell as wide as its
# chance. An outline is the chance at T = 1. Press Next letter until the name ends, then Back. Put the
# dart elsewhere by hand.

# %%
mg.widgets.SamplingExplorer("names")

# %% [markdown]
# ## Temperature divides the scores
#
# Before softmax, every score is divided by the temperature T. The first of your four scores is
# 2.0, and its chance at T = 1 stands above.

# %% tags=["predict:09.double"]
# source: misconception: temperature divides the chances
mg.learn.predict(
    "09.double",
    "At T = 2 the greatest of the four chances goes from 0.638 to …",
    (0.319, 0.451, 0.638),
)

# %%
for T in (0.5, 1, 2):
    print(f"T = {T}:", mg.next_token(logits, temperature=T).probabilities.round(3))

# %% tags=["answer:09.double"]
mg.learn.reveal(
    "09.double",
    round(mg.next_token(logits, temperature=2).probabilities[0], 3),
    "T = 2 halves the gaps between scores, not the chances; the order stays.",
)

# %% [markdown]
# Nine words that might follow "Every effort moves you", and the dart at 0.600. Lower the temperature from 1.00 to 0.85, step by step. Watch one
# edge pass the dart, and read the sentence below.

# %%
words = "closer every effort forward inches moves pizza toward you".split()
scores = [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79]
mg.widgets.SamplingExplorer(logits=scores, labels=words, u=0.6)

# %% [markdown]
# ### Your turn: temperature
#
# Exercise, 4 minutes. `temperature(logits, T) -> probabilities`: divide the scores by T, then apply
# softmax. The scores come as a list or an array; scores of 1000 are allowed. For
# `[2.0, 1.0, 0.1, -1.0]` and T = 1 the chances are those you computed first.
# `mg.learn.hint("09.temperature")` helps.

# %% tags=["exercise:09.temperature"]
temperature = mg.learn.todo()
temperature

# %% tags=["check:09.temperature"]
mg.learn.check("09.temperature", temperature)

# %% [markdown]
# ## Top-k keeps the k most likely
#
# With k = 2, two of the four chances stay. The others are set to 0, and what stays is divided by its
# sum, so that it adds up to 1 again.

# %%
first, second = sorted(probs)[:-3:-1]
print("by hand    ", round(first / (first + second), 3), round(second / (first + second), 3))
print("the library", mg.next_token(logits, top_k=2).probabilities.round(3))

# %% [markdown]
# After "an", lower top-k from the right. Look at the line that moves up through the bars: rows below
# it read "cut". The outlines stay what they were.

# %%
mg.widgets.SamplingExplorer("names", sliders=("temperature", "top_k"), prompt="an")

# %% [markdown]
# ### Your turn: top-k
#
# Exercise, 5 minutes. `top_k(probabilities, k) -> probabilities`, both (V,): keep exactly the k
# greatest, of equal ones those that stand first, and make what stays sum to 1. Example:
# `[0.5, 0.3, 0.2]` with k = 2 gives `[0.625, 0.375, 0.0]`.

# %% tags=["exercise:09.top_k"]
top_k = mg.learn.todo()
top_k

# %% tags=["check:09.top_k"]
mg.learn.check("09.top_k", top_k)

# %% [markdown]
# ## Top-p keeps until it has enough
#
# Top-p walks down from the top until the chances it passed reach p. With p = 0.9 the four-number die
# keeps three.

# %% tags=["predict:09.reach"]
# source: misconception: a cut keeps a fixed number of letters
mg.learn.predict("09.reach", "Same p = 0.9, but at T = 0.5. How many does it keep?", (2, 3, 4))

# %%
for T in (0.5, 1, 2):
    cut = mg.next_token(logits, temperature=T, top_p=0.9)
    print(f"T = {T}: keeps {cut.num_kept}, chances {cut.probabilities.round(3)}")

# %% tags=["answer:09.reach"]
mg.learn.reveal(
    "09.reach",
    mg.next_token(logits, temperature=0.5, top_p=0.9).num_kept,
    "A sharper die reaches 0.9 sooner: top-p keeps few when the model is sure, many when it is not.",
)

# %% [markdown]
# Why cut at all? GPT-2 chooses among 50,257 tokens. Each of the unlikely ones is nearly always a
# mistake, and together they add up. Here is such a tail, made up: look at how much the first fifty
# hold.

# %%
tail = [-1.1 * math.log(rank) for rank in range(1, 50_258)]
for T in (0.5, 1, 2):
    mass = mg.next_token(tail, temperature=T).cumulative[49]
    print(f"T = {T}: the first 50 hold {mass:.1%}")

# %% [markdown]
# The same numbers in the panel. Look at the strip: at T = 2 most of it is tail. Go back to T = 1 and
# lower top-p to 0.4: the tail is gone.

# %%
mg.widgets.SamplingExplorer("long tail (made-up numbers)", sliders=("temperature", "top_p"))

# %% [markdown]
# ## Min-p asks for a share of the favourite
#
# Min-p keeps every token with at least that share of the greatest chance. With 0.2, the bar is 0.2
# times the favourite's chance.

# %%
bar = 0.2 * max(probs)
print(f"bar {bar:.3f}; above it:", [round(prob, 3) for prob in probs if prob >= bar])
print("the library", mg.next_token(logits, min_p=0.2).probabilities.round(3))

# %% [markdown]
# A model that has read one story writes on from "Wren ". Raise min-p to 0.1 and press Next letter a
# few times: many letters stay at the start of a word, one or two in the middle of it.

# %%
mg.widgets.SamplingExplorer("story", sliders=("temperature", "min_p"), prompt="Wren ")

# %% [markdown]
# ## Write the sampler yourself
#
# Exercise, 10 minutes. `sample(logits, T, k, u) -> token`: temperature, then top-k, then the first
# token in order of chance whose edge lies beyond u. T = 0 takes the likeliest. Example:
# `sample([2.0, 1.0, 0.1, -1.0], 1, 4, 0.7)` gives 1.

# %% tags=["exercise:09.sample"]
sample = mg.learn.todo()
sample

# %% tags=["check:09.sample"]
mg.learn.check("09.sample", sample)

# %% [markdown]
# Once you have one, the real model runs on it: five names, each letter picked by your function, and
# compared with the library's picks.

# %%
if sample:
    with mg.learn.using(sample=sample) as report:
        print(*mg.generate_text(model, trained.tokenizer, 5, temperature=0.7, top_k=10, seed=1))
    print(report)
else:
    print("There is no sampler of yours yet; the notebook goes on without it.")

# %% [markdown]
# ### What is read once can be kept
#
# A model looks back at every earlier letter. It could read the whole text again for each new letter,
# or keep what it computed: a **cache**.

# %% tags=["predict:09.cache"]
# source: misconception: without a cache the work is twice as much, or some constant times
mg.learn.predict(
    "09.cache", "For 60 letters without a cache: how many letters does it read in all?", (60, 120, 1770, 3600)
)

# %%
story = mg.load_pretrained("story")
start = story.tokenizer.encode("W")
with mg.no_grad():
    tokens, read = list(start), 0
    while len(tokens) < 60:
        read += len(tokens)
        tokens.append(int(story.model(tokens).numpy()[-1].argmax()))
kept = start + list(mg.generate(story.model, start, 59, temperature=0))
print("the same letters:", tokens == kept)
print("letters read without a cache:", read, " with one:", len(kept) - 1)

# %% tags=["answer:09.cache"]
mg.learn.reveal("09.cache", read, "It is 1 + 2 + … + 59: the work grows with the square of the length.")

# %% [markdown]
# Fewer letters to read is less time, though not by as much: each call has a cost of its own, however
# little it reads. Measured on this machine for some seconds, the two ways taking turns:

# %% tags=["varies"]
mg.widgets.kv_cache_timing(story.model, start, 60)

# %% [markdown]
# ### Break it
#
# A text breaks in one of two ways: too cool, and it repeats what was read; too hot, and words fall
# apart. The story model writes 200 letters. How long is the longest piece that it copies from the
# story, letter for letter?

# %% tags=["predict:09.copy"]
# source: misconception: fluent text is new text
# source: measured: seeds 1 to 5, the longest piece of 200 letters: 192 to 200 at T = 0.5, 77 to 180
# source: at T = 1, 23 to 56 at T = 2
mg.learn.predict("09.copy", "At T = 0.5, of 200 letters, the longest copied piece has about", (10, 50, 200))

# %%
import difflib

text = mg.load_corpus("story")[0]
for T in (0.5, 1, 2):
    copied = []
    for written in mg.generate_text(story.model, story.tokenizer, 5, "W", 199, temperature=T, seed=1):
        match = difflib.SequenceMatcher(None, written, text, autojunk=False)
        copied.append(match.find_longest_match().size)
    print(f"T = {T}: longest copied pieces of five texts: {copied}; one ends {written[-16:]!r}")
    if T == 0.5:
        low = sorted(copied)[2]

# %% tags=["answer:09.copy"]
mg.learn.reveal("09.copy", low, "Cool, it recites what it was trained on; hot, the pieces get short and the words fall apart.")

# %% [markdown]
# ## What this does not show
#
# Dials change which chances are used, never what the model learned: no setting makes a text true.
# These models are small, and one has nearly memorised its story. Which settings people like best on
# a large model is a question of taste and of tests with readers, not of this arithmetic.

# %% [markdown]
# ### You can now say
#
# Temperature divides scores, cuts keep a run from the top, and the dart picks. With the dart fixed, a
# dial changes the letter only when an edge passes it. A cache keeps what was read.
#
# ### Explain to a friend
#
# Why did the letter change when you only turned the temperature?
#
# Back to the [first notebook](00_start_here.ipynb).
