"""Override a model's operations (softmax, cross-entropy, …) with a learner's functions."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from microgpt.autograd.engine import context, enable_grad, hook_activations, no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.errors import ShapeError
from microgpt.learn.attention_override import AttentionInputs, batched, check_plain
from microgpt.learn.messages import format_message
from microgpt.learn.op_adapters import EXERCISE_ARGUMENTS, causal_softmax
from microgpt.learn.usage_report import MAX_COMPARISONS, UsageReport, relative_error
from microgpt.models.gpt import GPT
from microgpt.ops.op_hooks import OVERRIDABLE

COMPOSITE = ("attention", "causal_attention", "decode_attention")  # they call other operations
NAMES = ("attention", *(name for name in OVERRIDABLE if name != "decode_attention"))


class OpOverrides:
    """Runs the learner's functions as operations, counts calls, compares with the library."""

    def __init__(self, functions: dict[str, Callable[..., Any]], report: UsageReport):
        self.functions, self.report = dict(functions), report
        if "attention" in functions:
            self.functions["attention"] = batched(functions["attention"])
        self.attention_inputs = AttentionInputs()
        self.other_ops: Counter[str] = Counter()
        self.tensor_errors: dict[str, str] = {}  # of functions that failed on Tensors
        self.bypassed = False  # True while the library or a learner's function runs

    def hook(self, name: str, op: Callable, args: tuple, kwargs: dict) -> Any:
        """Run the operation `name`, with the learner's function if there is one."""
        if self.bypassed:
            return op(*args, **kwargs)
        if name == "GPT.loss":
            return self.compare_loss(op, *args)
        if name == "attention" and name in self.functions:
            return self._run_attention(op, *args)
        if name in self.functions:
            return self._run_function(name, op, args, kwargs)
        if name == "causal_softmax" and "softmax" in self.functions:
            return causal_softmax(*args, **kwargs)
        if name not in COMPOSITE:
            self.other_ops[name] += 1
        return op(*args, **kwargs)

    def _run_attention(
        self, op: Callable, attn: Any, x: Tensor, residual: Tensor, cache: Any
    ) -> Any:
        """Return residual + y, y (B, T, C) by one call of the learner's function for each row."""
        check_plain(attn)
        zeros = x.from_array(np.zeros(residual.shape, residual.dtype))
        with self._bypass():  # the library's keys and values are written into a cache in any case
            y = None if cache is None else op(attn, x, zeros, cache)

        def library(*_: Any) -> Tensor:
            return op(attn, x, zeros, None) if y is None else y

        stats, seen = self.report.stats["attention"], self.attention_inputs.seen(x, cache)
        args = (seen, attn.c_attn.weight, attn.c_proj.weight, attn.n_head, x.shape[1])
        num_calls, num_compared = stats.num_calls, stats.num_compared
        result = self._run_function("attention", library, args, {})
        stats.num_calls = num_calls + len(x)
        stats.num_compared = num_compared + len(x) * (stats.num_compared - num_compared)
        return residual + result

    def _run_function(self, name: str, op: Callable, args: tuple, kwargs: dict) -> Any:
        stats = self.report.stats[name]
        function_args, function_kwargs = args, kwargs
        if name in EXERCISE_ARGUMENTS:
            function_args, function_kwargs = EXERCISE_ARGUMENTS[name](*args, **kwargs), {}
        stats.num_calls += 1
        with self._bypass():
            if stats.differentiable is None:
                stats.differentiable = not stats.has_rule and self._works_on_tensors(
                    name, function_args, function_kwargs
                )
            expected: Any = None
            if not stats.differentiable or stats.num_compared < MAX_COMPARISONS:
                expected = op(*args, **kwargs)
            if stats.differentiable:
                result: Any = self.functions[name](*function_args, **function_kwargs)
            else:
                result = self._call_with_arrays(name, function_args, function_kwargs, expected)
            shape = expected.shape if expected is not None else result.shape
            if result.shape != shape:
                raise ShapeError(f"your {name} must return shape {shape}; got {result.shape}")
            if expected is not None and stats.num_compared < MAX_COMPARISONS:
                stats.compare(result.array, expected.array)
            if stats.differentiable:
                return result
            # Put the learner's values in the library's node, whose backward gives the gradients.
            expected.array = result.array
            return expected

    def _works_on_tensors(self, name: str, args: tuple, kwargs: dict) -> bool:
        """Try the learner's function on Tensors as in training, where NumPy would lose a graph."""
        leaves = (
            Tensor(arg, requires_grad=True, backend=arg.backend.name)
            if isinstance(arg, Tensor)
            else arg
            for arg in args
        )
        try:
            with enable_grad():
                return isinstance(self.functions[name](*leaves, **kwargs), Tensor)
        except Exception as error:  # told if the call with arrays fails, too
            self.tensor_errors[name] = f"{type(error).__name__}: {error}"
            return False

    def _call_with_arrays(self, name: str, args: tuple, kwargs: dict, expected: Any) -> Tensor:
        """Call the learner's function on copies of the arrays; return a Tensor without a graph."""
        arrays = (np.array(arg.array) if isinstance(arg, Tensor) else arg for arg in args)
        try:
            value = np.asarray(self.functions[name](*arrays, **kwargs))
        except Exception as error:
            if name in self.tensor_errors:
                tensor_error = self.tensor_errors[name]
                error.add_note(format_message("using", "on_tensors", name=name, error=tensor_error))
            raise
        if value.dtype.kind not in "fiub":
            raise ShapeError(f"your {name} must return numbers; got {value.dtype}")
        if not expected.shape:
            value = value.reshape(()) if value.size == 1 else value
        return expected.from_array(np.ascontiguousarray(value, expected.dtype).reshape(value.shape))

    @contextmanager
    def _bypass(self) -> Iterator[None]:
        self.bypassed = True
        try:
            with hook_activations(None):  # what is computed to compare is not the model's
                yield
        finally:
            self.bypassed = False

    def compare_loss(self, loss: Callable, model: GPT, tokens: Any, targets: Any) -> Any:
        """Return the model's loss with the learner's functions; compare it with the library's.

        Only the first MAX_COMPARISONS losses are compared, and the gradient once, at the first loss
        that has one.
        """
        yours = loss(model, tokens, targets)
        has_gradient = context.grad_enabled and yours.requires_grad
        compare_gradient = self.report.gradient_error is None and has_gradient
        compare_loss = len(self.report.losses) < MAX_COMPARISONS
        if self.bypassed or not (compare_loss or compare_gradient):
            return yours
        with self._bypass():
            if compare_gradient:
                library = loss(model, tokens, targets)
                self.report.is_comparing = True
                try:
                    gradients = _flat_gradient(model, yours), _flat_gradient(model, library)
                finally:
                    self.report.is_comparing = False
                self.report.gradient_error = relative_error(*gradients)
            else:
                with no_grad():
                    library = loss(model, tokens, targets)
        if compare_loss:
            self.report.losses.append((yours.item(), library.item()))
        return yours

    def why_not_called(self, name: str) -> str:
        """Explain in one sentence why the function never ran."""
        if not self.other_ops:
            return format_message("using", "no_model_called", name=f"your {name}")
        called = ", ".join(sorted(self.other_ops))
        return format_message("using", "calls_instead", name=f"your {name}", called=called)


def _flat_gradient(model: GPT, loss: Any) -> np.ndarray:
    """Return the gradient of the loss as one float64 vector; restore each parameter's `.grad`."""
    parameters = model.parameters()
    before = [parameter.grad_buffer().copy() for parameter in parameters]
    for parameter in parameters:
        parameter.grad_buffer()[...] = 0.0
    loss.backward()
    gradient = np.concatenate([parameter.grad_buffer().reshape(-1) for parameter in parameters])
    for parameter, grad in zip(parameters, before, strict=True):
        parameter.grad_buffer()[...] = grad
    return gradient.astype(np.float64)
