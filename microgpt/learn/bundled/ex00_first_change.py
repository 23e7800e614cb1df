"""00.first_change: train the names model again, with exactly one setting changed."""

import math
import threading
import time
from dataclasses import asdict, replace
from functools import cache
from types import FunctionType, MethodType
from typing import Any

import microgpt as mg
from microgpt.learn.exercise import CommonMistake, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import anything
from microgpt.plain_text import join_and
from microgpt.training.metrics import Step
from microgpt.viz.formatting import format_perplexity

ID, CORPUS = "00.first_change", "names-mini"
_texts = message_section(ID)
_descriptions, _causes = _texts["properties"], _texts["causes"]

# Settings without an effect on training, and vocab_size, which the corpus determines.
WITHOUT_EFFECT = {"vocab_size", "eval_every", "eval_documents", "sample_every", "num_samples"}

# The first loss of a new model is near ln(vocab_size), whatever its width and seed (at least 0.95
# times in 32 runs); that of a trained model is well below (0.2 to 0.85 times).
MIN_NEW_LOSS = 0.9
MAX_WAIT = 60.0  # seconds to wait for a training run in a background thread


def _trainer(answer: Any) -> Any:
    """Return the trainer: the answer itself, or the `.trainer` of a widget."""
    return answer if isinstance(answer, mg.Trainer) else getattr(answer, "trainer", None)


def _cause(key: str, answer: Any, **values: Any) -> str:
    """Return the cause for the answer's type: a Trainer has `run()`, a TrainingMonitor a button."""
    if isinstance(answer, mg.Trainer):
        return _causes[key].format(**values)
    button = getattr(getattr(answer, "resume_button", None), "description", _causes["button"])
    return _causes[f"{key}_monitor"].format(button=button, **values)


def wait_for_training(answer: Any) -> None:
    """Wait at most MAX_WAIT seconds for a training run in a background thread."""
    if isinstance(answer, mg.Trainer) or not isinstance(_trainer(answer), mg.Trainer):
        return
    waiting = threading.Thread(target=getattr(answer, "wait", int), daemon=True)
    waiting.start()
    deadline = time.monotonic() + MAX_WAIT
    while waiting.is_alive() and time.monotonic() < deadline:
        waiting.join(0.1)  # short, so that Ctrl-C is handled


def is_trained(answer: Any) -> Mismatch | None:
    trainer, expected = _trainer(answer), _texts["expected"]
    if isinstance(answer, type) or not isinstance(trainer, mg.Trainer):
        return Mismatch(_describe(answer), expected, _why_no_run(answer))
    return None if trainer.history else Mismatch("0 steps", expected, _cause("untrained", answer))


def _describe(answer: Any) -> Any:
    """Return what the card shows of an answer that is no run: short values as they are."""
    if isinstance(answer, str | int | float):
        return answer
    if isinstance(answer, type | FunctionType | MethodType):
        return answer.__name__
    return "None" if answer is None else _texts["of_type"].format(type=type(answer).__name__)


def _why_no_run(answer: Any) -> str:
    """Return the cause for an answer that is neither a TrainingMonitor nor a Trainer."""
    if isinstance(answer, type):
        return _causes["class"].format(name=answer.__name__)
    if isinstance(answer, mg.GPT):
        return _causes["model"]
    if isinstance(answer, mg.GPTConfig | mg.TrainConfig):
        return _causes["config"]
    if isinstance(answer, tuple | list):
        if any(isinstance(_trainer(item), mg.Trainer) for item in answer):
            return _causes["sequence"].format(type=type(answer).__name__)
        if answer and all(isinstance(item, Step) for item in answer):
            return _causes["steps"]
    if answer is None:
        return _causes["none"]
    if isinstance(answer, FunctionType | MethodType):
        return _causes["method"]
    return _causes["wrong_type"].format(type=type(answer).__name__)


def is_finished(answer: Any) -> Mismatch | None:
    trainer = _trainer(answer)
    done, steps = len(trainer.history), trainer.config.steps
    if done >= steps:
        return None
    values = {"done": f"{done:,}", "steps": f"{steps:,}"}
    state: Any = getattr(answer, "state", None)  # of a TrainingMonitor, whose training may fail
    if getattr(state, "status", "") == "failed":
        cause = _causes["failed_monitor"].format(error=state.error, **values)
    else:
        cause = _cause("unfinished", answer, **values)
    return Mismatch(f"{done:,} of {steps:,} steps", "all of them", cause)


def began_with_new_model(answer: Any) -> Mismatch | None:
    trainer = _trainer(answer)
    loss, vocab_size = trainer.history[0].loss, trainer.model.config.vocab_size
    uniform_loss = math.log(vocab_size)
    if not loss < MIN_NEW_LOSS * uniform_loss:
        return None
    expected = _causes["uniform_loss"].format(loss=uniform_loss, vocab_size=vocab_size)
    return Mismatch(loss, expected, _causes["trained_before"])


def has_changes(answer: Any) -> Mismatch | None:
    width = _trainer(answer).model.config.n_embd
    if _changed_settings(answer):
        return None
    cause = _causes["no_change"].format(name=_setting_name("n_embd"), value=width)
    return Mismatch("the same settings", "one other setting", cause)


def has_one_change(answer: Any) -> Mismatch | None:
    changed = _changed_settings(answer)
    if len(changed) == 1:
        return None
    count = _texts["numbers"].get(str(len(changed)), str(len(changed)))
    original = _original_settings()
    names = join_and(
        _causes["was"].format(name=_setting_name(name), value=_value(original.get(name)))
        for name in changed
    )
    got = ", ".join(f"{_setting_name(name)} {_value(value)}" for name, value in changed.items())
    return Mismatch(got, "one change", _causes["several_changes"].format(count=count, names=names))


def _setting_name(name: str) -> str:
    """Return what the notebook calls a setting of the configs."""
    return _texts["settings"].get(name, name)


def _value(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _original_settings() -> dict[str, Any]:
    """Return the settings of the notebook's first training."""
    configs = asdict(mg.GPTConfig.microgpt()) | asdict(mg.TrainConfig())
    return configs | {"corpus": CORPUS}


def _changed_settings(answer: Any) -> dict[str, Any]:
    """Return the settings that differ from the first training run, with their new values."""
    trainer = _trainer(answer)
    original = _original_settings()
    settings = asdict(trainer.model.config) | asdict(trainer.config)
    changed = {
        name: value
        for name, value in settings.items()
        if name not in WITHOUT_EFFECT and value != original.get(name)
    }
    if trainer.corpus.format != "lines" or frozenset(trainer.corpus) != _original_names():
        changed["corpus"] = trainer.corpus.name
    return changed


def success_message(answer: Any) -> str:
    """Return a message with the validation loss ± standard error; "" without a validation set."""
    ((name, value),) = _changed_settings(answer).items()
    trainer = _trainer(answer)
    evaluation = trainer.evaluate()
    if evaluation is None:
        return ""
    loss = f"{evaluation.loss:.2f}"
    if not math.isnan(evaluation.stderr):
        loss += f" ± {evaluation.stderr:.2f}"
    template = _texts["success_own_corpus" if name == "corpus" else "success"]
    return template.format(
        name=_setting_name(name),
        value=_value(value),
        loss=loss,
        perplexity=format_perplexity(evaluation.loss),
        vocab_size=trainer.model.config.vocab_size,
    )


@cache
def _original_names() -> frozenset[str]:
    return frozenset(mg.load_corpus(CORPUS))


def solution() -> Any:
    wider = mg.GPT(mg.GPTConfig.microgpt(n_embd=32))
    return mg.widgets.TrainingMonitor(wider, mg.load_corpus("names-mini"), steps=1000)


def _train(steps: int = 1000, run: bool = True, **config: Any) -> Any:
    names = mg.load_corpus(CORPUS)
    model = mg.GPT(replace(mg.GPTConfig.microgpt(), **config))
    trainer = mg.Trainer(model, names, mg.TrainConfig(steps=steps))
    if run:
        trainer.run()
    return trainer


def _train_on_custom_list() -> Any:
    towns = mg.load_corpus(text="\n".join(f"{a}{b}ton" for a in "abcdefgh" for b in "aeiou"))
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=towns.tokenizer().vocab_size))
    trainer = mg.Trainer(model, towns)
    trainer.run()
    return trainer


def _train_same_model_again() -> Any:
    first = _train(steps=200)
    second = mg.Trainer(first.model, first.corpus, mg.TrainConfig(steps=50))
    second.run()
    return second


FIRST_CHANGE = Exercise(
    id=ID,
    signature="my_run",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    difficulty=1,
    importance=3,
    minutes=5,
    prerequisites=("training",),
    hints=tuple(_texts["hints"]),
    solution=solution,
    alternative_solutions=(lambda: _train(steps=60), _train_on_custom_list),
    properties=(
        Property(_descriptions["trained"], test=is_trained),
        Property(_descriptions["finished"], test=is_finished),
        Property(_descriptions["new_model"], test=began_with_new_model),
        Property(_descriptions["changed"], test=has_changes),
        Property(_descriptions["one_change"], test=has_one_change),
    ),
    common_mistakes=(
        CommonMistake("a model", lambda: mg.GPT(), _causes["model"]),
        CommonMistake("a config", lambda: mg.GPTConfig.microgpt(n_embd=32), _causes["config"]),
        CommonMistake("a class", lambda: mg.Trainer, _causes["class"].format(name="Trainer")),
        CommonMistake("a method", lambda: _train(run=False).run, _causes["method"]),
        CommonMistake("the steps of a run", lambda: _train(steps=2).history, _causes["steps"]),
        CommonMistake(
            "a comma at the end",
            lambda: (_train(steps=2),),
            _causes["sequence"].format(type="tuple"),
        ),
        CommonMistake("nothing", lambda: None, _causes["none"]),
        CommonMistake("not trained", lambda: _train(run=False), _causes["untrained"]),
        CommonMistake("a trained model", _train_same_model_again, _causes["trained_before"]),
        CommonMistake(
            "nothing changed", _train, _causes["no_change"].format(name="width", value=16)
        ),
        CommonMistake(
            "two changes",
            lambda: _train(steps=50, n_embd=8),
            _causes["several_changes"].format(
                count="Two", names="width (it was 16) and steps (it was 1,000)"
            ),
        ),
    ),
    parse=anything,
    is_function=False,
    wait_for_answer=wait_for_training,
    success_message=success_message,
    corpus=CORPUS,
    cell_errors=_texts["cell_errors"],
)
