# %% [markdown]
# # What is a letter to GPT-2?
#
# How many r's are there in "strawberry"? Models that write well have stumbled over this question.
# GPT-2 receives " strawberry" as a single number; without the space, it receives three. Here you
# build what turns a text into such numbers, and see what is left of the letters.
#
# You need notebook 00 and, from notebook 03, the table of pairs. It counts which token follows which,
# and its loss is the mean negative log-likelihood of what really comes next. The corpus is `story`.

# %% tags=["imports", "varies"]
import numpy as np

import microgpt as mg

mg.require("0.1")
mg.doctor(brief=True)

# %% [markdown]
# ## Every text is stored as numbers below 256
#
# A file does not store letters. It stores numbers from 0 to 255, and such a number is called a
# **byte**. An English letter is one byte. There are more letters in the world than 256, so the others
# take two, three or four bytes each. Look at the astronaut in the next cell.

# %%
for text in ("e", "é", "人", "👩‍🚀"):
    content = text.encode()  # the bytes of the text
    print(f"{text}  {len(content):2} byte{'s' * (len(content) > 1)}: {list(content)}")

# %% [markdown]
# The astronaut is made of three characters: a woman, an invisible joint and a rocket. They take 4, 3
# and 4 bytes.
#
# Bytes could be the tokens of a model. There are only 256, and every text can be written with them.
# But a row of bytes is long, and a model must read every token of it.

# %% [markdown]
# ## Count the commonest pair, glue it, repeat
#
# Take "banana bandana". Which two neighbours occur most often? "an", four times. Glue them: "an"
# becomes a token of its own, number 256, wherever it stands. Now count again. "b" and "an" stand
# together twice, and so do "an" and "a". Then the pair whose first number is smaller wins, and if
# these are equal, the one whose second number is. Each such step is a **merge**, and the whole method is **byte-pair encoding**, or BPE.

# %%
def show(tokenizer, ids):  # the text of each token, with ␣ for a space
    return "·".join(tokenizer.token_text(i).replace(" ", "␣") for i in ids)

def cut_text(tokenizer, text):
    return show(tokenizer, tokenizer.encode(text))

small = mg.tokenizers.train_bpe("banana bandana", 256 + 3, special_tokens=())  # bytes and three merges
for new_id, count in enumerate(small.counts, 256):
    print(f"token {new_id}: {small.token_text(new_id)!r}, counted {count} times")
print("after three merges:", cut_text(small, "banana bandana"))

# %% [markdown]
# Now the same on a whole story, a thousand times. What cuts a text into tokens, and puts it together
# again, is a **tokenizer**. This one is yours: 256 bytes and 1,000 merges. One rule is borrowed from
# GPT-2: a text is first cut into words, each with the space before it, and no merge crosses such a
# cut.

# %% tags=["imports"]
story = mg.load_corpus("story")[0]
tok = mg.tokenizers.train_bpe(story, 256 + 1000, special_tokens=())
print("merge  token     counted")
for k in range(12):
    print(f"{k + 1:5}  {tok.token_text(256 + k)!r:8}  {tok.counts[k]:7}")
print(f"the last one, number 1,000: {tok.token_text(1255)!r}, counted {tok.counts[-1]} times")

# %% [markdown]
# ## What does each merge glue?
#
# You see " the" in the list, with its space. The text of the view below begins with "the", and no
# space stands before it.
#
# After your guess, set *Merges allowed* to 0, press *Next*, and see which boxes are glued. Click on a
# box: it is outlined in orange, and its tree
# shows which merges made it, down to the bytes. The solid curve shows how long a token of this text is
# on average, in bytes.

# %% tags=["predict:04.the"]
# source: misconception: a word is a word wherever it stands
# source: answer: 2
# source: gives away: "t" and "he"|two tokens|no space is glued
mg.learn.predict(
    "04.the",
    "After 30 merges, ' the' with its space is one token. Into how many is 'the' cut at the beginning of a text?",
    (1, 2, 3),
)

# %% tags=["shows:04.the"]
mg.widgets.MergeTimeMachine("the theme is unbelievable", merges=30)

# %% tags=["answer:04.the"]
after_30 = mg.tokenizers.BPETokenizer(tok.merges[:30], ())
mg.learn.reveal("04.the", len(after_30.encode("the")))

# %% [markdown]
# ### How many r's does a model see?
#
# Here your tokenizer cuts "strawberry", without a space before it and with one. The numbers in
# brackets are all that a model is given.

# %%
gpt2 = {"strawberry": "st·raw·berry", " strawberry": "␣strawberry"}  # from its published merges
for text in ("strawberry", " strawberry"):
    ids = tok.encode(text)
    print(f"{cut_text(tok, text):15} {ids}  GPT-2: {gpt2[text]}")
    print(f"  the letter r comes {text.count('r')} times, its token {ord('r')} {ids.count(ord('r'))} times")

# %% [markdown]
# The letter r comes three times, and its token not once: each r is part of a longer token. Nothing in
# the number of "erry" says that it holds two of them. The two ways of writing the word do not even
# share all their tokens. A model cannot count letters that it is not given. It could only learn from
# its training texts how each token is spelled.

# %% [markdown]
# ### Your turn: one merge
#
# Exercise, 5 minutes. `merge(ids, pair, new_id) -> list`. In the list of tokens `ids`, replace every
# occurrence of the pair by `new_id`, reading from the left; no id may be part of two occurrences.
# Return a new list, and leave `ids` unchanged. Example: `merge([1, 2, 3, 1, 2], (1, 2), 9)` gives `[9, 3, 9]`. Hints:
# `mg.learn.hint("04.merge")`.

# %% tags=["exercise:04.merge"]
merge = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:04.merge"]
mg.learn.check("04.merge", merge)

# %% [markdown]
# ## Which merge goes first?
#
# The list of merges has an order. The place of a merge in the list, counted from 0, is its **rank**:
# what the view calls merge 1 has rank 0. When byte-pair encoding cuts a new text, nothing is counted
# any more: the merges and their ranks decide.
#
# Say that there are two merges. The one of rank 0 glues "b" and "c"; the one of rank 1 glues "a" and
# "b". The text is "abc".

# %% tags=["predict:04.rank"]
# source: misconception: the longest token wins, or the first from the left
# source: answer: a·bc
# source: gives away: lower rank|a·bc(?!")
mg.learn.predict("04.rank", "What becomes of 'abc'?", ("a·bc", "ab·c", "abc"))

# %% tags=["answer:04.rank"]
two = mg.tokenizers.BPETokenizer([(98, 99), (97, 98)], ())
mg.learn.reveal("04.rank", cut_text(two, "abc"))

# %% [markdown]
# Another method looks simpler than byte-pair encoding: go from left to right, and always take the
# longest token that fits. Here are two words, cut by both methods.

# %%
ids_of = {tok.token_bytes(i): i for i in range(tok.vocab_size)}

def longest_first(word):
    rest, ids = word.encode(), []
    while rest:
        size = max(n for n in range(1, len(rest) + 1) if rest[:n] in ids_of)
        ids, rest = [*ids, ids_of[rest[:size]]], rest[size:]
    return ids

for word in (" asked", " kept"):
    print(f"by rank: {cut_text(tok, word):8}  longest first: {show(tok, longest_first(word))}")

# %% [markdown]
# How many words of the story do they cut differently, and does longest-first lose anything? Count all
# tokens, and put them together again.

# %%
words = list(mg.tokenizers.pretokenize(story))  # the story, cut into words
cuts = {"by rank": list(map(tok.encode, words)), "longest first": list(map(longest_first, words))}
num_different = sum(a != b for a, b in zip(*cuts.values()))
print(f"{num_different} of {len(words):,} words are cut differently")
for method, rows in cuts.items():
    ids = [i for row in rows for i in row]
    print(f"{method:13}: {len(ids):,} tokens, decoded without loss: {tok.decode(ids) == story}")

# %% [markdown]
# Both give the story back, so decoding cannot tell you which method a model was trained with. But the
# model has learned from the tokens of one method, and the other gives it sequences that it may never
# have seen in training.

# %% [markdown]
# ### Your turn: from text to tokens
#
# Exercise, 9 minutes. `encode(text, merges) -> list`. Turn the text into its bytes. Then apply, again
# and again, the merge of lowest rank that occurs, until none does. The rank is the index in
# `merges`, a list of pairs; the merge of rank k makes the id 256 + k. Example:
# `encode("abc", [(98, 99), (97, 98)])` gives `[97, 256]`. Hints: `mg.learn.hint("04.encode")`.

# %% tags=["exercise:04.encode"]
encode = mg.learn.todo()  # your function goes here, in place of this line

# %% tags=["check:04.encode"]
mg.learn.check("04.encode", encode)

# %% [markdown]
# If your `encode` is correct, it now cuts the first words of the story with the 1,000 merges, and so
# does the library.

# %%
if mg.learn.check("04.encode", encode):
    mine = [i for word in words[:600] for i in encode(word, list(tok.merges))]
    theirs = [i for word in words[:600] for i in tok.encode(word)]
    print(f"600 words: {len(mine):,} tokens; the same as the library's: {mine == theirs}")
else:
    print("There is no correct answer of yours yet; the notebook goes on without it.")

# %% [markdown]
# ## Seven languages, one sentence
#
# The Universal Declaration of Human Rights exists in hundreds of languages. Here is the first sentence
# of its first article in seven of them. Byte-pair encoding has no language of its own, but your merges
# were counted on an English story. The Russian sentence has 69 characters and 127 bytes.

# %% tags=["predict:04.russian"]
# source: misconception: tokens are letters or words
# source: answer: 127
# source: gives away: \b127 tokens|each of its bytes
mg.learn.predict("04.russian", "Into how many of your tokens is the Russian sentence cut?", (30, 69, 127))

# %% tags=["shows:04.russian"]
sentences = {
    "English": "All human beings are born free and equal in dignity and rights.",
    "French": "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "German": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "Russian": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "Arabic": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "Chinese": "人人生而自由，在尊严和权利上一律平等。",
}
print("language  characters  bytes  tokens  × English (▪ is five tokens)")
in_english = len(tok.encode(sentences["English"]))
for language, text in sentences.items():
    num_tokens = len(tok.encode(text))
    row = f"{language:8} {len(text):11} {len(text.encode()):6} {num_tokens:7}"
    print(f"{row} {num_tokens / in_english:10.1f} {'▪' * round(num_tokens / 5)}")

# %% tags=["answer:04.russian"]
mg.learn.reveal("04.russian", len(tok.encode(sentences["Russian"])))

# %% [markdown]
# With this English list, a sentence that is paid by the token costs far more in Hindi, as its row
# says. It also fills more of what a model can read at once. GPT-2's list has 50,000 merges, counted on
# web pages that were mostly English. If it is on your computer, the view of merges can use it.

# %% [markdown]
# ## Do more merges make the model better?
#
# Hold out one fifth of `story`. Learn some merges from the rest, cut both parts with them, and count
# in the rest which token follows which. The loss of this table of pairs on the held-out fifth is in
# nats per token. Compare a table without any merge, whose tokens are bytes, with one after 500
# merges.

# %% tags=["predict:04.loss"]
# source: misconception: a better tokenizer has a lower loss
# source: claims: loss_per_token
# source: claims: loss_per_byte
# source: answer: higher
# source: gives away: per token,? it rises|\brises\b|more bytes at a time
mg.learn.predict(
    "04.loss",
    "With 500 merges in place of none, the held-out loss per token is …",
    ("lower", "about the same", "higher"),
)

# %% tags=["experiment"]
def hold_out(fold, num_merges):  # fold: which fifth is held out, from 0 to 4
    size = len(story) // 5
    held_out = story[fold * size : (fold + 1) * size]
    train = story[: fold * size] + story[(fold + 1) * size :]
    tokenizer = mg.tokenizers.train_bpe(train, 256 + num_merges, special_tokens=())
    return tokenizer, train, held_out

_, train, held_out = hold_out(fold=0, num_merges=0)
print(f"{len(train):,} characters to learn from, {len(held_out):,} held out")

# %% tags=["experiment"]
def pair_loss(fold, num_merges, smoothing=0.3):  # as in notebook 03
    tokenizer, train, held_out = hold_out(fold, num_merges)
    learned, ids = (np.array(tokenizer.encode(text)) for text in (train, held_out))
    table = mg.NGram(tokenizer.vocab_size, 2, smoothing).count(learned[:-1], learned[1:])
    nats = table.losses(ids[:-1], ids[1:]).sum()
    num_bytes = len(tokenizer.decode_bytes(ids[1:]))
    return nats / (len(ids) - 1), nats / num_bytes  # per token, per byte

per_token, _ = pair_loss(fold=0, num_merges=0)
print(f"the first fifth held out: without merges, {per_token:.2f} nats per token")

# %% tags=["shows:04.loss"]
losses = {n: np.array([pair_loss(fold, n) for fold in range(5)]) for n in (0, 100, 500)}
print("merges   nats per token   nats per byte   knowing nothing, per token")
for n, values in losses.items():
    (token, byte), errors = values.mean(axis=0), 2 * values.std(axis=0, ddof=1) / len(values) ** 0.5
    nothing = np.log(256 + n)  # all tokens alike
    print(f"{n:6}   {token:.2f} ± {errors[0]:.2f}      {byte:.2f} ± {errors[1]:.2f}     {nothing:.2f}")
print("± is two standard errors, over the five fifths, each held out in turn")
lighter = [pair_loss(0, n, smoothing=0.001) for n in (0, 500)]
print("first fifth, smoothing 0.001: per token {:.2f} → {:.2f}, per byte {:.2f} → {:.2f}".format(*np.ravel(lighter, "F")))

# %% tags=["answer:04.loss"]
change = losses[500] - losses[0]
is_seen = abs(change.mean(axis=0)) > 3 * change.std(axis=0, ddof=1)
direction = "about the same" if not is_seen[0] else "higher" if change[:, 0].mean() > 0 else "lower"
mg.learn.reveal("04.loss", direction, none=f"{losses[0].mean(axis=0)[1]:.2f}", many=f"{losses[500].mean(axis=0)[1]:.2f}")

# %% [markdown]
# ### Where do merges end?
#
# The last of the 1,000 merges was counted twice in the whole story. Would another English text need a
# token like that? If not, such merges make the tokens longer in the text that they were counted on,
# and do little for a held-out one.

# %% tags=["experiment"]
# source: claims: merges_overfit
def bytes_per_token(fold, num_merges):
    tokenizer, train, held_out = hold_out(fold, num_merges)
    return [len(text.encode()) / len(tokenizer.encode(text)) for text in (train, held_out)]

print("bytes per token, mean of five fifths held out in turn")
print("merges   counted on   held out")
for n in (30, 100, 300, 1000):
    counted_on, held_out = np.mean([bytes_per_token(fold, n) for fold in range(5)], axis=0)
    print(f"{n:6}   {counted_on:10.2f}   {held_out:8.2f}")

# %% [markdown]
# The two columns move apart: more and more of the merges serve only the text that they were counted on. In a
# tokenizer, this is how overfitting begins.
#
# A table of pairs can write with your tokens, too. Press *Next token*, and see that whole pieces of
# words are drawn, not letters.

# %%
ids = np.array(tok.encode(story))
smoothing = 0.001  # more would drown the few pairs that each row of 1,256 tokens has seen
writer = mg.NGram(tok.vocab_size, 2, smoothing).count(ids[:-1], ids[1:])
mg.widgets.SamplingExplorer(writer, tokenizer=tok, prompt=" the", compact=True)

# %% [markdown]
# ## Break it: cut a row of tokens in the middle of a letter
#
# A program that streams a model's answer shows each token as soon as it is drawn. Here is "José", one
# token at a time, then all together. Look at the é.

# %%
ids = tok.encode("José")
print("one at a time:", "·".join(tok.decode([i]) for i in ids))
print("together:     ", tok.decode(ids))
print("their bytes:  ", [list(tok.token_bytes(i)) for i in ids])

# %% [markdown]
# There is no error. Half a letter is not a text, so each half of the é is printed as a question mark in
# a diamond. A program that streams must hold bytes back until a letter is complete.

# %% [markdown]
# ## What this does not show
#
# Your list of merges is small and English. How exactly GPT-2 cuts a text into words before any merge
# is left to notebook 10. Per byte, merges made this table of pairs better. That does not show the same
# for a GPT, which looks further back than one token.

# %% [markdown]
# ### You can now say
#
# A token is one byte, or several that merges have glued. The rank of a merge decides which one comes
# first, not the length of the token. I compare the losses of two tokenizers per byte, never per token.
#
# ### Explain to a friend
#
# Why can a model that writes well stumble when you ask it to count the letters of a word?
#
# Next comes [notebook 05, Embeddings](05_embeddings.ipynb).
