# %% [markdown]
# # Why is a GPT built like this?
#
# Attention is one part of a GPT. Around it there are a few more: norms, residual connections, and a
# small network that works on each letter alone. Without two of these, a GPT of twelve layers does not
# learn as it should. You will take each of them away, and see what goes wrong.
#
# You need attention from notebook 06, and the loss and the scoreboard from 03. The corpus is the list
# `names-mini`.

# %% tags=["imports", "varies"]
import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% tags=["imports"]
names = mg.load_corpus("names-mini").distinct()
train, held_out = names.split()
tokenizer = names.tokenizer()
size = tokenizer.vocab_size
word = next((name for name in held_out if len(name) > 3), held_out[0])[:12]
ids = tokenizer.encode(word, bos=True)
print(f"the worked name is {word!r}, with a start mark {len(ids)} tokens")

# %% [markdown]
# ## One block adds twice
#
# The embeddings of a name go through the model as an array x of shape (T, C): T tokens, C numbers each.
# A layer of a GPT is a **block**: it computes attention, then a small network of two matrices, the
# **MLP**. Both follow the same pattern:
#
# ```python
# x = x + attention(norm(x))
# x = x + mlp(norm(x))
# ```
#
# What came in goes on, and each part only adds to it: this is the **residual connection**. A part
# computes only what is still missing, the *residual*. The norms come in a moment.

# %%
model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=size))
with mg.trace(model) as t:  # records what the model computes, by name
    model(ids)
x = t["ln_emb"]  # the embeddings, as the first block gets them
x = x + t["h.0.attn.out"]
x = x + t["h.0.mlp.out"]
print("the shape of x:", x.shape)
print("the same as what the block hands on:", np.allclose(x, t["h.0.out"], atol=1e-6))

# %% [markdown]
# The MLP works on each letter alone. Between its two matrices, `relu` replaces what is below 0 by 0:
# without that, two matrices in a row are no more than one.
#
# Here is every operation of this model, with its shapes; the 1 in front is a batch of one name. The
# names are GPT-2's: `wte` and `wpe` are the tables of tokens and positions, `h.0` is the first block, and
# `lm_head` makes the logits. Look for the three norms: one comes before the block, and two are in it.

# %%
mg.shapes(model, ids)

# %% [markdown]
# ### What does a norm do?
#
# A part works best with numbers that are neither huge nor tiny. So before it reads a letter's numbers, a
# **norm** brings them to one size. Take the two numbers (3, 4). The mean of their squares is 12.5, and
# its root is 3.536. Divided by that, they are (0.849, 1.131): the same direction, and now the mean of
# the squares is 1. This norm is RMSNorm, from *root mean square*.

# %%
x = np.array([3.0, 4.0])
root_mean_square = np.sqrt(np.mean(x**2))
print(f"root mean square {root_mean_square:.3f}, after the division {(x / root_mean_square).round(3)}")

# %% [markdown]
# ### Your turn: RMSNorm
#
# Exercise, 5 minutes. `rms_norm(x, eps=1e-5) -> y`, with x and y (…, C). Divide each letter's row, the C
# numbers along the last axis, by the root of (the mean of its squares + eps). One row's size must not
# depend on its neighbours. The small eps, inside the root, keeps zeros from being divided by 0. Example:
# `[3, 4]` gives `[0.8485, 1.1314]`. Hints: `mg.learn.hint("07.rms_norm")`.

# %% tags=["exercise:07.rms_norm"]
rms_norm = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:07.rms_norm"]
mg.learn.check("07.rms_norm", rms_norm)

# %% [markdown]
# ### Your turn: GPT-2's norm
#
# GPT-2 has LayerNorm. It first moves the mean of a row to 0, then divides. Then each of the C numbers
# gets a learned weight and bias.
#
# Exercise, 6 minutes. `layer_norm(x, weight, bias, eps=1e-5) -> y`, with x and y (…, C), weight and
# bias (C,). Subtract each row's mean, then divide by the root of (the variance + eps): the variance is
# the mean of the squared distances from the mean. Then multiply by weight and add bias. Example:
# `[1, 2, 3, 4]`, weight 1 and bias 0 give `[-1.3416, -0.4472, 0.4472, 1.3416]`. Hints:
# `mg.learn.hint("07.layer_norm")`.

# %% tags=["exercise:07.layer_norm"]
layer_norm = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:07.layer_norm"]
mg.learn.check("07.layer_norm", layer_norm)

# %% [markdown]
# What is correct now runs in a model with that norm, for ten steps of training.

# %%
from IPython.display import display

for norm, function in {"rms_norm": rms_norm, "layer_norm": layer_norm}.items():
    if mg.learn.check(f"07.{norm}", function):
        config = mg.GPTConfig.microgpt(vocab_size=size, norm=norm.replace("_", ""))
        with mg.learn.using(**{norm: function}) as report:
            losses = [step.loss for step in mg.Trainer(mg.GPT(config), names, mg.TrainConfig(steps=10))]
        display(report)
    else:
        print(f"{norm}: there is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# ## Twelve layers without help
#
# Now take both ideas away in a model of twelve layers. What a part computes replaces what came in, and
# no norm brings the numbers to one size. How large is the gradient that arrives at the first layer?

# %% tags=["predict:07.plain"]
# source: misconception: each layer weakens it a little
# source: claims: plain_gradient
# source: answer: less than a billionth of a billionth of it
# source: gives away: below what float32|vanish
mg.learn.predict(
    "07.plain",
    "Twelve layers with neither residual connections nor norms. Compared with a normal GPT, the "
    "gradient of the first layer is …",
    ("a tenth of it", "a millionth of it", "less than a billionth of a billionth of it"),
)

# %% [markdown]
# The next cells build all the models of this notebook; you need not read them. In this library, `attn`
# and `mlp` add their output to their second argument. Where that is zero, there is no residual
# connection.

# %% tags=["experiment"]
class PlainBlock(mg.nn.Block):  # what a part computes replaces what came in
    def __call__(self, x, cache=None):  # a cache is for sampling; here there is none
        zero = mg.Tensor(np.zeros(x.shape, x.dtype), backend=x.backend.name)
        x = self.attn(self.ln_1(x), zero, cache)
        return self.offer_activation("out", self.mlp(self.ln_2(x), zero))  # its name in a trace

x = mg.Tensor(np.ones((1, 6, 16), np.float32))
for kind in (mg.nn.Block, PlainBlock):
    block = mg.GPT(mg.GPTConfig.microgpt(init_std=1e-6), seed=0).h[0]  # its parts add almost 0
    block.__class__ = kind  # the same parameters, with another __call__
    print(f"a {kind.__name__:10} with tiny parameters gets 1, and gives {block(x).numpy().mean():.0f}")

# %% tags=["experiment"]
def build(residual=True, norm=True, n_layer=12, seed=0, **settings):
    config = mg.GPTConfig.microgpt(vocab_size=size, n_layer=n_layer, **settings)
    model = mg.GPT(config, seed=seed)
    for block in model.h:
        block.__class__ = mg.nn.Block if residual else PlainBlock
        if not norm:
            model.ln_emb = None  # the norm before the first block
            block.ln_1 = block.ln_2 = lambda x: x  # what comes in, unchanged
    return model

for depth in (1, 12):
    print(f"layers: {depth:2}   parameters: {build(n_layer=depth).parameter_count():6,}")

# %% [markdown]
# The size of a layer's gradient is the root of the sum of all its squares. It is measured on 32 names
# before any training. A row of the batch is a name, and targets of −1 are not counted. Python writes
# 0.00002 as 2e-05.

# %% tags=["experiment"]
def padded(corpus):  # names of different lengths as one array; -1 fills up the short ones
    rows = [tokenizer.encode(name, bos=True, eos=True)[:17] for name in corpus]  # 16, and the next
    ids = np.full((len(rows), max(map(len, rows))), -1)
    for row, name in zip(ids, rows):
        row[: len(name)] = name
    return np.maximum(ids[:, :-1], 0), np.where(ids[:, :-1] >= 0, ids[:, 1:], -1)

def gradient_sizes(model, data):  # in float64, because float32 cannot hold such small squares
    model.loss(*data).backward()
    squares = [[(p.grad.astype(float) ** 2).sum() for p in block.parameters()] for block in model.h]
    return np.sqrt([sum(of_layer) for of_layer in squares])

batch = padded(train[:32])
print(f"{len(batch[0])} names of at most {batch[0].shape[1]} tokens, start marks included")

# %% tags=["shows:07.plain"]
print("           gradient of the first layer")
print("layers      neither        both")
for depth in (1, 2, 3, 4, 6, 12):
    plain, both = (gradient_sizes(build(on, on, depth), batch)[0] for on in (False, True))
    print(f"{depth:6}   {plain:10.0e}  {both:10.1e}")

# %% tags=["answer:07.plain"]
share = plain / both
answer = "less than a billionth of a billionth of it" if share < 1e-18 else "a millionth of it"
mg.learn.reveal("07.plain", "a tenth of it" if share > 1e-3 else answer, share=f"{share:.0e}")

# %% [markdown]
# Where does it get lost? Follow the numbers of the model with neither: the root mean square of x after
# a block, and the gradient of that block's parameters.

# %% tags=["experiment"]
def sizes_of_x(model, data):  # the root mean square of x after each block
    with mg.no_grad(), mg.trace(model) as t:
        model(data[0])
    outputs = [t[f"h.{layer}.out"].astype(float) for layer in range(len(model.h))]
    return np.array([np.sqrt(np.mean(x**2)) for x in outputs])

print(f"with both, after the first block: {sizes_of_x(build(), batch)[0]:.2f}")

# %%
# source: claims: plain_shrinks
# source: claims: plain_last_gradient
model = build(residual=False, norm=False)
print("block    size of x     gradient")
for layer, (size_of_x, gradient) in enumerate(
    zip(sizes_of_x(model, batch), gradient_sizes(model, batch)), 1
):
    if layer in (1, 2, 3, 6, 12):
        print(f"{layer:5}   {size_of_x:10.0e}   {gradient:10.0e}")

# %% [markdown]
# Forwards, x shrinks about a hundredfold in each block. Backwards, the gradient of x, not printed, shrinks
# as fast. The gradient of a block's parameters has the factors of both: of all blocks before it and after
# it. So it is equally tiny in every block, even in the last.

# %% [markdown]
# ### Four models, one picture
#
# Now give the twelve layers one idea back: first the norms, then the residual connections. How large is
# the gradient of each layer, before any training? Look for the model that does not fit on the page.

# %%
variants = {
    "neither": (False, False), "norms only": (False, True),
    "residuals only": (True, False), "both": (True, True),
}
sizes = {
    name: [gradient_sizes(build(*parts, seed=seed), batch) for seed in range(3)]
    for name, parts in variants.items()
}
mg.viz.plot_layers(sizes, "size of the gradient", log=True)

# %% [markdown]
# ## Three models are alive. Which of them learn?
#
# In three of the four models, the gradient arrives at every layer. With norms alone, its size depends
# on the seed, but it never vanishes. It looks as if one of the two ideas were enough. Guess, then train
# all four: that takes about half a minute.

# %% tags=["predict:07.norms_only"]
# source: misconception: gradients alive means learning
# source: claims: norms_only_and_both
# source: claims: norms_only_and_letters
# source: answer: only how often each letter occurs
# source: gives away: hardly tell|same direction|all alike
mg.learn.predict(
    "07.norms_only",
    "Norms, but no residual connections: the gradient arrives at every layer. After 100 steps, this "
    "model has learned …",
    ("as much as with both", "about half of that", "only how often each letter occurs"),
)

# %% tags=["experiment"]
def train_one(model, steps=100, seed=42):
    config = mg.TrainConfig(steps=steps, batch_size=32, seed=seed)
    trainer = mg.Trainer(model, names, config, capture=False)
    for _ in trainer:
        pass
    return trainer

print(f"100 steps of 32 names: {100 * 32 / len(train):.1f} times through the names")

# %% tags=["shows:07.norms_only"]
board = mg.learn.scoreboard(names, max_n=1)
for name, parts in variants.items():
    board.add(f"12 layers, {name}", train_one(build(*parts)))
board

# %% tags=["answer:07.norms_only"]
losses = {score.name.removeprefix("12 layers, "): score.loss for score in board.scores}
letters, norms, both = (losses[name] for name in ("letters counted", "norms only", "both"))
learned = norms < letters - 0.1
answer = "about half of that" if learned else "only how often each letter occurs"
answer = "as much as with both" if norms < both + 0.05 else answer
values = {"norms": norms, "both": both, "letters": letters, "neither": losses["neither"]}
mg.learn.reveal("07.norms_only", answer, **{name: f"{loss:.2f}" for name, loss in values.items()})

# %% [markdown]
# What did the gradients not show? Look at the letters themselves. After each block, every letter of a
# name has its row of x. Compare all rows of a name by their cosine, as in notebook 05:
# at 1, all point in the same direction.

# %% tags=["experiment"]
def mean_cosines(model, data):  # between the rows of each name, after each block
    with mg.no_grad(), mg.trace(model) as t:
        model(data[0])
    real = data[1] >= 0  # (B, T): False where a short name was filled up
    both_real = real[:, :, None] & real[:, None, :]  # (B, T, T): for each pair of letters
    pairs = both_real & ~np.eye(real.shape[1], dtype=bool)  # no letter with itself
    cosines = []
    for layer in range(len(model.h)):
        x = t[f"h.{layer}.out"].astype(float)
        x /= np.linalg.norm(x, axis=-1, keepdims=True)  # now a product of two rows is their cosine
        cosines.append((x @ x.swapaxes(1, 2))[pairs].mean())
    return np.array(cosines)

print(f"with both, after the first block: {mean_cosines(build(), batch)[0]:.2f} on average")

# %% [markdown]
# Look at the right end of the three lines, the last block. Training has not begun yet.

# %%
# source: claims: cosine_without_residuals
alike = {
    name: [mean_cosines(build(*variants[name], seed=seed), batch) for seed in range(3)]
    for name in ("norms only", "residuals only", "both")
}
mg.viz.plot_layers(alike, "cosine between letters")

# %% [markdown]
# Without residual connections, each attention mixes the letters of a name a little more, and nothing
# brings the letter itself back. In the end all rows of a name are alike. The model can hardly tell at
# which letter it is, and what is left to learn is how often each letter occurs. Does training change that?

# %%
# source: claims: cosine_after_training
print("cosine after the last block     before    after training")
for name, before in alike.items():
    after = mean_cosines(board[f"12 layers, {name}"], batch)[-1]
    print(f"{name:28} {before[0][-1]:9.2f} {after:10.2f}")

# %% [markdown]
# ## Then what are norms for?
#
# In the last two rows of the board, norms made little difference: the cell after the next prints how
# much. But these models started with small parameters, with a spread of 0.08. Now let them start three
# times as large, with 0.25. Will they still learn, with norms and without? Training both takes about a
# quarter of a minute.

# %% tags=["experiment"]
def build_large(norm, seed=0):
    return build(norm=norm, seed=seed, init_std=0.25)

for label, model in {"small": build(), "large": build_large(norm=True)}.items():
    print(f"the parameters of {label} models spread by {model.wte.weight.numpy().std():.2f}")

# %% tags=["varies"]
# source: claims: norms_in_twelve_layers
# source: claims: large_start_without_norms
losses = {score.name: score.loss for score in board.scores}
gain = losses["12 layers, residuals only"] - losses["12 layers, both"]
print(f"small start: after 100 steps, norms lower the loss by {gain:.3f} (before rounding)")
print("large start         loss before training    after 100 steps")
for label, norm in {"residuals only": False, "both": True}.items():
    model = build_large(norm)
    start = model.loss(*batch).item()
    with np.errstate(all="ignore"):  # numbers this large may overflow
        after = train_one(model).evaluate().loss
    print(f"{label:16} {start:23,.2f} {after:18,.2f}")
print(f"{'knowing nothing':16} {np.log(size):23,.2f}")

# %% [markdown]
# Without norms, each block makes the numbers larger, and twelve blocks make the logits far too large.
# Training does not repair that: the loss in the last column differs from machine to machine, and
# may not even be a number. With norms, the loss begins too high as well, since none comes before the
# logits, but training repairs it. *Residual connections keep letters different; norms keep what each part
# reads at one size.*

# %% [markdown]
# ## What contributed to this letter?
#
# The residual connections make a GPT a sum: token, position, and what each attention and each MLP added.
# So you can ask for the contribution of each part to a logit. But one logit alone says nothing. What
# happens to the probabilities if you add 5 to all logits?

# %%
trained = mg.load_pretrained("names").model
beginning = word[:-1]
logits = trained(tokenizer.encode(beginning, bos=True)).numpy()[-1]
for added in (0, 5):
    raised = logits + added
    probs = np.exp(raised) / np.exp(raised).sum()
    second, first = np.argsort(raised)[-2:]
    print(f"added {added}: the favourite's logit {raised[first]:5.2f}, its probability {probs[first]:.3f}")
    print(f"         its logit minus that of the next one: {raised[first] - raised[second]:.2f}")

# %% [markdown]
# The difference of two logits, the **logit difference**, stays: it is the logarithm of how many times more
# probable one token is than the other. The view below, a *ledger*, lists each part's contribution. Follow
# the running total from top to bottom: it ends at the logit difference that the model computed. Token and
# position go through a norm together; its scale, the number that it multiplies by, is held fixed. A click
# opens attention into its heads, or the MLP into its *neurons*, the numbers between its two matrices.

# %%
mg.widgets.ResidualLedger(trained, names, text=beginning, removal=False, size=False)

# %% [markdown]
# ### Is a contribution a cause?
#
# Take one part out at the last letter: set what it adds there to 0, and run the model again. By how much
# does the favourite's lead fall? The lead is the logit difference between the most probable token and
# the next one. You need not read the cell that does it.

# %% tags=["predict:07.remove"]
# source: misconception: contribution = cause
# source: claims: removed_mlp_and_others
# source: answer: only for the MLP
# source: gives away: reads what|nothing after it|is the last part
mg.learn.predict(
    "07.remove",
    "Take out one part at a time, at the last letter: token, position, attention, MLP. For which does "
    "the lead fall by what that part had contributed, to within a tenth?",
    ("for every part", "only for the MLP", "for no part"),
)

# %% tags=["experiment"]
def without_last(x):  # what a part adds, without what it adds at the last letter
    return np.vstack([x[:-1], 0 * x[-1:]])

def removals(model, texts):  # of each part: its contributions to the lead, and how far the lead falls
    pairs = {}
    for text in texts:
        with mg.no_grad(), mg.trace(model) as t:
            model(tokenizer.encode(text, bos=True))
            second, first = np.argsort(t["logits"][-1])[-2:].tolist()
            for part, contribution in t.logit_attribution((first, second)).parts.items():
                fall = -t.effect(part, without_last, (first, second)).total
                pairs.setdefault(part, []).append((contribution, fall))
    return {part: np.array(values).T for part, values in pairs.items()}

print("such beginnings of held-out names:", *(name[:3] for name in held_out[:5]))

# %% tags=["shows:07.remove"]
effects = removals(trained, [name[:3] for name in held_out[:100]])
labels = {"token_embedding": "token", "position_embedding": "position"}
labels |= {"h.0.attn.out": "attention 1", "h.0.mlp.out": "MLP 1"}
print("                mean size        same   within")
print("part         contribution  fall  sign  a tenth")
for part, (contribution, fall) in effects.items():
    near = (abs(fall - contribution) <= 0.1 * abs(contribution)).mean()
    same = (np.sign(fall) == np.sign(contribution)).mean()
    means = f"{abs(contribution).mean():12.2f} {abs(fall).mean():5.2f}"
    print(f"{labels[part]:12} {means} {same:5.0%} {near:8.0%}")

# %% tags=["answer:07.remove"]
exact, opposite = [], []
for part, (contribution, fall) in effects.items():
    if (abs(fall - contribution) <= 0.1 * abs(contribution)).mean() > 0.9:
        exact.append(part)
    else:
        opposite.append((np.sign(fall) != np.sign(contribution)).mean())
answer = "for no part" if not exact else "only for the MLP" if opposite else "for every part"
mg.learn.reveal("07.remove", answer, opposite=f"{np.mean(opposite):.0%}")

# %% [markdown]
# So read contributions as arithmetic: they say how this logit difference came about. What would happen
# without a part is another question, and needs another run. In the next view, each ◇ is such a run.
# Compare it with the end of its bar.

# %%
mg.widgets.ResidualLedger(trained, names, text=beginning, removal="shown", size=False)

# %% [markdown]
# ## Where are the parameters of GPT-2?
#
# The smallest GPT-2 has 12 layers, a width of 768 and 50,257 tokens. To make logits, it uses the table of
# tokens again: after a last norm, a token's logit is the product of the last row of x and the token's
# embedding. One table in two places is called **weight tying**: no `lm_head` is needed.

# %% tags=["predict:07.where"]
# source: misconception: a transformer is mostly attention
# source: answer: the MLPs
# source: gives away: four times|4 times
mg.learn.predict(
    "07.where",
    "The largest part of GPT-2's 124 million parameters is in …",
    ("attention", "the MLPs", "the table of tokens", "the norms"),
)

# %% tags=["experiment"]
PLACES = {
    "mlp": "the MLPs", "attn": "attention", "wte": "the table of tokens",
    "wpe": "the positions", "ln": "the norms",
}

def count_by_part(config):
    counts = dict.fromkeys(PLACES.values(), 0)
    for name, shape in config.parameter_shapes().items():
        part = next(part for key, part in PLACES.items() if key in name)
        counts[part] += int(np.prod(shape))
    return counts

print(list(mg.GPTConfig.preset("gpt2-124M").parameter_shapes())[:6], "…")

# %% tags=["shows:07.where"]
counts = count_by_part(mg.GPTConfig.preset("gpt2-124M"))
for part, count in counts.items():
    print(f"{part:20} {count:12,}   {count / sum(counts.values()):6.2%}")
print(f"{'all, tied':20} {sum(counts.values()):12,}")

# %% tags=["answer:07.where"]
mg.learn.reveal("07.where", max(counts, key=counts.get))

# %% [markdown]
# ### Your turn: count them
#
# Exercise, 7 minutes. `count_parameters(n_layer, n_embd, block_size, vocab_size, tied, bias, norm) -> int`.
# Here C is n_embd. Count
#
# - the table of tokens, block_size positions, and `lm_head` unless it is tied;
# - in each layer the matrices for query, key, value and output, and two of an MLP that is 4C wide inside;
# - with bias, one more number for each output of a layer's matrices;
# - two norms in each layer, and one outside. A "layernorm" has C weights and, with bias, C biases. An
#   "rmsnorm" has none.
#
# Example: `1, 16, 16, 27, False, False, "rmsnorm"` gives 4,192. Hints:
# `mg.learn.hint("07.count_parameters")`.

# %% tags=["exercise:07.count_parameters"]
count_parameters = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:07.count_parameters"]
mg.learn.check("07.count_parameters", count_parameters)

# %% [markdown]
# Here are the library's counts for its presets, from microgpt to the largest GPT-2.

# %%
is_correct = mg.learn.check("07.count_parameters", count_parameters)
for preset in ("microgpt", "char", "gpt2-small", "gpt2-124M", "gpt2-355M", "gpt2-774M", "gpt2-1558M"):
    c = mg.GPTConfig.preset(preset)
    total = sum(int(np.prod(shape)) for shape in c.parameter_shapes().values())
    arguments = (c.n_layer, c.n_embd, c.block_size, c.vocab_size, c.tie_weights, c.bias, c.norm)
    yours = f"yours {count_parameters(*arguments):13,}" if is_correct else ""
    print(f"{preset:11} {'tied' if c.tie_weights else 'untied':7} {total:13,}   {yours}")

# %% [markdown]
# The view below counts any GPT; AdamW, which it names, comes in notebook 08. Set the layers to 24, and back
# to 12; then set the width to 1,536. Which parts grow, and by how much?

# %%
mg.widgets.ResidualLedger(trained, names, text=beginning, size="gpt2-124M")

# %% [markdown]
# Here is the answer, for each part of GPT-2.

# %%
once = count_by_part(mg.GPTConfig.preset("gpt2-124M"))
layers = count_by_part(mg.GPTConfig.preset("gpt2-124M", n_layer=24))
width = count_by_part(mg.GPTConfig.preset("gpt2-124M", n_embd=1536))
print("times as many      twice the layers   twice the width")
for part in once:
    print(f"{part:20} {layers[part] / once[part]:14.2f} {width[part] / once[part]:17.2f}")
both = (sum(grown.values()) / sum(once.values()) for grown in (layers, width))
print("all                  {:14.2f} {:17.2f}".format(*both))

# %% [markdown]
# ## Does one layer need all of this?
#
# Twelve layers made the collapse visible. Now take one part at a time out of a single layer: its
# residual connections, its norms, its MLP. Each trains as long as the deep ones, which
# takes some seconds.

# %% tags=["experiment"]
class BlockWithoutMLP(mg.nn.Block):  # x goes through attention only
    def __call__(self, x, cache=None):
        return self.attn(self.ln_1(x), x, cache)

def build_one_layer(without=None, seed=0):
    model = build(without != "residual connections", without != "norms", n_layer=1, seed=seed)
    if without == "MLP":
        model.h[0].__class__, model.h[0].mlp = BlockWithoutMLP, None
    return model

print(f"without the MLP, {build_one_layer('MLP').parameter_count():,} parameters are left")

# %%
# source: claims: without_residuals, without_norms
# source: no difference seen: without_mlp
board.add("1 layer, all parts", train_one(build_one_layer()))
for part in ("residual connections", "norms", "MLP"):
    board.add(f"1 layer without {part}", train_one(build_one_layer(part)), baseline="1 layer, all parts")
losses = {score.name: score.loss for score in board.scores}
whole = losses["1 layer, all parts"]
print("against the same model with all parts, before rounding:")
for name, loss in losses.items():
    if "1 layer without" in name:
        print(f"{name:38} loss {loss - whole:+.3f}")
twelve = losses["12 layers, norms only"] - losses["12 layers, both"]
print(f"{'12 layers without residual connections':38} loss {twelve:+.3f}")
board

# %% [markdown]
# Compare the first line with the last: how much is a residual connection worth in one layer, and how
# much in twelve? In one layer nothing collapses. After so few steps, twelve layers are hardly better than
# one. The board's ± is about other names, not other seeds. On five seeds,
# residual connections and norms help one layer as well; for the MLP, no difference is seen.
#
# Trained four times as long, one layer with all parts can write. Turn the temperature, and
# press *Next letter* until a name ends.

# %%
writer = train_one(build_one_layer(), 400)
mg.widgets.SamplingExplorer(writer, names, sliders=("temperature",), compact=True)

# %% [markdown]
# Your `rms_norm` can move into a whole GPT in one file: `mg.learn.workbook("my_microgpt.py")`. Two more
# parts are for you to write there: `mlp`, and `gpt`, which puts all parts together.

# %% [markdown]
# ## What this does not show
#
# Twelve layers of width 16 make the collapse visible; they are not a good model. Depth, start and width
# work together, and there are other remedies. Contributions add up because they are arithmetic, with the
# norms' scales held fixed. They do not say what happens without a part.

# %% [markdown]
# ### You can now say
#
# Without residual connections, twelve blocks make all letters alike. Norms keep what each part reads at one
# size, so that even a large start can be trained. I can count GPT-2 to the last parameter, and nearly a third of it is a table of tokens.
#
# ### Explain to a friend
#
# The gradients were healthy in every layer, and the model learned nothing but how often letters occur.
# How can that be?
#
# On to [Is it learning or memorising?](08_training.ipynb)
