"""Remember the views of each notebook cell, so that running a cell again loses nothing.

Clicking a view and pressing Shift+Enter runs its cell again, and with it the line that makes the
view. The new view then continues what the learner did in the old one.
"""

from typing import Any

from microgpt.widgets.notebook_context import current_cell

# Cell id -> (id of its latest run, the views of that run, those of the run before it).
_views_by_cell: dict[str, tuple[str, list[tuple[Any, Any]], list[tuple[Any, Any]]]] = {}


def recall_view(view: Any, arguments: tuple[Any, ...] | None) -> Any:
    """Remember `view`; return the view that it replaces, or `None`.

    That is the one at the same position among those that the cell's earlier run made, if it is of
    the same class and was made with equal arguments. Outside a live notebook nothing is remembered.
    """
    cell = current_cell()
    if cell is None:
        return None
    cell_id, run_id = cell
    latest_run, views, earlier = _views_by_cell.get(cell_id, ("", [], []))
    if latest_run != run_id:
        views, earlier = [], views
    index = len(views)
    views.append((view, arguments))
    _views_by_cell[cell_id] = run_id, views, earlier
    if arguments is None or index >= len(earlier):
        return None
    old_view, old_arguments = earlier[index]
    return old_view if type(old_view) is type(view) and old_arguments == arguments else None
