"""00.first_change: one more training of the names model, with exactly one thing changed."""

from dataclasses import asdict, replace
from functools import cache
from typing import Any

import microgpt as mg
from microgpt.learn.catalogue import words
from microgpt.learn.parts import Exercise, Miss, Property, Wrong
from microgpt.learn.readers import anything

ID = "00.first_change"
_words = words(ID)
_says, _causes = _words["properties"], _words["causes"]

# These only look at a training and do not change it; the vocabulary follows the list.
ONLY_LOOKS = {"vocab_size", "eval_every", "eval_documents", "sample_every", "samples"}


def _run(answer: Any) -> Any:
    """The trainer: the answer itself, or what a panel that trains keeps as `.trainer`."""
    return answer if isinstance(answer, mg.Trainer) else getattr(answer, "trainer", None)


def is_trained(answer: Any) -> Miss | None:
    run, wanted = _run(answer), _words["shapes"]
    if isinstance(answer, mg.GPT):
        return Miss(repr(answer), wanted, _causes["model"])
    if not isinstance(run, mg.Trainer):
        return Miss(answer, wanted, _causes["other"].format(kind=type(answer).__name__))
    return None if run.history else Miss("0 steps", wanted, _causes["untrained"])


def is_finished(answer: Any) -> Miss | None:
    run = _run(answer)
    done, steps = len(run.history), run.config.steps
    if done >= steps:
        return None
    return Miss(done, steps, _causes["unfinished"].format(done=done, steps=steps))


def has_changed(answer: Any) -> Miss | None:
    width = _run(answer).model.config.n_embd
    if _changes(answer):
        return None
    cause = _causes["nothing"].format(name=_words["names"]["n_embd"], value=width)
    return Miss("the same settings", "one other setting", cause)


def has_one_change(answer: Any) -> Miss | None:
    changed = _changes(answer)
    if len(changed) == 1:
        return None
    count = _words["counts"].get(str(len(changed)), str(len(changed)))
    *some, last = changed
    names = f"{', '.join(some)} and {last}"
    return Miss(names, "one change", _causes["several"].format(count=count, names=names))


def _changes(answer: Any) -> list[str]:
    """What differs from the first training, by the names that the course uses."""
    run = _run(answer)
    first = asdict(mg.GPTConfig.microgpt()) | asdict(mg.TrainConfig())
    settings = asdict(run.model.config) | asdict(run.config)
    changed = [
        name for name in settings if name not in ONLY_LOOKS and settings[name] != first.get(name)
    ]
    if run.corpus.kind != "lines" or frozenset(run.corpus) != _first_list():
        changed.append("corpus")
    return [_words["names"].get(name, name) for name in changed]


@cache
def _first_list() -> frozenset[str]:
    return frozenset(mg.load_corpus("names-mini"))


def solution() -> Any:
    names = mg.load_corpus("names-mini")
    model = mg.GPT(mg.GPTConfig.microgpt(n_embd=32))
    trainer = mg.Trainer(model, names, mg.TrainConfig(steps=1000))
    trainer.run()
    return trainer


def _training(run_it: bool = True, steps: int = 1000, **shape: Any) -> Any:
    names = mg.load_corpus("names-mini")
    model = mg.GPT(replace(mg.GPTConfig.microgpt(), **shape))
    run = mg.Trainer(model, names, mg.TrainConfig(steps=steps))
    if run_it:
        run.run()
    return run


def _other_list() -> Any:
    towns = mg.load_corpus(text="\n".join(f"{a}{b}ton" for a in "abcdefgh" for b in "aeiou"))
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=towns.tokenizer().vocab_size))
    run = mg.Trainer(model, towns)
    run.run()
    return run


class _Panel:
    """Something that trains and keeps its trainer, as the album does."""

    def __init__(self, trainer: Any):
        self.trainer = trainer


FIRST_CHANGE = Exercise(
    id=ID,
    signature="my_run",
    shapes=_words["shapes"],
    statement=_words["statement"],
    difficulty=1,
    importance=3,
    minutes=5,
    needs=("training",),
    hints=tuple(_words["hints"]),
    solution=solution,
    right=(lambda: _training(steps=60), _other_list, lambda: _Panel(_training(steps=30))),
    properties=(
        Property(_says["trained"], test=is_trained),
        Property(_says["ended"], test=is_finished),
        Property(_says["changed"], test=has_changed),
        Property(_says["one"], test=has_one_change),
    ),
    wrong=(
        Wrong("a model", lambda: mg.GPT(), _causes["model"]),
        Wrong("not trained", lambda: _training(run_it=False), _causes["untrained"]),
        Wrong("nothing changed", _training, _causes["nothing"].format(name="width", value=16)),
        Wrong(
            "two changes",
            lambda: _training(steps=50, n_embd=8),
            _causes["several"].format(count="two", names="width and steps"),
        ),
    ),
    reads=anything,
    is_function=False,
)
