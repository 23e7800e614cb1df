"""What a view has to know of the notebook it stands in."""

from typing import Any


def _kernel() -> Any:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return getattr(get_ipython(), "kernel", None)


def live_cell() -> str | None:
    """The id of the running cell if a person's front end runs it, else None.

    JupyterLab sends the cell's id with what it runs; nbclient, papermill and scripts do not.
    """
    kernel = _kernel()
    if kernel is None:
        return None
    try:
        cell = kernel.get_parent()["metadata"]["cellId"]
    except (KeyError, TypeError, AttributeError, LookupError):
        return None
    return str(cell)


def show_before(bundle: dict[str, str]) -> None:
    """Show something above what the cell is about to show; nothing outside a notebook."""
    if _kernel() is not None:
        from IPython.display import display

        display(bundle, raw=True)
