"""`scoreboard`: every model so far on the same held-out texts."""

from math import inf, isfinite, nan
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.data import Corpus, as_corpus
from microgpt.errors import SettingError
from microgpt.learn.text_losses import losses_of_rows, padded_rows, texts_of, token_row
from microgpt.models.ngram import DEFAULT_SMOOTHING, NGram
from microgpt.models.table_of_logits import TableOfLogits
from microgpt.nn import Module
from microgpt.runs import baselines
from microgpt.tokenizers import Tokenizer
from microgpt.training import Trainer
from microgpt.training.metrics import Evaluation
from microgpt.viz.scoreboard import Score, scoreboard_html, scoreboard_lines
from microgpt.widgets.logits_source import token_unit

COUNTED = {n: f"{name} counted" for n, name in baselines.COUNTED.items()}


class Scoreboard:
    """The held-out loss of models that learned from `train`, measured on `val`.

    `board[name]` is a model of the board, `board.scores` what was measured. A notebook displays the
    board as a table.
    """

    def __init__(self, train: Corpus, val: Corpus, tokenizer: Tokenizer):
        self.train, self.val, self.tokenizer = train, val, tokenizer
        self.scores: list[Score] = []
        self._models: dict[str, Any] = {}
        self._losses: dict[str, np.ndarray] = {}  # nats of each held-out text, by model
        self._texts = texts_of(val)
        end = int(tokenizer.eos_token_id is not None)
        self._num_bytes = np.array([len(text.encode()) + end for text in self._texts])

    def __getitem__(self, name: str) -> Any:
        if name not in self._models:
            raise SettingError("name", got=name, choices=tuple(self._models))
        return self._models[name]

    def __repr__(self) -> str:
        return "\n".join(scoreboard_lines(self.scores))

    def _repr_html_(self) -> str:
        return scoreboard_html(self.scores)

    def train_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the training texts as tokens and targets (N, T); a target of −1 is ignored."""
        rows = [token_row(text, self.tokenizer) for text in texts_of(self.train)]
        tokens, targets, _ = padded_rows(rows)
        return tokens, targets

    def add_ngram(self, n: int, smoothing: float = DEFAULT_SMOOTHING) -> "Scoreboard":
        """Count letters (n = 1), pairs (2) or triples (3) of the training texts; add the row."""
        model = NGram(self.tokenizer.vocab_size, n, smoothing).count(*self.train_rows())
        return self.add(COUNTED.get(n, f"{n} in a row counted"), model)

    def add(
        self,
        name: str,
        model: Any,
        tokenizer: Tokenizer | None = None,
        *,
        parameters: int | None = None,
        baseline: str = "",
    ) -> "Scoreboard":
        """Measure `model` on the held-out texts and add it; a row of that name is replaced.

        `model` is a GPT, an NGram, an MLP, a Trainer, a table of logits (V, V) with a row for each
        token before, or a function from token ids (T,) to logits (T, V). `tokenizer` is the model's
        own if it is not the board's; `parameters` says how many numbers a function learned.
        `baseline` names the row to compare with; without it, that is the best one so far. Raises
        ShapeError for logits of another shape, SettingError for logits that are NaN or inf, or a
        baseline that is no other row.
        """
        if not isinstance(name, str) or not name.strip():
            raise SettingError("name", "what the row is called", name)
        others = tuple(other for other in self._losses if other != name)
        if baseline and baseline not in others:
            raise SettingError("baseline", got=baseline, choices=others)
        if isinstance(model, Trainer):
            model, tokenizer = model.model, tokenizer or model.tokenizer
        tokenizer = tokenizer or self.tokenizer
        if isinstance(model, list | np.ndarray | Tensor):
            model = TableOfLogits(model, tokenizer.vocab_size)
        rows = [token_row(text, tokenizer) for text in self._texts]
        losses = losses_of_rows(model, rows, tokenizer.vocab_size)
        num_tokens = np.array([len(ids) - 1 for ids in rows])
        if np.isfinite(losses).all():
            evaluation = Evaluation.from_rows(losses, num_tokens)
        else:  # probability 0 for something that came
            evaluation = Evaluation(inf, nan, int(num_tokens.sum()))
        self.remove(name)
        score = Score(
            name,
            evaluation.loss,
            evaluation.stderr,
            evaluation.tokens,
            num_bytes=int(self._num_bytes.sum()),
            parameters=_count_parameters(model) if parameters is None else parameters,
            unit=token_unit(tokenizer),
            **self._compare(losses, baseline),
        )
        self.scores.append(score)
        self._models[name], self._losses[name] = model, losses
        return self

    def remove(self, name: str) -> None:
        """Remove a row, if it is there."""
        self.scores = [score for score in self.scores if score.name != name]
        self._models.pop(name, None)
        self._losses.pop(name, None)

    def _compare(self, losses: np.ndarray, baseline: str) -> dict[str, Any]:
        """Compare losses with those of `baseline`, or of the best row so far, text by text."""
        others = [score for score in self.scores if isfinite(score.loss)]
        if not others or not np.isfinite(losses).all():
            return {}
        if baseline and not np.isfinite(self._losses[baseline]).all():
            return {}
        baseline = baseline or min(others, key=lambda score: score.bits_per_byte).name
        paired = Evaluation.from_rows(losses - self._losses[baseline], self._num_bytes)
        return {"baseline": baseline, "difference": paired.loss, "difference_stderr": paired.stderr}


def scoreboard(
    corpus: Corpus | str = "names-mini", max_n: int = 2, *, val_fraction: float = 0.2
) -> Scoreboard:
    """Open a scoreboard: knowing nothing, then letters, pairs, … counted, up to `max_n` in a row.

    Repeated lines are removed, then `val_fraction` of the texts is held out. The loss is in nats
    per token and, so that tokenizers can be compared, in bits per byte; the end of a line counts as
    one byte.
    """
    corpus = as_corpus(corpus)
    train, val = corpus.split_distinct(val_fraction)
    board = Scoreboard(train, val, corpus.tokenizer())
    board.add(baselines.UNIFORM, NGram(board.tokenizer.vocab_size, n=1), parameters=0)
    for n in range(1, max_n + 1):
        board.add_ngram(n)
    return board


def _count_parameters(model: Any) -> int | None:
    if isinstance(model, NGram):
        return int(model.counts.size)
    if isinstance(model, TableOfLogits):
        return int(model.table.size)
    return model.parameter_count() if isinstance(model, Module) else None
