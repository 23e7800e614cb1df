"""The chain rule over a graph of nodes, the part that `Value` and `Tensor` share.

A node knows the nodes it was computed from (`inputs`) and a rule that turns the gradient of the
node into the gradients of those inputs. `backward` walks the graph from the end to the start and
applies the rules. Gradients are of first order: the rules are not themselves differentiable.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Node:
    """Something computed from `inputs`; subclasses say what gradients are and how they add."""

    __slots__ = ()
    inputs: tuple["Node", ...]
    requires_grad: bool

    def vjp(self, gradient: Any) -> tuple[Any, ...]:
        """The gradients of `inputs`, given this node's total (None: nothing flows to an input)."""
        raise NotImplementedError

    def accumulate_grad(self, gradient: Any) -> None:
        """Add one more gradient to those a leaf has collected."""
        raise NotImplementedError

    def add_grads(self, first: Any, second: Any) -> Any:
        """A new gradient, the sum of two; neither argument changes."""
        raise NotImplementedError

    def add_grad_(self, buffer: Any, gradient: Any) -> Any:
        """The buffer with a gradient added to it: changed in place if it can be."""
        raise NotImplementedError

    def zeros_grad(self) -> Any:
        """A new gradient of zeros, for rules that add into a buffer."""
        raise NotImplementedError


class BackwardPass:
    """The gradients of one pass, kept for interior nodes only and dropped when the pass ends.

    They live here and not on the nodes so that a second pass starts from nothing, and so that no
    reference cycle keeps a finished graph alive.
    """

    def __init__(self) -> None:
        self.gradients: dict[Node, Any] = {}
        # Gradients that were born here, which may be added into; and whose buffers rules hold.
        self._own: dict[Node, Any] = {}
        self._lent: set[Node] = set()

    def add(self, node: Node, gradient: Any) -> None:
        """Count another contribution to the gradient of an interior node that has one already."""
        own = self._own.get(node)
        if own is None:
            self._keep(node, node.add_grads(self.gradients[node], gradient))
        elif gradient is not own or node not in self._lent:
            # A rule that added into `grad_buffer(node)` returns that very buffer: it is counted.
            self._keep(node, node.add_grad_(own, gradient))

    def grad_buffer(self, node: Node) -> Any:
        """The array that collects the gradient of `node`, for a rule that adds into it."""
        self._lent.add(node)
        if node not in self._own:
            zeros, held = node.zeros_grad(), self.gradients.get(node)
            self._keep(node, zeros if held is None else node.add_grad_(zeros, held))
        return self._own[node]

    def pop_grad(self, node: Node) -> Any:
        """The gradient of `node` so far, for a rule that returns it as part of its own; or None."""
        self._own.pop(node, None)
        self._lent.discard(node)
        return self.gradients.pop(node, None)

    def _keep(self, node: Node, gradient: Any) -> None:
        self.gradients[node] = self._own[node] = gradient


class _Context(threading.local):
    """What holds for the current thread."""

    grad_enabled = True
    decomposed = False
    backward_pass: BackwardPass | None = None
    activation_hook: Callable[[str, Node], Node] | None = None
    op_override: Callable[[str, Callable, tuple, dict], Any] | None = None


context = _Context()


def topological_order(root: Node, leaves: bool = True) -> list[Node]:
    """Every node that `root` depends on, each after its inputs, `root` last.

    The order is that of a depth-first walk which takes inputs from left to right, without
    recursion: a graph of any depth works. Without `leaves`, only nodes that have inputs.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [root]
    push, pop = stack.append, stack.pop
    while stack:
        node = pop()
        if node is None:  # the node below it is finished
            order.append(pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            push(node)
            push(None)
            for parent in reversed(node.inputs):
                if (leaves or parent.inputs) and parent.requires_grad and parent not in seen:
                    push(parent)
    return order


def backward(root: Node, gradient: Any) -> None:
    """Add to every leaf's gradient what `root` owes to it, given the gradient of `root`."""
    current, previous = BackwardPass(), context.backward_pass
    add, gradients = current.add, current.gradients
    context.backward_pass = current
    try:
        if not root.inputs:
            root.accumulate_grad(gradient)
            return
        gradients[root] = gradient
        for node in reversed(topological_order(root, leaves=False)):
            total = gradients.pop(node, None)
            if total is None:  # nothing flowed back to it
                continue
            for parent, contribution in zip(node.inputs, node.vjp(total), strict=True):
                if contribution is None or not parent.requires_grad:
                    continue
                if not parent.inputs:
                    parent.accumulate_grad(contribution)
                elif parent in gradients:
                    add(parent, contribution)
                else:
                    gradients[parent] = contribution
    finally:
        context.backward_pass = previous


@contextmanager
def _setting(name: str, value: Any) -> Iterator[None]:
    previous = getattr(context, name)
    setattr(context, name, value)
    try:
        yield
    finally:
        setattr(context, name, previous)


def no_grad():
    """`with no_grad():` computes without building a graph, in this thread."""
    return _setting("grad_enabled", False)


def decomposed():
    """`with composed():` makes every fused operation run as the composition it stands for."""
    return _setting("decomposed", True)


def hook_activations(hook: Callable[[str, Node], Node]):
    """`with naming(hook):` calls `hook(name, node)` at every named intermediate of a model.

    What the hook returns takes the node's place, so a hook can read and change a model's inside.
    """
    return _setting("activation_hook", hook)


def override_ops(hook: Callable[[str, Callable, tuple, dict], Any]):
    """`with intercepting(hook):` runs `hook(name, op, arguments, options)` in place of operations.

    Of those in `ops.OVERRIDABLE`, in this thread; what the hook returns is the operation's result.
    """
    return _setting("op_override", hook)


def offer_activation(name: str, node: Any) -> Any:
    """Offer an intermediate to the hook set by `hook_activations`; without one, `node` itself."""
    hook = context.activation_hook
    return node if hook is None else hook(name, node)
