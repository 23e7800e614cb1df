# %% [markdown]
# # A machine that invents names
#
# A few minutes from now you will have trained a language model: a program that writes text, one
# letter after another. Yours will invent names. It needs this machine and no network.
#
# Press Shift+Enter to run a cell and to move on to the next one.
#
# The names to learn from are in the package: the list `names-mini` has given names from about a
# hundred countries. Such a collection of texts is called a corpus.

# %% tags=["imports", "varies"]
import math

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% [markdown]
# ## Can you beat the model?
#
# The model gives each letter a chance to come next, a number between 0 and 1 called its
# **probability**. Together, they add up to 1.
#
# Here are the beginnings of three names that it was never trained on. Click the letter that you
# think comes next, or *end* if the name is complete. Then bars show the model's probabilities.
# Its favourite is often wrong: at a probability of one half, it fails to come half of the time.

# %%
mg.widgets.GuessNext("names")

# %% [markdown]
# ### What is a model?
#
# A model is a long calculation. Its input is the letters so far, each replaced by a whole number:
# the letter's **token**. Its output is a probability for each possible next token. In between,
# the calculation uses thousands of adjustable numbers, the **parameters** of the model. Training
# changes the parameters and nothing else.
#
# The next cell loads the list of names and a model that has already been trained on it.

# %% tags=["imports"]
names = mg.load_corpus("names-mini")
size = names.tokenizer().vocab_size
trained = mg.load_pretrained("names")
print(f"{names[0]!r} becomes the tokens {names.tokenizer().encode(names[0], bos=True, eos=True)}")
print(f"there are {size} tokens: one for each letter, and one that marks the start and the end")
print(f"the trained model has {trained.model.parameter_count():,} parameters")

# %% [markdown]
# ## A dart picks each letter
#
# The probabilities are laid end to end and form a strip. A dart lands on the strip at random, and
# the letter that it hits is written. Then the model gives new probabilities, for the letter after
# that.
#
# A dial changes the strip before the dart lands. It is called the **temperature**. A low
# temperature makes the probable letters still more probable; a high one brings the probabilities
# closer together. Soon you will see ten names drawn at temperature 0. First, your guess.

# %% tags=["predict:00.greedy"]
# source: misconception: a machine that draws at random always gives different results
# source: answer: 1
# source: gives away: the same name|only one name|most probable letter
mg.learn.predict("00.greedy", "At temperature 0, how many different names will ten tries give?", (1, 3, 10))

# %% [markdown]
# In the view below, turn the temperature down, then up. The dart stays where it is; the edges
# between the letters move. The pale strip shows temperature 1, for comparison. *Next letter* writes
# the letter that was hit, and *Throw again* throws a new dart.
#
# How hard is the next letter to guess? The number below the dial says so as a number of choices,
# the **perplexity**. At perplexity 10, the letter is as hard to guess as one of ten equally
# probable letters. At perplexity 1, it is certain.

# %%
mg.widgets.SamplingExplorer("names", sliders=("temperature",), compact=True)

# %% [markdown]
# The next table has ten names for each of four temperatures. Each row uses the same darts in all
# four columns; only the temperature differs. A symbol beside each name shows where it comes from.
# *Trained on*: the model was trained on it. *In the list, not trained on*: it is in the list, but
# it was kept back for a test, or the training ended before reaching it. *New*: it is not in the
# list.

# %% tags=["shows:00.greedy"]
table = mg.widgets.sample_table(trained, names, temperatures=(0, 0.5, 1, 1.5))
table

# %% tags=["answer:00.greedy"]
mg.learn.reveal("00.greedy", len(set(table[0])))

# %% [markdown]
# ## Now train a model of your own
#
# A new model has random parameters. In training, it reads name after name and gives probabilities
# for each next letter. The less probable what comes, the bigger the surprise. The **negative
# log-likelihood** measures this surprise: 0 for a letter that was certain, more for a less
# probable one. The average over many letters is the **cross-entropy loss**, or *loss* for short.
# A loss can be written as a perplexity, too: perplexity 10 is like guessing among ten equally
# probable letters.

# %% tags=["predict:00.choices"]
# source: misconception: a model that has learned nothing sees one possibility, or a few
# source: answer: 28.9
# source: gives away: the end included|knowing nothing has|28\.9|for no reason
mg.learn.predict(
    "00.choices",
    "Before training, all parameters are random. What is the perplexity then?",
    (1, 10, size),
)

# %% [markdown]
# After each name, the parameters are corrected a little. In which direction? For each parameter, a
# calculation finds how the loss would change if that parameter grew. Together, these slopes are the
# **gradient**; notebook 01 shows how to compute it. Each parameter then moves against the gradient,
# so that the loss falls. The **learning rate**, `lr`, sets the size of the correction.
#
# Some names are kept back, so that the model is never trained on them. They are called the
# **held-out (validation) set**.

# %%
training_set, held_out_set = names.split()
print(f"{len(training_set):,} names to train on, such as {training_set[0]!r}")
print(f"{len(held_out_set):,} held-out names, such as {held_out_set[0]!r}")

# %% [markdown]
# Why hold names out? A model can learn its training names by heart and still be bad at all others.
# This is called **overfitting**, and only the held-out loss shows it.
#
# Now train, one name per step. Watch the curve, which is the training loss, and the dots, which are
# the held-out loss. Below each dot are names that the model invents at that moment. Compare the
# dots with the two dashed lines: *knowing nothing* gives all letters the same probability, and
# *pairs counted* only counts which letter follows which.

# %% tags=["shows:00.choices"]
model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size))
monitor = mg.widgets.TrainingMonitor(model, names, steps=1000, lr=0.01)
monitor

# %% tags=["answer:00.choices"]
monitor.wait()
mg.learn.reveal("00.choices", monitor.perplexity(0), size=size)

# %% [markdown]
# ### Is that a good result?
#
# One perplexity alone says little. The next cell lists your model's beside four others, all
# measured on the same held-out names. The loss is in nats, a unit that notebook 09 explains. The
# perplexity is e to the power of the loss: if one falls, the other falls. The number after ± is
# the standard error: with other held-out names, the loss would typically differ by about this
# much.

# %% tags=["frames:perplexity"]
trainer, pairs, letters = monitor.trainer, mg.NGram(size, n=2), mg.NGram(size, n=1)
for tokens, targets in trainer.seen_batches():
    pairs.count(tokens, targets)
    letters.count(tokens, targets)
yours = trainer.evaluate()
losses = {
    "knowing nothing: all letters equally probable": math.log(size),
    "letters counted: how often each letter occurs": trainer.compare(letters.losses).loss,
    "pairs counted: which letter follows which": trainer.compare(pairs.losses).loss,
    "your model": yours.loss,
    "each letter certain: out of reach, since names differ": 0,
}
for label, loss in losses.items():
    print(f"loss {loss:.2f}, perplexity {math.exp(loss):4.1f}: {label}")
print(f"In a paper: validation loss {yours.loss:.2f} ± {yours.stderr:.2f}, perplexity {yours.perplexity:.1f}")

# %% [markdown]
# ### What changed?
#
# Only the parameters changed. In the calculation, a row of numbers represents each token: its
# **embedding**. These numbers are parameters, too. The next cell prints how many parameters
# moved, and the first four of one embedding before and after training. The model also has a row
# of parameters for each position in a name. The rows of positions that no training name reached
# do not move.

# %%
before, after = mg.GPT(model.config).state_dict(), model.state_dict()
num_moved = sum(int((before[key] != after[key]).sum()) for key in after)
print(f"{num_moved:,} of {model.parameter_count():,} parameters moved")
print(f"embedding of {names.tokenizer().decode([0])!r} before:", before["wte.weight"][0, :4].round(2))
print(f"embedding of {names.tokenizer().decode([0])!r} after: ", after["wte.weight"][0, :4].round(2))

# %% [markdown]
# ## How probable is your name?
#
# Type your name into the box and press Enter. Each letter gets a bar: its probability after the
# letters before it. Multiplied, they give the probability of the whole name, written as “1 in …”.
# It is small for every name, since many names are possible. The line below the bars compares it
# with that of random letters. The negative log-likelihood of a name is the sum of those of its
# letters. If a letter does not occur in the list, the view says so.

# %% tags=["frames:name"]
name = "anna" if "anna" in names else names[0]
print(f"certain: 1 in 1; {len(name)} random letters and the end: 1 in {size ** (len(name) + 1):,}")
mg.widgets.TextLikelihood(monitor.trainer, text=name)

# %% [markdown]
# ## One picture shows the whole path
#
# Follow the arrows. Each letter becomes a token (1), and each token its embedding
# (2). Then each letter can look back and take something from those before it: this is
# **attention** (3). Several such looks, called *heads*, run side by side. The MLP, or multilayer
# perceptron, works on each letter alone (4). Both results are added to what came in. Then each
# possible next letter gets a score, its **logit** (5). Logits may be negative; a higher logit means
# a higher probability (6).

# %%
mg.widgets.forward_pass(monitor.trainer, name[:3])

# %% [markdown]
# ## Change one thing and say first what will happen
#
# Exercise, 5 minutes, difficulty 1. Train a new model with exactly one thing changed: the learning
# rate, the number of steps, or the width of the embedding, as in
# `mg.GPTConfig.microgpt(vocab_size=size, n_embd=32)`. Make a new model and a new `TrainingMonitor`,
# as in the training cell above, name the monitor `my_run`, and end the cell with `my_run`, so that
# you see it train. If you need help, call `mg.learn.hint("00.first_change")`. Choose your change
# now, and guess what it does.

# %% tags=["predict:00.change"]
# source: misconception: a model with more parameters must have a lower loss
# source: measured: against 2.51 ± 0.01, 32 wide 2.52, 8 wide 2.53, 300 steps 2.57, 2,000 steps 2.49,
# source: 3,000 steps 2.48, lr 0.001 2.58, lr 0.02 2.51: each of the three answers comes
# source: gives away: the first run ended
mg.learn.predict(
    "00.change",
    "Compared with the first model, the held-out loss of yours will be …",
    ("lower", "about the same", "higher"),
)

# %% tags=["exercise:00.first_change"]
my_run = mg.learn.todo()  # your lines go here, in place of this one

# %% tags=["check:00.first_change"]
mg.learn.check("00.first_change", my_run)

# %% tags=["answer:00.change"]
if hasattr(my_run, "wait"):
    my_run.wait()
run, sentence = getattr(my_run, "trainer", my_run), None
if getattr(run, "model", None) is model:
    print("Your run has the model of the first one, so its loss would be compared with itself.")
    print("Make a new model with mg.GPT(…) for my_run, then run its cell and this one again.")
elif isinstance(run, mg.Trainer) and (yours := run.evaluate()):
    first = monitor.trainer.evaluate()
    change, margin = yours.loss - first.loss, 2 * max(first.stderr, yours.stderr)
    result = "lower" if change < -margin else "higher" if change > margin else "about the same"
    losses = {"first": f"{first.loss:.2f}", "yours": f"{yours.loss:.2f}"}
    sentence = mg.learn.reveal("00.change", result, **losses)
else:
    print("There is no run of yours yet; the notebook goes on without it.")
sentence

# %% [markdown]
# ### One more change
#
# The learning rate was `lr=0.01`. What happens if it is a hundred times larger?

# %% tags=["predict:00.break"]
# source: misconception: larger steps arrive sooner
# source: measured: held-out loss after 1,000 steps with lr 1.0 and seeds 0 to 4 is above 1.5 times
# source: that of knowing nothing each time (a test holds it)
# source: answer: worse than knowing nothing
# source: gives away: overshoot|worse than|jumps past
mg.learn.predict(
    "00.break",
    "With a learning rate a hundred times larger, the model after 1,000 names is …",
    ("better than with 0.01", "about as good", "worse than knowing nothing"),
)

# %% [markdown]
# Compare the number at the last dot with that of *knowing nothing*.

# %% tags=["varies", "shows:00.break"]
broken = mg.GPT(model.config)
wild = mg.widgets.TrainingMonitor(broken, names, steps=1000, lr=1.0)
wild

# %% tags=["answer:00.break"]
wild.wait()
losses = {"loss": f"{wild.trainer.evaluate().loss:.1f}", "uniform": f"{math.log(size):.1f}"}
mg.learn.reveal("00.break", wild.compare_to_baselines(), **losses)

# %% [markdown]
# ## Bring your own list
#
# Paste names, words or places between the quotation marks, one per line, in any alphabet. Two
# hundred or more work best. With only fifty, overfitting begins early, and the view says so.

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
# In this model, attention looks back at fifteen letters at most. In the smallest GPT-2, it looks
# back at 1,024 tokens, pieces of words, and there are tens of thousands of times as many
# parameters. Perplexities can be compared only if the tokens are the same. A low perplexity does
# not make a text true.

# %% [markdown]
# ### How does this become ChatGPT?
#
# The same steps give GPT-2 if everything is larger: embeddings, attention, training texts. ChatGPT
# begins as a much larger model of this kind, trained on a large part of the public web. What is
# missing here is a second training, on example conversations and on people's ratings of answers:
# it turns a model that continues texts into one that answers.

# %% [markdown]
# ### You can now say
#
# A language model gives each possible next token a probability, and a dart picks one. Training
# moves the parameters against the gradient, so that the loss, the average negative log-likelihood,
# falls. Believe the held-out loss and its perplexity, because the training loss cannot show
# overfitting.
#
# ### Explain to a friend
#
# Where are the names stored?

# %%
print("Ask yourself:")
print("1. What does the dart do, and what does the temperature do?")
print("2. What does the negative log-likelihood measure? What do the loss and the perplexity say?")
print("3. What are held-out names for, and how would you notice overfitting?")
print("4. What do the gradient and the learning rate decide in one correction of the parameters?")
print("5. How does a token become an embedding, a logit and a probability? What does attention add?")

# %% [markdown]
# ### Where to go on
#
# If you have a weekend, do 00, 03, 06 and 09. For language models, do 00 to 12; for performance,
# 00, 01, 02, 13 and 14. So far, 00 to 05 and 09 are here, and the others are being written. Go on
# to [notebook 01, One number at a time](01_one_number.ipynb), or straight to notebook 09,
# Sampling, which asks: why did it say that?

# %% [markdown]
# If something above was slow or odd, the last cell says what is installed and what to do.

# %% tags=["varies"]
mg.doctor()
