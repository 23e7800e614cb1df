"""The file of a training, training.safetensors, which determines all later steps.

Its arrays: `model.` the weights, `optimizer.` its state, `pending.` batches drawn for the next
step, `history.` the steps so far.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from microgpt._io.atomic_write import atomic_write
from microgpt._io.json_io import format_json, parse_json
from microgpt.backends.memory import host_buffer
from microgpt.checkpoints import (
    SafetensorsFile,
    ensure_writable,
    open_safetensors,
    write_safetensors,
)
from microgpt.checkpoints.checkpoint import TRAINER_STATE_KEY, named_shapes, parse_model_header
from microgpt.config import TrainConfig, from_dict
from microgpt.data import Batch
from microgpt.errors import Described, FormatError, MicrogptError, SettingError
from microgpt.models.gpt import GPT
from microgpt.tokenizers import checked_dict
from microgpt.training.history_arrays import (
    evaluation_from_row,
    history_from_arrays,
    history_to_arrays,
    step_index,
)
from microgpt.training.metrics import Evaluation
from microgpt.training.trainer_state import TrainerState

STATE_FILE = "training.safetensors"
FORMAT = 1
MODEL, OPTIMIZER, PENDING = "model.", "optimizer.", "pending."
FIXED_SETTINGS = ("seed", "batch_size", "grad_accum_steps", "stride")  # they define a step


def save_state(trainer: Any, folder: str | Path) -> Path:
    """Write a trainer's state to training.safetensors in a folder; return the file's path.

    The caller holds the package's lock, so that no other thread trains meanwhile.
    """
    model, state = trainer.model, trainer.state
    if type(model) is not GPT or named_shapes(model) != model.config.parameter_shapes():
        raise SettingError(
            "model",
            "a GPT as its config describes it, or its training cannot be resumed",
            Described(f"a {type(model).__name__} with custom parts"),
            "keep its weights with np.savez(path, **model.state_dict())",
        )
    if Path(folder).suffix == ".safetensors":
        raise SettingError("folder", f"a folder for {STATE_FILE}", Described(str(folder)))
    target = ensure_writable(Path(folder) / STATE_FILE)
    header = {
        "format": FORMAT,
        "config": asdict(model.config),
        "tokenizer": checked_dict(trainer.tokenizer),
        "train": asdict(trainer.config),
        "data": trainer.data.sha256,
        "batches": trainer.batches.state_dict(),
        "pending": len(state.pending_batches),
        "evaluation_due": state.evaluation_due,
        "final_evaluation": _final_evaluation_row(state),
        "frozen": [name for name, w in model.named_parameters() if not w.requires_grad],
        "dropout": [int(model.dropout_seed), model.dropout_counter.item()],
        "training": bool(model.training),
        "metadata": trainer.extra_metadata,
    }
    arrays = {MODEL + name: weight.array for name, weight in model.named_parameters()}
    arrays |= {OPTIMIZER + name: a for name, a in trainer.optimizer.state_arrays().items()}
    for number, (tokens, targets) in enumerate(state.pending_batches):
        arrays |= {f"{PENDING}{number}.tokens": tokens, f"{PENDING}{number}.targets": targets}
    arrays |= history_to_arrays(state.history)
    content = format_json(header, "extra_metadata")
    with atomic_write(target) as stream:
        write_safetensors(stream, arrays, {TRAINER_STATE_KEY: content})
    return target


def _final_evaluation_row(state: TrainerState) -> list | None:
    if state.final_evaluation is None:
        return None
    index, evaluation = state.final_evaluation
    return [index, evaluation.loss, evaluation.stderr, evaluation.tokens]


@contextmanager
def open_state(path: str | Path) -> Iterator["SavedState"]:
    """`with open_state(folder) as saved:` opens a saved state; any defect is a FormatError."""
    path = Path(path)
    file = path if path.is_file() else path / STATE_FILE
    if not file.is_file():
        raise FormatError(
            f"there is no training to resume at {file}; `microgpt train`, or a trainer's `save`, "
            "writes one"
        )
    try:
        with open_safetensors(file) as arrays:
            yield SavedState(file, arrays)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
        if isinstance(error, MicrogptError) and str(file) in str(error):
            raise
        raise FormatError(f"{file} cannot be resumed: {error}") from None


class SavedState:
    """An open state file: settings are read when it is opened, arrays on demand."""

    def __init__(self, file: Path, arrays: SafetensorsFile):
        if TRAINER_STATE_KEY not in arrays.metadata:
            raise FormatError("it is not the state of a training")
        header = parse_json(arrays.metadata[TRAINER_STATE_KEY].encode(), "its header")
        if header.get("format") != FORMAT:
            raise FormatError(f"its header must have format {FORMAT}")
        self.file, self.arrays, self.header = file, arrays, header
        weights = {
            name.removeprefix(MODEL): shape
            for name, shape in arrays.shapes.items()
            if name.startswith(MODEL)
        }
        self.model_config, self.tokenizer = parse_model_header(header, weights)
        self.config = from_dict(TrainConfig, header["train"])
        self.extra_metadata = self._field("metadata", dict)

    def check_config(self, config: TrainConfig | None) -> TrainConfig:
        """Return the settings to continue with; raise if they change the data of a step."""
        for name in FIXED_SETTINGS if isinstance(config, TrainConfig) else ():
            now, then = getattr(config, name), getattr(self.config, name)
            if now != then:
                raise SettingError(
                    name,
                    f"{then!r}, as {self.file} was trained: it decides what its steps are made of",
                    now,
                    ("go on with that", "train anew"),
                )
        return self.config if config is None else config

    def build_model(self, backend: str | None) -> GPT:
        """Build the model on `backend`, with the saved weights."""
        dtype = self.arrays.dtype(MODEL + "wte.weight")
        if dtype not in ("float32", "float64"):
            raise FormatError(f"it must hold float32 or float64 weights; got {dtype}")
        model = GPT(self.model_config, seed=None, dtype=dtype, backend=backend)
        frozen = self._field("frozen", list)
        for name, weight in model.named_parameters():
            with host_buffer(weight.array) as numbers:
                self.arrays.read_into(MODEL + name, numbers)
            weight.requires_grad = name not in frozen
        return model

    def restore(self, trainer: Any) -> None:
        """Restore the saved state into a new trainer."""
        data_sha256, expected = trainer.data.sha256, self.header["data"]
        if data_sha256 != expected:
            raise FormatError(
                f"it was trained on other data: their SHA-256 begins with {expected[:12]!r}, that "
                f"of these with {data_sha256[:12]!r}; give the same corpus and validation data"
            )
        model = trainer.model
        for name, array in trainer.optimizer.state_arrays().items():
            with host_buffer(array) as numbers:
                self.arrays.read_into(OPTIMIZER + name, numbers)
        trainer.batches.load_state_dict(self.header["batches"])
        history = history_from_arrays(self.arrays)
        trainer.state.restore(
            history,
            [self._batch(number) for number in range(self._num_pending(trainer.config))],
            self._field("evaluation_due", bool) and bool(history),
            self._final_evaluation(len(history)),
        )
        model.dropout_seed, model.dropout_counter[0] = self._dropout()
        if not self._field("training", bool):
            model.eval()

    def _field(self, name: str, expected: type) -> Any:
        if type(self.header[name]) is not expected:
            value = self.header[name]
            raise FormatError(f"{name!r} must be a {expected.__name__}; got {value!r:.60}")
        return self.header[name]

    def _dropout(self) -> list[int]:
        counters = self._field("dropout", list)
        if len(counters) != 2 or any(type(n) is not int or not 0 <= n < 2**63 for n in counters):
            raise FormatError(
                f"'dropout' must be a seed and a count, integers from 0 on; got {counters!r:.60}"
            )
        return counters

    def _final_evaluation(self, num_steps: int) -> tuple[int, Evaluation] | None:
        row = self.header.get("final_evaluation")
        if row is None:
            return None
        if not isinstance(row, list) or len(row) != 4:
            raise FormatError(f"'final_evaluation' must be a row of four; got {row!r:.60}")
        return step_index(row[0], num_steps), evaluation_from_row(*row[1:])

    def _num_pending(self, config: TrainConfig) -> int:
        count = self.header["pending"]
        if type(count) is not int or not 0 <= count <= config.grad_accum_steps:
            raise FormatError(
                f"{count!r:.40} batches wait for a step that takes {config.grad_accum_steps}; go "
                "on with the settings it was saved with"
            )
        return count

    def _batch(self, number: int) -> Batch:
        tokens, targets = (
            self.arrays.read(f"{PENDING}{number}.{name}", "int32") for name in ("tokens", "targets")
        )
        if tokens.shape != targets.shape or tokens.ndim != 2:
            raise FormatError(f"batch {number} must have tokens and targets of one shape (B, T)")
        return tokens, targets
