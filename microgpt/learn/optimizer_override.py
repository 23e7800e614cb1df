"""Override AdamW's step and gradient clipping with a learner's functions."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.autograd.tensor import Tensor
from microgpt.errors import Described, SettingError, ShapeError
from microgpt.learn.bundled.ex08_adamw_step import ADAMW_STEP
from microgpt.learn.bundled.ex08_clip_grad_norm import CLIP_GRAD_NORM
from microgpt.learn.library_training import LibraryTraining
from microgpt.learn.messages import format_message
from microgpt.learn.op_adapters import adamw_step
from microgpt.learn.parsers import ParseError
from microgpt.learn.usage_report import MAX_COMPARISONS, UsageReport
from microgpt.optim import Adam, AdamW, Optimizer, clip_grad_norm_

EXERCISES = {"adamw": ADAMW_STEP, "clip_grad_norm": CLIP_GRAD_NORM}
NAMES = tuple(EXERCISES)


class OptimizerOverride:
    """Steps and clips with the learner's functions, and compares the results with the library's.

    Each parameter is handed over by itself, in its own shape and as float64, since what decays
    depends on the shape. `training` follows the library's training beside it; None if something
    else of the learner's runs in the model, too.
    """

    def __init__(
        self,
        functions: dict[str, Callable[..., Any]],
        report: UsageReport,
        training: LibraryTraining | None,
    ):
        self.functions, self.report, self.training = functions, report, training
        self.steps: Counter[str] = Counter()  # of optimisers, by their class
        self.unlimited = False  # whether gradients were measured without a limit

    def step(self, optimizer: Optimizer) -> None:
        """Make one step of the optimiser, with the learner's `adamw` if it is an Adam."""
        self.steps[type(optimizer).__name__] += 1
        if self.training is not None:
            self.training.step(optimizer)
        if "adamw" in self.functions and isinstance(optimizer, Adam):
            self._adamw(optimizer)
        else:
            optimizer.step()

    def _adamw(self, optimizer: Adam) -> None:
        decay = optimizer.weight_decay if isinstance(optimizer, AdamW) else 0.0
        t = optimizer.step_count + 1
        settings = (t, optimizer.lr, *optimizer.betas, optimizer.eps, decay)
        updates: list[tuple[np.ndarray, np.ndarray]] = []
        for parameter, m, v in optimizer.moments():
            arrays = (parameter.array, m, v)
            p, g, *moments = (
                np.array(a, np.float64) for a in (parameter.array, parameter.grad_buffer(), m, v)
            )
            result = self._call("adamw", p, g, *moments, *settings)
            for name, part in zip(("p", "m", "v"), result, strict=True):
                _check_shape(f"{name} of your adamw", part, parameter.shape)
            self._compare_step(arrays, parameter.grad_buffer(), settings, result)
            updates += zip(arrays, result, strict=True)
        optimizer.state_arrays()["step"][0] = t
        for array, value in updates:
            array[...] = value

    def _compare_step(
        self, arrays: tuple, grad: np.ndarray, settings: tuple, result: tuple
    ) -> None:
        """Compare the change of p in units of lr, and m and v in units of their largest number."""
        stats = self.report.stats["adamw"]
        if stats.num_compared == MAX_COMPARISONS:
            return
        p, m, v = arrays
        expected = adamw_step(p, grad, m, v, *settings)
        scales = (settings[1], *(np.abs(part).max(initial=0.0) for part in expected[1:]))
        bases = (p.astype(np.float64), 0.0, 0.0)
        in_units = [
            np.concatenate(
                [
                    ((part - base) / (scale or 1.0)).reshape(-1)
                    for part, base, scale in zip(parts, bases, scales, strict=True)
                ]
            )
            for parts in (result, expected)
        ]
        stats.compare(*in_units)

    def clip(self, parameters: list[Tensor], max_norm: float) -> Tensor:
        """Clip the gradients, with the learner's function if there is a limit; return the norm."""
        if self.training is not None:
            self.training.on_clip(parameters, max_norm)
        if "clip_grad_norm" not in self.functions or max_norm == float("inf"):
            self.unlimited = True
            return clip_grad_norm_(parameters, max_norm)
        grads = [np.array(parameter.grad_buffer(), np.float64) for parameter in parameters]
        clipped, norm = self._call("clip_grad_norm", grads, float(max_norm))
        if len(clipped) != len(grads):
            raise ShapeError(
                f"your clip_grad_norm must return {len(grads)} arrays, one for each parameter; "
                f"got {len(clipped)}"
            )
        for part, parameter in zip(clipped, parameters, strict=True):
            _check_shape("an array of your clip_grad_norm", part, parameter.shape)
        stats = self.report.stats["clip_grad_norm"]
        if stats.num_compared < MAX_COMPARISONS:
            expected_norm = clip_grad_norm_(parameters, max_norm).item()
            expected = [parameter.grad_buffer() for parameter in parameters]
            scale = max(np.abs(part).max(initial=0.0) for part in expected) or 1.0
            stats.compare(*(
                np.concatenate([(part / scale).reshape(-1) for part in parts] + [[end]])
                for parts, end in ((clipped, norm), (expected, expected_norm))
            ))  # fmt: skip
        for part, parameter in zip(clipped, parameters, strict=True):
            parameter.grad_buffer()[...] = part
        return parameters[0].from_array(np.array(norm))

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call the learner's function; return its result as the exercise's check reads it."""
        self.report.stats[name].num_calls += 1
        value = self.functions[name](*arguments)
        try:
            return EXERCISES[name].parse(value)
        except ParseError as error:
            got = Described(f"a value of the type {type(value).__name__}")
            raise SettingError(f"the result of your {name}", str(error), got) from None

    def why_not_called(self, name: str) -> str:
        """Explain in one sentence why the function never ran."""
        values = {"name": f"your {name}", "called": ", ".join(sorted(self.steps))}
        if not self.steps:
            return format_message("using", "no_optimizer_step", **values)
        if name == "adamw":
            return format_message("using", "optimizer_calls_instead", **values)
        key = "clips_without_limit" if self.unlimited else "never_clips"
        return format_message("using", key, **values)


def _check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ShapeError(f"{name} must have the shape {shape}; got {array.shape}")
