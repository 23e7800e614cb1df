"""Reading drawings in tests: the texts and shapes of one CSS class."""

import xml.etree.ElementTree as ElementTree

NAMESPACE = "{http://www.w3.org/2000/svg}"


def texts_of(drawing, css_class):
    """The texts of a drawing that have the class `mg-{css_class}`."""
    root = ElementTree.fromstring(drawing.svg())
    return [
        "".join(element.itertext())
        for element in root.iter(f"{NAMESPACE}text")
        if f"mg-{css_class}" in element.get("class", "").split()
    ]


def rects_of(drawing, css_class):
    """The (x, width) of a drawing's rectangles that have the class `mg-{css_class}`."""
    root = ElementTree.fromstring(drawing.svg())
    return [
        (element.get("x"), element.get("width"))
        for element in root.iter(f"{NAMESPACE}rect")
        if element.get("class") == f"mg-{css_class}"
    ]
