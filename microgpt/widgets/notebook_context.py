"""What a view has to know of the notebook it stands in."""

from typing import Any


def _ipython_kernel() -> Any:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return getattr(get_ipython(), "kernel", None)


def current_cell() -> tuple[str, str] | None:
    """The id of the running cell and of this run of it; None unless a live front end runs it.

    JupyterLab sends the cell's id with what it runs; nbclient, papermill and scripts do not.
    """
    kernel = _ipython_kernel()
    if kernel is None:
        return None
    try:
        parent = kernel.get_parent()
        return str(parent["metadata"]["cellId"]), str(parent["header"]["msg_id"])
    except (TypeError, AttributeError, LookupError):
        return None


def display_above(bundle: dict[str, str]) -> Any:
    """Display a MIME bundle above the cell's result; nothing outside a notebook.

    The returned handle's `update` displays another bundle in its place.
    """
    if _ipython_kernel() is None:
        return None
    from IPython.display import display

    return display(bundle, raw=True, display_id=True)
