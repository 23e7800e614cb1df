"""00.first_change: one more training of the names model, with exactly one thing changed."""

import math
import threading
import time
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import microgpt as mg
from microgpt.learn.exercise import Exercise, Mismatch, Property, CommonMistake
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import anything

ID = "00.first_change"
_words = message_section(ID)
_says, _causes = _words["properties"], _words["causes"]

# These only look at a training and do not change it; the vocabulary follows the list.
ONLY_LOOKS = {"vocab_size", "eval_every", "eval_documents", "sample_every", "samples"}

# A first loss is near ln(vocabulary) for a new model, whatever its width and dice (0.95 was the
# least of 32), and well below for one that has trained (0.2 to 0.85).
NEW = 0.9
PATIENCE = 60.0  # seconds that a training beside the notebook is waited for


def _run(answer: Any) -> Any:
    """The trainer: the answer itself, or what a panel that trains keeps as `.trainer`."""
    return answer if isinstance(answer, mg.Trainer) else getattr(answer, "trainer", None)


def is_trained(answer: Any) -> Mismatch | None:
    run, wanted = _run(answer), _words["shapes"]
    if isinstance(answer, mg.GPT):
        return Mismatch(repr(answer), wanted, _causes["model"])
    if not isinstance(run, mg.Trainer):
        return Mismatch(answer, wanted, _causes["other"].format(kind=type(answer).__name__))
    return None if run.history else Mismatch("0 steps", wanted, _cause("untrained", answer))


def _cause(name: str, answer: Any, **parts: Any) -> str:
    """What to do differs: a Trainer is run, a panel has a button."""
    ending = "" if isinstance(answer, mg.Trainer) else "_album"
    return _causes[name + ending].format(**parts)


def wait(answer: Any) -> None:
    """Let a panel that trains beside the notebook come to its end."""
    if isinstance(answer, mg.Trainer) or not isinstance(_run(answer), mg.Trainer):
        return
    waiting = threading.Thread(target=getattr(answer, "wait", int), daemon=True)
    waiting.start()
    end = time.monotonic() + PATIENCE
    while waiting.is_alive() and time.monotonic() < end:
        waiting.join(0.1)  # in short turns: an interrupt must get through


def is_finished(answer: Any) -> Mismatch | None:
    run = _run(answer)
    done, steps = len(run.history), run.config.steps
    if done >= steps:
        return None
    cause = _cause("unfinished", answer, done=f"{done:,}", steps=f"{steps:,}")
    return Mismatch(f"{done:,} of {steps:,} steps", "all of them", cause)


def is_fresh(answer: Any) -> Mismatch | None:
    run = _run(answer)
    loss, size = run.history[0].loss, run.model.config.vocab_size
    blind = math.log(size)
    if not loss < NEW * blind:
        return None
    return Mismatch(loss, _causes["blind"].format(blind=blind, size=size), _causes["again"])


def has_changed(answer: Any) -> Mismatch | None:
    width = _run(answer).model.config.n_embd
    if _changes(answer):
        return None
    cause = _causes["nothing"].format(name=_words["names"]["n_embd"], value=width)
    return Mismatch("the same settings", "one other setting", cause)


def has_one_change(answer: Any) -> Mismatch | None:
    changed = _changes(answer)
    if len(changed) == 1:
        return None
    count = _words["counts"].get(str(len(changed)), str(len(changed)))
    *some, last = (_words["names"].get(name, name) for name in changed)
    names = f"{', '.join(some)} and {last}"
    return Mismatch(names, "one change", _causes["several"].format(count=count, names=names))


def _changes(answer: Any) -> dict[str, Any]:
    """What differs from the first training, by field, and its value now."""
    run = _run(answer)
    first = asdict(mg.GPTConfig.microgpt()) | asdict(mg.TrainConfig())
    settings = asdict(run.model.config) | asdict(run.config)
    changed = {
        name: value
        for name, value in settings.items()
        if name not in ONLY_LOOKS and value != first.get(name)
    }
    if run.corpus.format != "lines" or frozenset(run.corpus) != _first_list():
        changed["corpus"] = run.corpus.name
    return changed


def effect(answer: Any) -> str:
    """The run's last loss on what it did not train on; nothing if nothing was held out."""
    ((name, value),) = _changes(answer).items()
    found = _run(answer).evaluate()
    if found is None:
        return ""
    loss = f"{found.loss:.2f}"
    if not math.isnan(found.error):
        loss += f" ± {found.error:.2f}"
    form = _words["effect_list" if name == "corpus" else "effect"]
    return form.format(name=_words["names"].get(name, name), value=value, loss=loss)


@cache
def _first_list() -> frozenset[str]:
    return frozenset(mg.load_corpus("names-mini"))


def solution() -> Any:
    wider = mg.GPT(mg.GPTConfig.microgpt(n_embd=32))
    return mg.widgets.Album(wider, mg.load_corpus("names-mini"), steps=1000)


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


def _again() -> Any:
    """What comes of changing the steps and keeping the model that is there."""
    run = _training(steps=200)
    more = mg.Trainer(run.model, run.corpus, mg.TrainConfig(steps=50))
    more.run()
    return more


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
    right=(lambda: _training(steps=60), _other_list),
    properties=(
        Property(_says["trained"], test=is_trained),
        Property(_says["ended"], test=is_finished),
        Property(_says["fresh"], test=is_fresh),
        Property(_says["changed"], test=has_changed),
        Property(_says["one"], test=has_one_change),
    ),
    wrong=(
        CommonMistake("a model", lambda: mg.GPT(), _causes["model"]),
        CommonMistake("not trained", lambda: _training(run_it=False), _causes["untrained"]),
        CommonMistake("a model that was trained", _again, _causes["again"]),
        CommonMistake("nothing changed", _training, _causes["nothing"].format(name="width", value=16)),
        CommonMistake(
            "two changes",
            lambda: _training(steps=50, n_embd=8),
            _causes["several"].format(count="two", names="width and steps"),
        ),
    ),
    reads=anything,
    is_function=False,
    settle=wait,
    effect=effect,
    corpus="names-mini",
)
