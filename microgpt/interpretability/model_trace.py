"""`trace`: name, read and edit every intermediate of a model while it runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np

from microgpt.config.checks import check_integer
from microgpt.errors import SettingError, ShapeError, StateError
from microgpt.interpretability.edit import Edit
from microgpt.interpretability.logit_attribution import LogitAttribution, logit_attribution
from microgpt.interpretability.path_effects import PathEffects, path_effects
from microgpt.interpretability.residual_stream import read_out, residual_after_layers
from microgpt.interpretability.traced_run import Recording, RunObserver, observe_runs, record_run
from microgpt.models.gpt import GPT
from microgpt.tokenizers.association import associated_tokenizer


def trace(model: GPT) -> "Trace":
    """`with mg.trace(model) as t: logits = model(tokens)` records every intermediate by name.

    t.names() lists the names in order of computation, t["h.0.attn.weights"] is a NumPy array:
    attention (B, H, T, T), heads (B, H, T, D), vectors (B, T, C), without B for tokens (T,). t.edit
    changes an activation in the runs that follow; without edits, logits are the model's own, to the
    last bit. The last run counts: a call, a loss or a generated token, in this thread. Raises
    SettingError unless `model` is a GPT.
    """
    if not isinstance(model, GPT):
        raise SettingError(
            "model", "a GPT, whose intermediates have names", type(model), _remedies(model)
        )
    return Trace(model)


def _remedies(model: Any) -> str:
    return "pass its .model" if isinstance(getattr(model, "model", None), GPT) else ""


class Trace(RunObserver):
    """The activations of a model's last run inside the `with` block, and the edits of the next.

    An activation is recorded as the model used it, after edits. A run without edits is recorded by
    a second, decomposed run, and "logits" are those that were returned. A run with edits is
    decomposed alone, so float32 results may differ from the model's own in their last digits even
    where an edit changes nothing. Elements that an edit changed are constants for `backward`;
    gradients flow through all others. Traces may be nested: edits of the outer one come first, and
    both record. Captured functions run eagerly inside, other threads are not traced.
    """

    def __init__(self, model: GPT):
        super().__init__(model)
        self._names: tuple[str, ...] = ()
        self._stack: ExitStack | None = None
        self._ended = False

    def __enter__(self) -> "Trace":
        if self._stack is not None or self._ended:
            raise StateError("a trace is for one block", "make another: mg.trace(model)")
        self._stack = observe_runs(self)
        return self

    def __exit__(self, *_: object) -> None:
        stack, self._stack, self._ended = self._stack, None, True
        if stack is not None:
            stack.close()

    def __repr__(self) -> str:
        run = "no run yet"
        if self.recording is not None:
            run = f"{len(self.recording.arrays)} activations of tokens {self.tokens.shape}"
        edits = "".join(f", {edit!r}" for edit in self.edits)
        return f"<trace: {run}{edits}>"

    @property
    def tokens(self) -> np.ndarray:
        """The token ids of the last run, (T,) or (B, T)."""
        return self.last_run().tokens.copy()

    def last_run(self) -> Recording:
        """Return the recording of the last run; raise StateError if there was none."""
        if self.recording is None:
            raise StateError(
                "this trace has seen no run of its model",
                "call model(tokens) inside `with mg.trace(model) as t:`",
            )
        return self.recording

    def names(self) -> list[str]:
        """Return the names of all activations, in order of computation; also before a run."""
        if self.recording is not None:
            return list(self.recording.arrays)
        if not self._names:
            self._names = tuple(record_run(self.model, np.zeros(1, np.int32)).arrays)
        return list(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a copy of an activation of the last run, as the model used it."""
        arrays = self.last_run().arrays
        return arrays[self.check_name(name)].copy()

    def check_name(self, name: Any) -> str:
        """Return the name of an activation; raise SettingError, with the nearest, for another."""
        names = self.names()
        if not isinstance(name, str) or name not in names:
            near = get_close_matches(str(name), names, n=3, cutoff=0.5)
            raise SettingError(
                "name",
                "" if near else f"an activation's, such as {names[0]}",
                name,
                "t.names() lists all",
                choices=near,
            )
        return name

    def edit(self, name: str, function: Callable[[np.ndarray], Any]) -> Edit:
        """Change an activation in all runs that follow in the block; return the edit, for `undo`.

        `function` gets a copy of the array. It returns a new one of the same shape, or changes the
        copy in place and returns None. Edits of one name follow each other. Scores are edited
        before the mask: −1e30 in "attn.scores" hides a cell, and its row's weights sum to 1 again;
        a weight set to 0 is missing in the sum. A run raises ShapeError, DtypeError or SettingError
        if the function gives another shape, or anything but finite numbers.
        """
        return self._add(_edit(self.check_name(name), function))

    def patch(self, name: str, other: "Trace") -> Edit:
        """Replace an activation by its value in the last run of another trace; return the edit.

        A run raises ShapeError if it computes that activation in another shape.
        """
        edit = _patch(self.check_name(name), other)
        if self.recording is not None:
            edit(self[name])  # raises if the shapes differ
        return self._add(edit)

    def undo(self, edit: Edit | str | None = None) -> None:
        """Remove an edit, all edits of a name, or all edits; without any, the model is its own."""
        if edit is None:
            self.edits = ()
        elif isinstance(edit, Edit):
            if edit not in self.edits:
                raise SettingError("edit", "one that is in force", edit, "t.edits lists those")
            self.edits = tuple(kept for kept in self.edits if kept is not edit)
        else:
            self.check_name(edit)
            self.edits = tuple(kept for kept in self.edits if kept.name != edit)

    def _add(self, edit: Edit) -> Edit:
        if self._ended:
            raise StateError(
                "the block of this trace has ended, and no run would be edited",
                "open another: `with mg.trace(model) as t:`",
            )
        self.edits = (*self.edits, edit)
        return edit

    def logit_lens(self) -> np.ndarray:
        """Return the logits that each layer would give: (n_layer + 1, B, T, V), without B for (T,).

        Final norm and head are applied to the residual stream of the last run before the first
        block (index 0) and after each; the last are the model's logits. Uses the weights of now,
        and no edit of "ln_f" and "logits".             nostalgebraist 2020, "the logit lens"
        """
        residual = residual_after_layers(self.last_run().arrays, self.model.config.n_layer)
        return read_out(self.model, residual)

    def effect(
        self,
        name: str,
        change: "Callable[[np.ndarray], Any] | Trace",
        logit_diff: tuple[int, int],
        *,
        position: int = -1,
        row: int = 0,
    ) -> PathEffects:
        """Measure what an edit does to the logit of one token minus that of another, by path.

        The tokens of the last run are run twice, without any edit and with the activation `name`
        edited by `change`: a function as for `edit`, or a trace to take the value from. The change
        of the difference at a position (of a row) is the sum of a direct part, the parts of later
        attentions and MLPs, and a remainder because the final norm's scale changes: to 1e-9 in
        float64. A norm on the embeddings belongs to the embedding's part.
                                                            Elhage et al. 2021; Vig et al. 2020
        """
        make_edit: Callable[[str, Any], Edit] = _patch if isinstance(change, Trace) else _edit
        edit = make_edit(self.check_name(name), change)
        run = self.last_run()
        if run.cached:
            raise StateError(
                "the last run continued a cache, and cannot be run again",
                "call model(tokens) with all tokens first",
            )
        ids, labels = self._check_pair(logit_diff)
        at = self._check_position(position, row)
        return path_effects(self.model, run.tokens, edit, ids, labels, at)

    def logit_attribution(
        self, logit_diff: tuple[int, int], *, position: int = -1, row: int = 0
    ) -> LogitAttribution:
        """Split the logit of one token minus that of another by the parts that add to it.

        Of the last run, at a position (of a row), with the scales of the norms held: embeddings,
        each attention and its heads, each MLP and its neurons, biases. They are shares of a sum.
        A logit alone means nothing: adding a number to all of them changes no probability.
                                                            Elhage et al. 2021
        """
        ids, labels = self._check_pair(logit_diff)
        arrays, at = self.last_run().arrays, self._check_position(position, row)
        return logit_attribution(self.model, arrays, ids, labels, at)

    def _check_position(self, position: int, row: int) -> tuple[int, ...]:
        """Return the index of a position in arrays of the last run: after its row, for (B, T)."""
        *batch, T = self.last_run().tokens.shape
        position = check_integer("position", position, minimum=-T, maximum=T - 1) % T
        row = check_integer("row", row, minimum=0, maximum=(batch or [1])[0] - 1)
        return (row, position) if batch else (position,)

    def _check_pair(self, logit_diff: Any) -> tuple[tuple[int, int], tuple[str, str]]:
        """Return two token ids and their texts; raise SettingError for anything else."""
        pair = list(logit_diff) if isinstance(logit_diff, tuple | list | np.ndarray) else []
        ids = [int(token) for token in pair if isinstance(token, Integral)]
        V, tokenizer = self.model.config.vocab_size, associated_tokenizer(self.model)
        if len(pair) != 2 or len(ids) != 2 or not all(0 <= token < V for token in ids):
            expected = f"two token ids from 0 to {V - 1}, as in (first, second)"
            raise SettingError("logit_diff", expected, logit_diff)
        first, second = (
            f"token {token}" if tokenizer is None else repr(tokenizer.token_text(token))
            for token in ids
        )
        return (ids[0], ids[1]), (first, second)


def _edit(name: str, function: Any) -> Edit:
    if not callable(function):
        raise SettingError(
            "function",
            "a function of an array",
            type(function),
            "to set an array, pass lambda x: array",
        )
    return Edit(name, function, "edit")


def _patch(name: str, other: Any) -> Edit:
    if not isinstance(other, Trace):
        raise SettingError("other", "a trace", type(other))
    value = other[name]

    def patched(array: np.ndarray) -> np.ndarray:
        if value.shape != array.shape:
            raise ShapeError(
                f"{name} has shape {array.shape} here and {value.shape} in the other trace",
                "run both on tokens of one shape",
            )
        return value

    return Edit(name, patched, "patch")
