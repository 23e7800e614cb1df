"""Live views in pages that imitate front ends without one: JupyterLab, Notebook 7, VS Code, Colab.

Each page wraps outputs in the elements of its front end and says its theme as that does. The
widgets' elements are those that ipywidgets makes, without a script behind them.
"""

from html import escape
from typing import Any

import ipywidgets

# What the front ends bring: the rules of ipywidgets that matter for layout, and a page.
BASE_CSS = """
html,body{margin:0;padding:0}body{font:14px/20px sans-serif;padding:16px}
.lm-Widget{box-sizing:border-box;position:relative}
.widget-box{display:flex;margin:2px}.widget-vbox{flex-direction:column}.widget-hbox{flex-direction:row}
.widget-inline-hbox{display:flex;flex-direction:row;align-items:baseline;line-height:28px}
.widget-text,.widget-dropdown,.widget-slider{width:300px}
.widget-label{width:80px;text-align:right;margin-right:8px;flex-shrink:0;height:28px;line-height:28px}
.widget-slider{margin:2px;height:28px;display:flex}.slider-container{flex:1 1 auto}
.jupyter-button{padding:0 10px;font-size:13px;height:28px;width:148px;overflow:hidden}
.noUi-target,.noUi-target *{box-sizing:border-box}.noUi-target{position:relative}
.noUi-base,.noUi-connects{width:100%;height:100%;position:relative;z-index:1}
.noUi-origin{position:absolute;z-index:1;top:0;right:0;height:0;width:10%;transform-origin:0 0}
.noUi-handle{position:absolute}
"""
# Each: the attributes of html and body in the light and in the dark theme, the elements around an
# output, and rules of the front end that reach into outputs.
HOSTS: dict[str, dict[str, Any]] = {
    "jupyterlab": {
        "page": {
            "light": ("", 'data-jp-theme-light="true" style="background:#fff"'),
            "dark": ("", 'data-jp-theme-light="false" style="background:#111"'),
        },
        "output": '<div class="lm-Widget jp-OutputArea-child"><div class="jp-OutputArea-prompt">'
        '</div><div class="lm-Widget jp-OutputArea-output {kind}">{output}</div></div>',
        "around": '<div class="lm-Widget jp-OutputArea">{outputs}</div>',
        "css": ".jp-RenderedHTMLCommon table{font-size:12px;margin:0 auto}"
        ".jp-RenderedHTMLCommon td{vertical-align:middle;padding:.5em;max-width:none}"
        ".jp-RenderedHTMLCommon h3{font-size:1.2em;margin:1em 0}"
        ".jp-RenderedHTMLCommon p{margin-bottom:1em}.jp-RenderedHTMLCommon img{height:auto}",
    },
    "vscode": {
        "page": {
            "light": ("", 'data-vscode-theme-kind="vscode-light" style="background:#fff"'),
            "dark": ("", 'data-vscode-theme-kind="vscode-dark" style="background:#1e1e1e"'),
        },
        "output": '<div class="output_container"><div class="output">{output}</div></div>',
        "around": '<div class="cell_container">{outputs}</div>',
        "css": "body{color:#333;font-size:13px}table{border-collapse:collapse}"
        "table th,table td{border:1px solid #888;padding:4px 8px}"
        "h3{font-size:1.3em}p{margin:1em 0}",
    },
    "colab": {
        "page": {
            "light": ('theme="light"', 'style="background:#fff"'),
            "dark": ('theme="dark"', 'style="background:#383838"'),
        },
        "output": '<div class="output_subarea output_html rendered_html">{output}</div>',
        "around": '<div id="output-area"><div id="output-body">{outputs}</div></div>',
        "css": ".rendered_html td{border:none;padding:.5em}.rendered_html h3{margin:1em 0}",
    },
    "preference": {  # a front end that says nothing: the browser's preference decides
        "page": {"light": ("", 'style="background:#fff"'), "dark": ("", 'style="background:#111"')},
        "output": "<section>{output}</section>",
        "around": "<div>{outputs}</div>",
        "css": "",
    },
}
HOSTS["notebook7"] = HOSTS["jupyterlab"] | {
    "around": '<div class="jp-NotebookPanel"><div class="jp-OutputArea">{outputs}</div></div>',
}


def host_page(host: str, theme: str, cells: list[list[str]]) -> str:
    """Return a page that shows the outputs of each cell, HTML texts, as a front end would."""
    html, body = HOSTS[host]["page"][theme]
    cells_html = "".join(
        HOSTS[host]["around"].format(
            outputs="".join(
                HOSTS[host]["output"].format(output=output, kind="jp-RenderedHTMLCommon")
                for output in outputs
            )
        )
        for outputs in cells
    )
    return (
        f'<!doctype html><html lang="en" {html}><head><meta charset="utf-8"><title>{host}</title>'
        f"<style>{BASE_CSS}{HOSTS[host]['css']}</style></head>"
        f"<body {body}>{cells_html}</body></html>"
    )


def widget_html(widget: ipywidgets.Widget) -> str:
    """Return the elements that ipywidgets makes of a widget and its children."""
    children = getattr(widget, "children", ())
    if isinstance(widget, ipywidgets.Box):
        direction = "hbox" if isinstance(widget, ipywidgets.HBox) else "vbox"
        inner = "".join(map(widget_html, children))
        return _element(widget, f"widget-container widget-box widget-{direction}", inner)
    if isinstance(widget, ipywidgets.HTML):
        content = f'<div class="widget-html-content">{widget.value}</div>'
        return _element(widget, "widget-inline-hbox widget-html", content)
    if isinstance(widget, ipywidgets.Button | ipywidgets.ToggleButton):
        disabled = " disabled" if widget.disabled else ""
        classes = "jupyter-button widget-button"
        return _element(widget, classes, escape(widget.description), "button", disabled)
    if isinstance(widget, ipywidgets.FloatSlider | ipywidgets.IntSlider):
        return _element(widget, "widget-inline-hbox widget-slider widget-hslider", _slider(widget))
    if isinstance(widget, ipywidgets.Dropdown):
        options = "".join(
            f"<option{' selected' * (index == widget.index)}>{escape(str(label))}</option>"
            for index, label in enumerate(widget._options_labels)
        )
        field = f'<select aria-label="{escape(widget.description)}">{options}</select>'
        return _element(widget, "widget-inline-hbox widget-dropdown", _label(widget) + field)
    if isinstance(widget, ipywidgets.ToggleButtons):
        buttons = "".join(
            f'<button class="widget-toggle-button jupyter-button">{escape(str(label))}</button>'
            for label in widget._options_labels
        )
        return _element(widget, "widget-inline-hbox widget-toggle-buttons", f"<div>{buttons}</div>")
    kind = "text" if isinstance(widget, ipywidgets.Text | ipywidgets.Textarea) else "number"
    field = (
        f'<input type="{kind}" value="{escape(str(widget.value))}" '
        f'aria-label="{escape(widget.description)}" placeholder="'
        f'{escape(getattr(widget, "placeholder", ""))}">'
    )
    return _element(widget, "widget-inline-hbox widget-text", _label(widget) + field)


def _element(
    widget: ipywidgets.Widget, classes: str, inner: str, name: str = "div", attributes: str = ""
) -> str:
    hidden = ' style="display:none"' if widget.layout.display == "none" else ""
    extra = " ".join(widget._dom_classes)
    return (
        f'<{name} class="lm-Widget jupyter-widgets {classes} {extra}"{attributes}{hidden}>'
        f"{inner}</{name}>"
    )


def _label(widget: ipywidgets.Widget) -> str:
    return f'<label class="widget-label">{escape(widget.description)}</label>'


def _slider(slider: ipywidgets.FloatSlider) -> str:
    share = (slider.value - slider.min) / ((slider.max - slider.min) or 1)
    return (
        '<div class="slider-container"><div class="ui-slider noUi-target noUi-ltr noUi-horizontal">'
        '<div class="noUi-base"><div class="noUi-connects"></div><div class="noUi-origin" '
        f'style="transform:translate({-1000 * (1 - share):.1f}%,0)"><div class="noUi-handle '
        f'noUi-handle-lower" role="slider" tabindex="0" aria-valuemin="{slider.min}" '
        f'aria-valuemax="{slider.max}" aria-valuenow="{slider.value}"></div>'
        "</div></div></div></div>"
    )
