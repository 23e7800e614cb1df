"""microgpt: a GPT in readable Python, from a single multiplication to sampled names.

Every public name is an attribute of this module, in the order in which the notebooks teach it.
Names are imported on first use, so `import microgpt` itself is fast.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name -> module that defines it; if both are equal, the name is the module itself.
_PUBLIC = {
    "require": "diagnostics",
    "doctor": "diagnostics",
    "Value": "autograd.value",
    "Tensor": "autograd.tensor",
    "no_grad": "autograd.engine",
    "gradcheck": "autograd.gradient_check",
    "use": "backends",
    "using": "backends",
    "backends": "backends",
    "shapes": "widgets",
    "source": "op_source",
    "inspect_kernel": "backends.inspection",
    "ops": "ops",
    "nn": "nn",
    "GPTConfig": "config",
    "GPT": "models.gpt",
    "ScalarGPT": "models.scalar_gpt",
    "NGram": "models.ngram",
    "models": "models",
    "SGD": "optim",
    "Adam": "optim",
    "AdamW": "optim",
    "clip_grad_norm_": "optim",
    "linear_schedule": "optim",
    "cosine_schedule": "optim",
    "constant_schedule": "optim",
    "load_corpus": "data",
    "tokenizers": "tokenizers",
    "TrainConfig": "config",
    "SampleConfig": "config",
    "Trainer": "training",
    "training": "training",
    "runs": "runs",
    "record_run": "runs",
    "compare_runs": "runs",
    "uniform": "sampling",
    "next_token": "sampling",
    "SampledToken": "sampling",
    "KVCache": "sampling",
    "generate": "sampling",
    "generate_batch": "sampling",
    "generate_text": "sampling",
    "stream_text": "sampling",
    "quantize": "models.quantized_gpt",
    "capture": "recording",
    "save": "checkpoints",
    "load": "checkpoints",
    "load_pretrained": "pretrained",
    "save_pretrained": "pretrained",
    "trace": "interpretability",
    "activations": "parity",
    "compare": "parity",
    "learn": "learn",
    "interpreter": "interpreter",
    "viz": "viz",
    "widgets": "widgets",
    "reference": "reference",
    "MicrogptError": "errors",
    "ShapeError": "errors",
    "TokenError": "errors",
    "FormatError": "errors",
    "SettingError": "errors",
    "StateError": "errors",
    "DtypeError": "errors",
    "DeviceError": "errors",
    "KernelError": "errors",
    "CaptureError": "errors",
    "BackendUnavailable": "errors",
    "DownloadError": "errors",
    "NotWritable": "errors",
    "GradientError": "errors",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'microgpt' has no attribute {name!r}")
    module = importlib.import_module(f"microgpt.{_PUBLIC[name]}")
    thing = module if name == _PUBLIC[name] else getattr(module, name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return __all__
