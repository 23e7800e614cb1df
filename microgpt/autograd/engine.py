"""The chain rule over a graph of nodes, the part that `Value` and `Tensor` share.

A node knows the nodes it was computed from (`inputs`) and its vector-Jacobian product (`vjp`),
which turns the gradient of the node into the gradients of those inputs. `backward` walks the graph
in reverse topological order and applies them. First-order gradients only: a vjp is not itself
differentiable.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Node:
    """A node of the graph, computed from `inputs`; subclasses define how gradients add."""

    __slots__ = ()
    inputs: tuple["Node", ...]
    requires_grad: bool

    def vjp(self, gradient: Any) -> tuple[Any, ...]:
        """Vector-Jacobian product: the gradients of `inputs`, None for those that need none."""
        raise NotImplementedError

    def accumulate_grad(self, gradient: Any) -> None:
        """Add a gradient to a leaf's `grad`."""
        raise NotImplementedError

    def add_grads(self, first: Any, second: Any) -> Any:
        """Return the sum of two gradients as a new one; neither argument changes."""
        raise NotImplementedError

    def add_grad_(self, buffer: Any, gradient: Any) -> Any:
        """Add a gradient to `buffer`, in place where that is possible, and return it."""
        raise NotImplementedError

    def zeros_grad(self) -> Any:
        """Return a gradient of zeros, for backward functions that add into a buffer."""
        raise NotImplementedError


class BackwardPass:
    """The gradients of one pass, kept for interior nodes only and dropped when the pass ends.

    They live here and not on the nodes so that a second pass starts from nothing, and so that no
    reference cycle keeps a finished graph alive.
    """

    def __init__(self) -> None:
        self.gradients: dict[Node, Any] = {}
        # Gradients allocated by this pass, which may be changed in place; nodes whose buffer was
        # handed out by `grad_buffer`.
        self._owned: dict[Node, Any] = {}
        self._borrowed: set[Node] = set()

    def add(self, node: Node, gradient: Any) -> None:
        """Add another contribution to an interior node that already has a gradient."""
        owned = self._owned.get(node)
        if owned is None:
            self._keep(node, node.add_grads(self.gradients[node], gradient))
        elif gradient is not owned or node not in self._borrowed:
            # A vjp that added into `grad_buffer(node)` returns that very buffer: already counted.
            self._keep(node, node.add_grad_(owned, gradient))

    def grad_buffer(self, node: Node) -> Any:
        """Return the buffer that accumulates the gradient of `node`; a vjp may add into it."""
        self._borrowed.add(node)
        if node not in self._owned:
            zeros, existing = node.zeros_grad(), self.gradients.get(node)
            self._keep(node, zeros if existing is None else node.add_grad_(zeros, existing))
        return self._owned[node]

    def pop_grad(self, node: Node) -> Any:
        """Remove and return the gradient of `node` so far, or None; a vjp adds it to its own."""
        self._owned.pop(node, None)
        return self.gradients.pop(node, None)

    def _keep(self, node: Node, gradient: Any) -> None:
        self.gradients[node] = self._owned[node] = gradient


class _Context(threading.local):
    """The autograd settings of the current thread."""

    grad_enabled = True
    decomposed = False
    backward_pass: BackwardPass | None = None
    activation_hook: Callable[[str, Node], Node] | None = None
    run_override: Callable[..., Any] | None = None
    op_override: Callable[[str, Callable, tuple, dict], Any] | None = None
    backward_override: Callable[[Node, Any], None] | None = None
    optimizer_override: Any = None
    # Whether something is set that sees ops, runs or optimisers' steps: a replay makes none.
    watched = False

    def set(self, name: str, value: Any) -> None:
        """Set one of the above; `watched` follows."""
        setattr(self, name, value)
        self.watched = self.decomposed or any(
            hook is not None
            for hook in (self.activation_hook, self.run_override, self.op_override,
                         self.optimizer_override)
        )  # fmt: skip


context = _Context()


def topological_order(root: Node, leaves: bool = True) -> list[Node]:
    """Return every node that `root` depends on, each after its inputs, `root` last.

    The order is that of a depth-first walk which takes inputs from left to right. It is not
    recursive, so a graph of any depth works. Without `leaves`, only nodes that have inputs.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [root]
    push, pop = stack.append, stack.pop
    while stack:
        node = pop()
        if node is None:  # a marker: all inputs of the node below it are in `order`
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
    """Accumulate into every leaf the gradient of `root` times `gradient`, by the chain rule."""
    override = context.backward_override
    if override is not None:
        with override_backward(None):
            override(root, gradient)
        return
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
    context.set(name, value)
    try:
        yield
    finally:
        context.set(name, previous)


def no_grad():
    """`with no_grad():` computes without building a graph, in this thread."""
    return _setting("grad_enabled", False)


def enable_grad():
    """`with enable_grad():` builds a graph, also inside `no_grad`."""
    return _setting("grad_enabled", True)


def decomposed():
    """`with decomposed():` makes every fused operation run as its decomposition."""
    return _setting("decomposed", True)


def hook_activations(hook: Callable[[str, Node], Node] | None):
    """`with hook_activations(hook):` calls `hook(name, node)` at every named activation of a model.

    The hook returns the node to use from there on, so it can read activations and change them.
    None ends an earlier hook.
    """
    return _setting("activation_hook", hook)


def override_runs(override: Callable[..., Any] | None):
    """`with override_runs(f):` runs `f(method, model, …)` in place of a model's `method(model, …)`.

    Methods are those of `GPT` that compute logits or a loss, in this thread. None ends an override.
    """
    return _setting("run_override", override)


def override_ops(hook: Callable[[str, Callable, tuple, dict], Any] | None):
    """`with override_ops(hook):` runs `hook(name, op, arguments, options)` in place of operations.

    It applies to operations decorated with `@overridable`, in this thread; the hook returns the
    operation's result.
    """
    return _setting("op_override", hook)


def override_backward(override: Callable[[Node, Any], None] | None):
    """`with override_backward(f):` runs `f(root, gradient)` in place of `backward`, in this thread.

    Inside `f`, `backward` is the library's own.
    """
    return _setting("backward_override", override)


def override_optimizer(override: Any):
    """`with override_optimizer(o):` runs `o` in place of optimisers and clipping, in this thread.

    `o.step(optimizer)` runs in place of `optimizer.step()`, and `o.clip(parameters, max_norm)` in
    place of `clip_grad_norm_`, whose result it returns. Inside `o`, both are the library's own.
    """
    return _setting("optimizer_override", override)


def offer_activation(name: str, node: Any) -> Any:
    """Return `hook(name, node)` for the hook of `hook_activations`, or `node` without one."""
    hook = context.activation_hook
    return node if hook is None else hook(name, node)
