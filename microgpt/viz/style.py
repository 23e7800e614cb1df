"""The colours and the style sheet shared by all views, for the light and the dark theme."""

# Name -> (colour in the light theme, colour in the dark theme). Blue and orange follow
# Okabe & Ito 2008, lighter in the dark theme; the text colours follow JupyterLab.
COLOURS: dict[str, tuple[str, str]] = {
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#c04f00", "#ff9a4d"),
    "pale": ("#cfe3f1", "#1f4259"),
    "outline": ("#595959", "#bdbdbd"),
    "line": ("#8a8a8a", "#8a8a8a"),
    "background": ("#f2f2f2", "#2b2b2b"),
    "text": ("#1f1f1f", "#e8e8e8"),
    "none": ("none", "none"),
}


def css_colour(name: str) -> str:
    """Return a CSS variable that follows the theme; its fallback is the light theme's colour."""
    return "none" if name == "none" else f"var(--mg-{name}, {COLOURS[name][0]})"


def light_theme_colour(name: str) -> str:
    """Return the colour for the light theme, "#rrggbb" or "none", as matplotlib accepts it."""
    return COLOURS[name][0]


def _css_variables(theme: int) -> str:
    return ";".join(f"--mg-{name}:{shades[theme]}" for name, shades in COLOURS.items())


STYLE = f"""<style>
.mg-view{{{_css_variables(0)};color:var(--mg-text);
  font:13px/18px var(--jp-ui-font-family,system-ui,sans-serif)}}
[data-jp-theme-light="false"] .mg-view{{{_css_variables(1)}}}
.mg-view{{overflow:hidden}}
.mg-view svg{{display:block;overflow:hidden}}
.mg-view .mg-scroll-x{{overflow-x:auto}}
.mg-view svg text{{font:13px var(--jp-ui-font-family,system-ui,sans-serif);fill:var(--mg-text)}}
.mg-view svg text.mg-bold{{font-weight:700}}
.mg-view p{{margin:0}}
.mg-view table.mg-table{{border-collapse:collapse;font-size:13px;margin:4px 0}}
.mg-view table.mg-table th,.mg-view table.mg-table td{{border:1px solid var(--mg-line);
  padding:2px 8px;text-align:right;color:var(--mg-text);background:none}}
.mg-view table.mg-table th:first-child,.mg-view table.mg-table td:first-child{{text-align:left}}
.mg-view .mg-scroll{{max-height:260px;overflow:auto}}
</style>"""
