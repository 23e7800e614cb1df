"""Find elements by class in the HTML that a view renders."""

import re
from functools import lru_cache
from xml.etree import ElementTree


def elements(html, css_class):
    """All elements of a class, written without its prefix, in the order of the document."""
    return [e for e in _parsed(html).iter() if f"mg-{css_class}" in (e.get("class") or "").split()]


@lru_cache(maxsize=8)
def _parsed(html):
    return ElementTree.fromstring(f"<div>{html}</div>")


def texts(html, css_class):
    """The texts of all elements of a class."""
    return ["".join(element.itertext()) for element in elements(html, css_class)]


def lengths(element):
    """The CSS properties of an element in per cent: "left", "width", "--l0", …"""
    pairs = re.findall(r"([\w-]+):(-?[\d.]+)%", element.get("style") or "")
    return {name: float(number) for name, number in pairs}


def without_motion(html):
    """The HTML without the classes and the old values that make it move."""
    html = re.sub(r";--(?:l0|w0|a0|k0):[^;\"]*", "", html)
    return re.sub(r' class=""', "", re.sub(r"(?<=[ \"])mg-g[a-z]\b ?| mg-g[a-z]\b", "", html))
