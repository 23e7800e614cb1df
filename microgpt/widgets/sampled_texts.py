"""Texts sampled at several temperatures with the same seeds, as a table."""

from collections.abc import Sequence

from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling import generate_text
from microgpt.tokenizers import Tokenizer
from microgpt.viz.sample_table import SampleTable
from microgpt.widgets.model_lookup import CorpusLike, ModelLike, resolve_model


def sample_table(
    model: ModelLike,
    corpus: CorpusLike | None = None,
    temperatures: Sequence[float] = (0, 0.5, 1, 1.5),
    count: int = 10,
    seed: int = 1,
    *,
    tokenizer: Tokenizer | None = None,
) -> SampleTable:
    """Sample `count` texts at each temperature, with the same seeds, and label each text.

    The memorization label says whether a text is one the model was "trained on", one "in the list,
    not trained on" (held out), or "new". `model`, `corpus` and `tokenizer` are
    those of the other views.
    """
    text_model = resolve_model(model, corpus, tokenizer)
    if not isinstance(text_model.model, GPT):
        raise SettingError("model", "a GPT", type(text_model.model))
    texts = {
        T: tuple(
            generate_text(text_model.model, text_model.tokenizer, count, temperature=T, seed=seed)
        )
        for T in temperatures
    }
    check = text_model.memorization_check
    labels = {
        T: tuple("" if check is None or not text else check(text) for text in column)
        for T, column in texts.items()
    }
    noun = "text" if check is None else "name"
    return SampleTable(texts, labels, noun)
