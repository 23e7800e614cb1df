"""Numba's compiler turned to another processor: machine code to read, which is never run.

A process does this once, before it compiles anything: everything that it compiles afterwards, the
runtime's functions too, is for that processor. The passes are Numba's own, so that on the processor
that it names, the code is what Numba runs there.
"""

from typing import Any

from llvmlite import binding
from numba.core import codegen, config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.runtime import nrtdynmod
from numba.core.runtime.nrt import rtsys

from microgpt.backends.processors import Processor
from microgpt.errors import BackendUnavailable


class CrossLibrary(codegen.AOTCodeLibrary):
    """Compiled functions that have no address.

    To generate code changes LLVM's module a little, before callers inline it: so code is generated
    once, where Numba does. `inspect_asm` generates it again, from the changed module, and shows
    other instructions than run.
    """

    assembly = ""

    def _finalize_specific(self) -> None:
        self.assembly = self._codegen._tm.emit_assembly(self._final_module)

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0


class _CrossCodegen(codegen.AOTCPUCodegen):
    """Code generation for a processor: LLVM's target, without an engine that runs code."""

    _library_class = CrossLibrary

    def __init__(self, processor: Processor):
        self.processor = processor
        self._triple = f"{processor.architecture}-unknown-linux-gnu"
        super().__init__("microgpt.cross", processor.name)

    def _create_empty_module(self, name: str) -> Any:
        module = super()._create_empty_module(name)
        module.triple = self._triple
        return module

    def _init(self, llvm_module: Any) -> None:
        opt = config.OPT  # type: ignore[attr-defined]
        self._tm_features = self.processor.features
        self._tm = binding.Target.from_triple(self._triple).create_target_machine(
            cpu=self.processor.name, features=self._tm_features, opt=opt,
            reloc="static", codemodel="jitdefault", jit=True,
        )  # fmt: skip
        self._engine = None
        self._target_data = self._tm.target_data
        self._data_layout = str(self._target_data)
        self._loopvect, self._opt_level = (True, 3) if opt.is_opt_max else (False, 0)

    def set_env(self, env_name: str, env: Any) -> None:
        """There is no memory to set it in."""


def host_processor() -> Processor:
    """The processor that Numba compiles for here, as NUMBA_CPU_NAME and _FEATURES may say."""
    name: str | None = config.CPU_NAME  # type: ignore[attr-defined]
    features: str | None = config.CPU_FEATURES  # type: ignore[attr-defined]
    architecture = binding.get_process_triple().split("-")[0]
    return Processor(
        {"arm64": "aarch64"}.get(architecture, architecture),
        binding.get_host_cpu_name() if name is None else name,
        codegen.get_host_cpu_features() if features is None else features,
    )


def compile_for(processor: Processor) -> None:
    """From now on, let Numba compile for a processor; raises BackendUnavailable if LLVM cannot.

    `config.CPU_FEATURES` follows it, from which kernels choose the shape of their tiles when they
    are imported: call this before.
    """
    context = cpu_target.target_context
    context.refresh()
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    settings: Any = config
    settings.CPU_NAME, settings.CPU_FEATURES = processor.name, processor.features
    try:
        context._internal_codegen = _CrossCodegen(processor)
    except RuntimeError as error:
        raise BackendUnavailable(
            f"llvmlite {binding.llvm_version_info} cannot compile for {processor.architecture}: "
            f"{error}; another version of llvmlite may"
        ) from None
    context.cached_internal_func.clear()
    with global_compiler_lock:
        rtsys._library = nrtdynmod.compile_nrt_functions(context)
