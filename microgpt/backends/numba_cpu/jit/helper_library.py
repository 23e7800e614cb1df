"""`HelperCompiler`: Numba's compiler for functions that only compiled functions call.

Numba optimises each function and makes machine code of it, then links it into every caller, where
it is optimised again. A helper needs only the latter: until then it stays as Numba wrote it.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class HelperLibrary(JITCodeLibrary):
    """A function's code for callers to link, neither optimised nor made machine code.

    There is no address of it, so Python must not call it.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout  # of one machine with its callers'

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> "HelperLibrary":
        """What Numba asks to set the function's environment, of which helpers use nothing."""
        return self

    def set_env(self, name: str, environment: Any) -> None:
        pass


class HelperCompiler(Compiler):
    """Numba's compiler with a `HelperLibrary` for the result."""

    def define_pipelines(self) -> list[Any]:
        if self.state.library is None:
            self.state.library = HelperLibrary(self.state.targetctx.codegen(), "helper")
        return super().define_pipelines()
