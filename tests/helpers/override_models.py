"""What the tests of `learn.using` share: functions that sample or train, and a learner's own."""

import numpy as np

import microgpt as mg


def sample_names(temperature=0.5, top_k=3, **settings):
    """Five names sampled with top-k from a new model."""
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    tokenizer = mg.load_corpus("names-mini").tokenizer()
    texts = mg.generate_text(model, tokenizer, 5, temperature=temperature, top_k=top_k, **settings)
    return list(texts)


def train(steps=12):
    """The losses of a new model's first steps."""
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    config = mg.TrainConfig(steps=steps, batch_size=2)
    trainer = mg.Trainer(model, mg.load_corpus("names-mini"), config)
    return [step.loss for step in trainer.run()]


def array_softmax(x):
    exponentials = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def tensor_softmax(x):
    exponentials = x.exp()
    return exponentials / exponentials.sum(-1, keepdims=True)


def column_softmax(x):
    """A mistake: columns are normalised in place of rows."""
    exponentials = np.exp(x - x.max(-2, keepdims=True))
    return exponentials / exponentials.sum(-2, keepdims=True)


def softmax_with_wrong_gradient(x):
    return tensor_softmax(x.detach()) + (x - x.detach())


def array_cross_entropy(logits, targets):
    top = logits.max(-1, keepdims=True)
    log_sums = np.log(np.exp(logits - top).sum(-1)) + top[:, 0]
    return float(np.mean(log_sums - logits[np.arange(len(targets)), targets]))


def tensor_rms_norm(x, eps=1e-5):
    return x / ((x * x).mean(-1, keepdims=True) + eps) ** 0.5
