"""Override backward rules, and the backward pass itself, with a learner's functions."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from microgpt.autograd.engine import backward, topological_order
from microgpt.autograd.tensor import Tensor
from microgpt.autograd.value import Value
from microgpt.errors import SettingError
from microgpt.learn.backward_rules import TENSOR_RULES, VALUE_RULES, Rule
from microgpt.learn.bundled.plain_graph import GraphNode
from microgpt.learn.messages import format_message
from microgpt.learn.parsers import ParseError, number
from microgpt.learn.usage_report import MAX_COMPARISONS, UsageReport, relative_error

NAMES = (*VALUE_RULES, "backward", *TENSOR_RULES)


class BackwardOverrides:
    """Runs the learner's rules in backward passes, counts calls, compares gradients.

    `run(root, gradient)` takes the place of the engine's `backward`. In each of the first
    MAX_COMPARISONS passes, the library's own gradient is computed beside the learner's; if one of
    these passes raises, every leaf keeps the gradient that it had.
    """

    def __init__(self, functions: dict[str, Callable[..., Any]], report: UsageReport):
        self.functions, self.report = functions, report
        self.other_ops: Counter[str] = Counter()
        self.num_passes = {Value: 0, Tensor: 0}
        self._value_rules = self._adapters(VALUE_RULES)
        self._tensor_rules = self._adapters(TENSOR_RULES)

    @property
    def uses_tensors(self) -> bool:
        """Whether some function is a rule of Tensors: fused operations must then be decomposed."""
        return bool(self._tensor_rules)

    def _adapters(self, table: dict[str, dict[str, Callable]]) -> dict[str, Callable]:
        """Return, by operation, a function of a node and its gradient that runs the learner's."""
        return {
            op: self._counting(adapter, Rule(name, self._counted(name)))
            for name, adapters in table.items() if name in self.functions
            for op, adapter in adapters.items()
        }  # fmt: skip

    def _counting(self, adapter: Callable, rule: Rule) -> Callable[[Any, Any], tuple]:
        return lambda node, gradient: adapter(rule, node, gradient)

    def _counted(self, name: str) -> Callable[..., Any]:
        function, stats = self.functions[name], self.report.stats[name]

        def counted(*arguments: Any) -> Any:
            stats.num_calls += not self.report.is_comparing
            return function(*arguments)

        return counted

    def run(self, root: Any, gradient: Any) -> None:
        """Accumulate into every leaf the gradient that the learner's functions give."""
        node_type = Value if isinstance(root, Value) else Tensor
        propagate = self._through_values if node_type is Value else self._through_tensors
        if self.report.is_comparing:
            propagate(topological_order(root), root, gradient)
            return
        self.num_passes[node_type] += 1
        for name in self.functions:
            self.report.stats[name].num_passes += (name in TENSOR_RULES) == (node_type is Tensor)
        order = topological_order(root)
        if len(self.report.pass_errors) >= MAX_COMPARISONS:
            propagate(order, root, gradient)
            return
        leaves = [node for node in order if not node.inputs]
        before = [_read(leaf) for leaf in leaves]
        try:
            library = _gradient(leaves, lambda: backward(root, gradient))
            yours = _gradient(leaves, lambda: propagate(order, root, gradient))
        except BaseException:  # an interrupt, too, must not cost what earlier passes gave
            for leaf, old in zip(leaves, before, strict=True):
                _write(leaf, old)
            raise
        for leaf, old, new in zip(leaves, before, yours, strict=True):
            _write(leaf, old + new)
        self.report.pass_errors.append(relative_error(_flat(yours), _flat(library)))

    def _through_values(self, order: list, root: Value, gradient: float) -> None:
        if "backward" in self.functions:
            self._by_the_learners_pass(order, root, gradient)
            return
        grads: dict[Any, float] = {root: gradient}
        for node in reversed(order):
            total = grads.get(node, 0.0)
            if not node.inputs:
                node.accumulate_grad(total)
                continue
            for parent, part in zip(node.inputs, self._vjp(node, total), strict=True):
                grads[parent] = grads[parent] + part if parent in grads else part

    def _vjp(self, node: Value, gradient: float) -> tuple:
        """Return the gradients of a node's inputs, by the learner's rule if there is one."""
        rule = self._value_rules.get(node.op)
        if rule is None:
            self.other_ops[node.op.strip("0123456789.-")] += 1
            return node.vjp(gradient)
        node.grad = gradient
        return rule(node, gradient)

    def _by_the_learners_pass(self, order: list, root: Value, gradient: float) -> None:
        """Hand a copy of the graph, made of plain nodes, to the learner's `backward`."""
        plain: dict[Any, GraphNode] = {}
        for node in order:
            local_grads = self._vjp(node, 1.0) if node.inputs else ()
            inputs = tuple(plain[parent] for parent in node.inputs)
            plain[node] = GraphNode(node.op or "leaf", inputs, tuple(map(float, local_grads)))
        grads = self._counted("backward")(plain[root])
        for node in order:
            try:
                value = gradient * number(grads[plain[node]])
            except (ParseError, KeyError, TypeError, IndexError):
                expected = "a dictionary with one number for each node"
                raise SettingError("the result of your backward", expected, type(grads)) from None
            if node.inputs:
                node.grad = value
            else:
                node.accumulate_grad(value)

    def _through_tensors(self, order: list, root: Tensor, gradient: np.ndarray) -> None:
        with self._rules_in(order):
            backward(root, gradient)

    @contextmanager
    def _rules_in(self, order: list) -> Iterator[None]:
        """Put the learner's rules in the place of the nodes' own backward functions."""
        replaced = []
        for node in order:
            rule = self._tensor_rules.get(node.op)
            if rule is not None and node.inputs:
                replaced.append((node, node.backward_fn))
                node.backward_fn = _run_instead(node, rule)
            elif node.op:
                self.other_ops[node.op] += 1
        try:
            yield
        finally:
            for node, own in replaced:
                node.backward_fn = own

    def why_not_called(self, name: str) -> str:
        """Explain in one sentence why the function never ran."""
        node_type, other = (Tensor, Value) if name in TENSOR_RULES else (Value, Tensor)
        values = {"name": f"your {name}"}
        if self.num_passes[node_type]:
            called = ", ".join(sorted(filter(None, self.other_ops)))
            return format_message("using", "backward_calls_instead", called=called, **values)
        if self.num_passes[other]:
            key = "needs_tensors" if node_type is Tensor else "needs_values"
            return format_message("using", key, **values)
        return format_message("using", "no_backward_pass", **values)


def _run_instead(node: Tensor, rule: Callable) -> Callable:
    """Return a backward function that runs the rule; `inspect.unwrap` gives the node's own."""

    @wraps(node.backward_fn)  # type: ignore[arg-type]
    def backward_fn(dy: np.ndarray) -> tuple:
        return rule(node, dy)

    return backward_fn


def _gradient(leaves: list, run: Callable[[], None]) -> list:
    """Return what a backward pass adds to the gradient of each leaf, which it then holds."""
    for leaf in leaves:
        _write(leaf, 0.0)
    run()
    return [_read(leaf) for leaf in leaves]


def _read(leaf: Any) -> Any:
    """Return a copy of a leaf's gradient."""
    return (leaf.grad or 0.0) if isinstance(leaf, Value) else leaf.grad_buffer().copy()


def _write(leaf: Any, gradient: Any) -> None:
    if isinstance(leaf, Value):
        leaf.grad = gradient
    else:
        leaf.grad_buffer()[...] = gradient


def _flat(gradients: list) -> np.ndarray:
    """Return the gradients of all leaves as one float64 vector."""
    return np.concatenate([np.reshape(part, -1).astype(np.float64) for part in gradients])
