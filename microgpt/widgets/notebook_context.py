"""What a view has to know of the notebook it stands in."""

from typing import Any


def _kernel() -> Any:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return getattr(get_ipython(), "kernel", None)


def live_cell() -> tuple[str, str] | None:
    """The running cell if a person's front end runs it, and this run of it, else None.

    JupyterLab sends the cell's id with what it runs; nbclient, papermill and scripts do not.
    """
    kernel = _kernel()
    if kernel is None:
        return None
    try:
        parent = kernel.get_parent()
        return str(parent["metadata"]["cellId"]), str(parent["header"]["msg_id"])
    except (TypeError, AttributeError, LookupError):
        return None


def show_before(bundle: dict[str, str]) -> Any:
    """Show something above what the cell is about to show; nothing outside a notebook.

    What is returned has `update`, to show something else in its place.
    """
    if _kernel() is None:
        return None
    from IPython.display import display

    return display(bundle, raw=True, display_id=True)
