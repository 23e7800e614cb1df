# %% [markdown]
# # A machine that invents names
#
# In three minutes you train one from nothing, on this machine, without a network. Press
# Shift+Enter to run a cell and go on to the next.
#
# Corpus: `names-mini`, given names from about a hundred countries, inside the package.

# %% tags=["imports", "varies"]
import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% [markdown]
# ## Can you beat it?
#
# It only ever does one thing: guess the next letter. Here are the beginnings of three names that it
# was never trained on. Choose a letter, press Guess, and look where your letter stands among its
# chances.

# %%
mg.widgets.GuessNext("names")

# %% [markdown]
# ## A dial bends its chances
#
# Next you see those chances as bars, and end to end as a strip. A dart falls on the strip, and the
# letter it hits is picked. A dial, the **temperature**, says how much the chances are sharpened or
# flattened before the dart falls. First a guess: ten names are drawn with the dial at nought.

# %% tags=["predict:00.greedy"]
# source: misconception: a machine that draws by chance always gives different results
mg.learn.predict("00.greedy", "With the dial at 0, how many different names will ten tries give?", (1, 3, 10))

# %% [markdown]
# Turn the temperature down, then up, and watch the dart: it stays, the edges move. An outline shows
# the chance at temperature 1. "Feels like" is how many equal choices would be as uncertain. Press
# Next letter to go on, Roll again for another dart.

# %%
mg.widgets.SamplingExplorer("names", sliders=("temperature",), compact=True)

# %% [markdown]
# Ten names at each of four temperatures, drawn with the same darts. Each says what it is: one the
# model was trained on, one of the list that was kept back, or a new one.

# %% tags=["imports"]
names = mg.load_corpus("names-mini")
trained = mg.load_pretrained("names")
table = mg.widgets.sample_table(trained, names, temperatures=(0, 0.5, 1, 1.5))
table

# %% tags=["answer:00.greedy"]
mg.learn.reveal(
    "00.greedy",
    len(set(table[0])),
    "At 0 the favourite is taken wherever the dart falls, so every try is the same name.",
)

# %% [markdown]
# ## Now make your own, from nothing
#
# You need a list of names, some random numbers, and a thousand small corrections. After each name
# the numbers that had a part in it move a little, so that it would have been less of a surprise. The
# average surprise at each letter is the **loss**; lower is better. A loss can be read as a number of
# choices: it feels as if so many letters were equally likely.

# %% tags=["predict:00.choices"]
# source: misconception: a model that has learned nothing sees one possibility, or a few
size = names.tokenizer().vocab_size
mg.learn.predict(
    "00.choices", "Before the first correction, among how many letters does it seem to choose?", (1, 10, size)
)

# %% [markdown]
# Watch four pages fill while it trains: what it writes after 0, 10, 100 and 1,000 names. Their loss
# is measured on names that it never trains on; ± says how far the choice of these names may move it.
# `lr` is the size of a correction.

# %%
model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size))
monitor = mg.widgets.TrainingMonitor(model, names, steps=1000, lr=0.01)
monitor

# %% tags=["answer:00.choices"]
monitor.wait()
mg.learn.reveal(
    "00.choices",
    monitor.perplexity(0),
    f"There are {size}, the end included; random numbers are sure of wrong guesses, which costs more.",
)

# %% [markdown]
# ### What changed?
#
# Only numbers. Below is how many of them are different now (the others belong to places that no name
# reached), and the first few that stand for one letter.

# %%
before, after = mg.GPT(model.config).state_dict(), model.state_dict()
num_changed = sum(int((before[name] != after[name]).sum()) for name in after)
print(f"{num_changed:,} of {model.parameter_count():,} numbers moved; nothing else did")
print("one letter before:", before["wte.weight"][0, :4].round(2))
print("one letter after: ", after["wte.weight"][0, :4].round(2))

# %% [markdown]
# ## How surprised is it by your name?
#
# Type your own name into the box and press Enter. Each letter gets a bar: a long one was likely, a
# short one is a surprise. The whole name gets its chance. A letter that it never met is named.

# %%
name = "anna" if "anna" in names else names[0]
mg.widgets.TextLikelihood(monitor.trainer, text=name)

# %% [markdown]
# ## The whole journey fits in one picture
#
# Each letter becomes a whole number, a **token**. The token picks a row of numbers, its
# **embedding**, to which a row for its place is added. Then **attention** lets each letter take
# something from those before it. At the end stands one score for each possible next letter, a
# **logit**. Follow the boxes from 1 to 6: blue is above 0, orange below, size is size. Each says which
# notebook opens it.

# %%
mg.widgets.forward_pass(monitor.trainer, name[:3])

# %% [markdown]
# ## Change one thing and say first what will happen
#
# Exercise, 5 minutes, difficulty 1. Train a new model with one thing changed: another width
# (`n_embd`), another number of steps, or another `lr`. Put a monitor of it into `my_run`, made as in
# the training cell above. `mg.learn.hint("00.first_change")` helps.

# %% tags=["exercise:00.first_change"]
my_run = mg.learn.todo()
my_run

# %% tags=["check:00.first_change"]
mg.learn.check("00.first_change", my_run)

# %% [markdown]
# ### Break it
#
# Each correction had the size `lr=0.01`. What if it is a hundred times larger?

# %% tags=["predict:00.break"]
# source: misconception: larger steps arrive sooner
# source: measured: held-out loss after 1,000 steps with lr 1.0 and seeds 0 to 4 is above 1.5 times
# source: that of knowing nothing each time (a test holds it)
mg.learn.predict(
    "00.break",
    "Corrections a hundred times larger: after 1,000 names the model is …",
    ("better than with 0.01", "about as good", "worse than knowing nothing"),
)

# %% [markdown]
# Look at the last page: its loss against that of knowing nothing, which the sentence names.

# %% tags=["varies"]
broken = mg.GPT(model.config)
wild = mg.widgets.TrainingMonitor(broken, names, steps=1000, lr=1.0)
wild

# %% tags=["answer:00.break"]
wild.wait()
mg.learn.reveal("00.break", wild.compare_to_baselines(), "Each correction overshoots, and the next one overshoots back.")

# %% [markdown]
# ## Bring your own list
#
# Paste names, words or places between the quotation marks, one a line, in any alphabet. Two hundred
# or more are best; fifty are soon learned by heart, and the monitor says so when it happens.

# %% tags=["optional"]
pasted = """
"""
my_monitor = None
if pasted.strip():
    mine = mg.load_corpus(text=pasted)
    config = mg.GPTConfig.microgpt(vocab_size=mine.tokenizer().vocab_size)
    my_monitor = mg.widgets.TrainingMonitor(mg.GPT(config), mine, steps=1000)
else:
    print("Nothing is pasted yet, so there is nothing to train on; the notebook goes on.")
my_monitor

# %% [markdown]
# ## What this does not show
#
# This model reads fifteen letters and has a few thousand numbers; GPT-2 reads 1,024 pieces of words
# and has tens of thousands of times as many. The training and the sampling are the same. What such a
# model can do at that size, you cannot see here, nor whether a text is true.

# %% [markdown]
# ### You can now say
#
# It guesses one letter at a time with a weighted die. Training moves numbers so that real names
# surprise it less. The loss on names it never met is the one to believe.
#
# ### Explain to a friend
#
# Where are the names stored?

# %%
print("Ask yourself:")
print("1. What does the dart do, and what does the dial do?")
print("2. Why does temperature 0 give one name again and again?")
print("3. What is the loss at the start, and why?")
print("4. Which names tell you whether it learned?")
print("5. What changes in the machine when it trains?")

# %% [markdown]
# ### Where to go on
#
# A weekend: 00, 03, 06, 09. Language models: 00 to 12. Performance: 00, 01, 02, 13, 14. Of these, 00
# and 09 are here and the others are being written. Straight on to
# [notebook 09, Sampling](09_sampling.ipynb): why did it say that?

# %% [markdown]
# If something above was slow or odd, the last cell says what is installed and what to do.

# %% tags=["varies"]
mg.doctor()
