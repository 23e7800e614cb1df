"""The one door to a CUDA compiler: kernels take the name `cuda` from here."""

from typing import Any

from microgpt.errors import DeviceError


class _NoCompiler:
    """Stands for `cuda` where no compiler is; the interpreter puts its own in its place."""

    def __getattr__(self, name: str) -> Any:
        raise DeviceError(
            f"cuda.{name} exists only while threads run; launch the kernel, or run it with "
            "`mg.interpreter.run`"
        )


cuda: Any = _NoCompiler()
