"""The notebook around a view: its running cell, its controls' messages, output above a result."""

from typing import Any


def _ipython_kernel() -> Any:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return getattr(get_ipython(), "kernel", None)


def current_cell() -> tuple[str, str] | None:
    """Return the ids of the running cell and of this run, or None outside a live front end.

    JupyterLab, Notebook 7 and VS Code send the cell's id with the code to run; nbclient, papermill
    and scripts do not.
    """
    kernel = _ipython_kernel()
    if kernel is None:
        return None
    try:
        parent = kernel.get_parent()
        return str(parent["metadata"]["cellId"]), str(parent["header"]["msg_id"])
    except (TypeError, AttributeError, LookupError):
        return None


def in_control_message() -> bool:
    """Whether this thread handles a control that was moved in the browser, not by a cell's code."""
    kernel = _ipython_kernel()
    if kernel is None:
        return False
    try:
        return kernel.get_parent()["header"]["msg_type"] == "comm_msg"
    except (TypeError, AttributeError, LookupError):
        return False


def display_above(bundle: dict[str, str]) -> Any:
    """Display a MIME bundle above the cell's result; do nothing outside a notebook.

    The `update` method of the returned handle displays another bundle in its place.
    """
    if _ipython_kernel() is None:
        return None
    from IPython.display import display

    return display(bundle, raw=True, display_id=True)
