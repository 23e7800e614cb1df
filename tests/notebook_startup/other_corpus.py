"""What takes the place of the bundled model when a notebook runs on another corpus."""

import microgpt as mg
from microgpt.checkpoints import Checkpoint

STEPS = 200


def pretrained(path):
    """A model trained on the corpus in a file, with its tokenizer, as `mg.load_pretrained`."""
    corpus = mg.load_corpus(path)
    tokenizer = corpus.tokenizer()
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=tokenizer.vocab_size))
    mg.Trainer(model, corpus, mg.TrainConfig(steps=STEPS)).run()
    return Checkpoint(model, tokenizer, {})
