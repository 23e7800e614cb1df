"""Join the style sheets of this folder to the one that every view carries."""

from functools import cache
from importlib import resources

from microgpt.viz.looks.colours import css_variables, light_css_variables

SCOPE = ":is(.mg-host,.mg)"
# How each host says which theme it shows; in any other, the browser's preference decides.
LIGHT_HOSTS = (
    '[data-jp-theme-light="true"]', '[data-vscode-theme-kind$="light"]', 'html[theme="light"]',
    '[data-theme="light"]',
)  # fmt: skip
DARK_HOSTS = (
    '[data-jp-theme-light="false"]', '[data-vscode-theme-kind$="dark"]',
    '[data-vscode-theme-kind="vscode-high-contrast"]', 'html[theme="dark"]', '[data-theme="dark"]',
)  # fmt: skip


@cache
def style_sheet(*names: str) -> str:
    """Return the rules of the named files, of all without a name, as CSS text.

    The colours and the rules for the theme come first. Each name is that of a file beside this
    one, without ".css".
    """
    folder = resources.files("microgpt.viz.looks")
    if not names:
        found = (file.name.removesuffix(".css") for file in folder.iterdir())
        others = sorted(name for name in found if (folder / f"{name}.css").is_file())
        names = ("base", *(name for name in others if name != "base"))
    rules = "".join((folder / f"{name}.css").read_text("utf-8") for name in names)
    return _theme_rules() + rules


def _theme_rules() -> str:
    return (
        f"{SCOPE}{{color-scheme:light dark;{css_variables()}}}\n"
        f"{_in_hosts(LIGHT_HOSTS)}{{color-scheme:light}}\n"
        f"{_in_hosts(DARK_HOSTS)}{{color-scheme:dark}}\n"
        f"@supports not (color:light-dark(red,red)){{{SCOPE}{{{light_css_variables()}}}}}\n"
    )


def in_dark_theme(selector: str, declarations: str) -> str:
    """Return a rule that holds in the dark theme of a host; elsewhere the browser decides."""
    dark = ",".join(f"{host} {selector}" for host in DARK_HOSTS)
    light = ",".join(f"{host} *" for host in LIGHT_HOSTS)
    rule = f"{{{declarations}}}"
    return (
        f"{dark}{rule}\n@media (prefers-color-scheme:dark){{{selector}:not(:is({light})){rule}}}\n"
    )


def _in_hosts(hosts: tuple[str, ...]) -> str:
    return ",".join(f"{host} {SCOPE}" for host in hosts)
