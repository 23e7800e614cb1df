"""Which variants of kernels training and sampling launch: found by doing both on NumPy."""

from dataclasses import replace
from typing import Any


def launched_variants(small_only: bool = False) -> list[Any]:
    """Return the `KernelVariant`s of Numba that training and sampling launch, each once.

    They are in the order of their first launch: first what the small model of the first notebooks
    needs, and with `small_only` nothing else, then what larger ones do. They are found by training
    and sampling on NumPy.
    """
    from microgpt import backends

    variants = _VariantTracer()
    with backends.using("numpy"), backends.tracing(variants):
        _launch_all(small_only)
    return list(variants.seen)


def _launch_all(small_only: bool) -> None:
    """Train and sample, with small sizes, and with larger ones that take other kernels."""
    import numpy as np

    from microgpt import backends
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.data import load_corpus
    from microgpt.models.gpt import GPT
    from microgpt.models.quantized_gpt import quantize
    from microgpt.ops.quantized import FORMATS
    from microgpt.training import Trainer

    corpus = load_corpus("names-mini")
    small = GPTConfig.microgpt()
    sizes = {"vocab_size": 27, "block_size": 16, "n_layer": 1, "n_head": 4}
    gpt2 = GPTConfig.preset("gpt2-124M", **sizes, n_embd=16)
    larger = replace(gpt2, n_embd=256)
    for config in [small] if small_only else [small, gpt2, larger]:
        settings = TrainConfig(steps=1, batch_size=1, grad_clip=1.0, eval_documents=64)
        trainer = Trainer(GPT(config), corpus, settings)
        for _ in trainer:  # `trainer.run` would handle KeyboardInterrupt itself and return
            pass
        trainer.evaluate()
        trainer.sample()
    tokens = np.zeros((1, 8), np.int32)
    for one in [] if small_only else [small, larger]:
        for weights in FORMATS:
            quantize(GPT(one), weights)(tokens)
    # Generation does not launch the sampling kernel while a tracer is set, as here.
    token, logits = np.zeros(1, np.int32), np.zeros((1, 27), np.float32)
    parameters, seed = np.array([1.0, 0, 1, 0]), np.zeros(1, np.int64)
    position = np.zeros(1, np.int32)
    backends.current().launch("sample_", token, logits, parameters, seed, position)


class _VariantTracer:
    """A LaunchTracer that notes which variants of Numba's kernels launches would compile."""

    def __init__(self) -> None:
        from microgpt import backends
        from microgpt.backends.dispatch import PythonKernel

        self.kernels = {
            name: kernel
            for name, kernel in backends.get("numba").kernels.items()
            if not isinstance(kernel, PythonKernel)  # runs on NumPy: nothing to compile
        }
        self.seen: dict[Any, None] = {}

    def on_launch(self, name: str, call: Any, arguments: tuple) -> None:
        from microgpt.backends.numba_cpu.jit.variants import variant_of

        if name in self.kernels:
            self.seen[variant_of(self.kernels[name], arguments)] = None

    def on_alloc(self, array: Any) -> None:
        pass

    def on_host_read(self, what: str) -> None:
        pass
