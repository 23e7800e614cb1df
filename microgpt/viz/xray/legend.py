"""The legend of the X-ray: what each kind of cell holds, the same for the page and the picture."""

from microgpt.viz.xray.arrays import Broadcast, Product

Entry = tuple[str, str]  # a swatch, "number", "gradient", "hatched" or "", and what it stands for

INDICES: Entry = ("", "indices count from 0")
NUMBER_ABOVE: Entry = ("number", "number")
GRADIENT_BELOW: Entry = ("gradient", "its gradient, below it in bold")
COPY: Entry = ("hatched", "a copy")
COPY_BACKWARD: Entry = ("hatched", "a copy; its gradient is added to that of the original")


def legend_entries(data: Product | Broadcast) -> tuple[Entry, ...]:
    """Return a swatch and a text for each kind of cell that needs an explanation."""
    if isinstance(data, Product):
        return (NUMBER_ABOVE, GRADIENT_BELOW) if data.is_backward else (INDICES,)
    if not any(len(set(origins.values())) < len(origins) for origins in data.origins.values()):
        return ()
    return (COPY_BACKWARD if data.is_backward else COPY,)
