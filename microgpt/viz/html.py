"""`tag`: HTML elements whose texts and attributes are escaped; `Rendered`: what a view shows."""

from functools import lru_cache
from html import escape
from typing import NamedTuple


class Markup(str):
    """A string that is HTML already; any other string is a text."""

    __slots__ = ()


class Rendered(NamedTuple):
    """A view as HTML, and the caption below it as a plain sentence or two."""

    html: Markup
    caption: str


def tag(name: str, *children: str, css_class: str = "", **attributes: object) -> Markup:
    """Return an element; children that are not `Markup` are escaped.

    `css_class` names the classes without their prefix "mg-", which keeps them apart from those of
    the page. An underscore in an attribute's name stands for a hyphen, and attributes that are
    `None` or `False` are left out.
    """
    opening = name + (_class_attribute(css_class) if css_class else "")
    for key, value in attributes.items():
        if value is not None and value is not False:
            text = "" if value is True else escape(str(value))
            opening += f' {key.replace("_", "-")}="{text}"'
    return Markup(f"<{opening}>{join(*children)}</{name}>")


@lru_cache(maxsize=1024)
def _class_attribute(css_class: str) -> str:
    return f' class="{" ".join(f"mg-{part}" for part in css_class.split())}"'


def join(*children: str) -> Markup:
    """Return the children one after the other; those that are not `Markup` are escaped."""
    return Markup(
        "".join([child if isinstance(child, Markup) else escape(child) for child in children])
    )


def percent(share: float) -> str:
    """Format a share of 1 as a CSS length in per cent."""
    return f"{100 * share:.3f}%"
