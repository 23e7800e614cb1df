"""Small trainers on names and on one text, for several test files."""

import microgpt as mg

CORPUS = mg.load_corpus("names-mini")


def names_trainer(steps=30, corpus=CORPUS, capture=True, **options):
    tokenizer = corpus.tokenizer()
    model = mg.GPT(mg.GPTConfig(vocab_size=tokenizer.vocab_size, block_size=16))
    return mg.Trainer(model, corpus, mg.TrainConfig(steps=steps, **options), capture=capture)


TEXT = mg.load_corpus(text="the cat sat on the mat; the dog sat on the cat. " * 20, format="text")
SHAPE = {"n_layer": 1, "n_head": 2, "n_embd": 8, "block_size": 8}


def text_trainer(model=None, tokenizer=None, texts=TEXT, capture=True, **options):
    tokenizer = TEXT.tokenizer() if tokenizer is None else tokenizer
    shape = SHAPE | (model or {})
    config = mg.GPTConfig.preset("gpt2-small", vocab_size=tokenizer.vocab_size, **shape)
    more = {name: options.pop(name) for name in ("validation", "best") if name in options}
    return mg.Trainer(
        mg.GPT(config, seed=1), texts, mg.TrainConfig(**options), tokenizer, capture, **more
    )
