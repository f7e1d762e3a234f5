"""The colours can be read, the icons exist, and no template styles or scripts inline."""

import re
from importlib import resources

import pytest

STATIC = resources.files("infra_access") / "static"

ON_GROUNDS = {
    "ink": ("ground", "surface", "sunk", "accent-ground", "free-ground", "busy-ground", "mine-ground"),
    "ink-soft": ("ground", "surface", "sunk"),
    "accent": ("ground", "surface", "sunk", "accent-ground"),
    "on-accent": ("accent", "accent-strong"),
    "free": ("surface", "free-ground"),
    "mine": ("surface", "mine-ground"),
    "on-mine": ("mine",),
    "busy": ("surface", "busy-ground", "busy-stripe"),
    "closed": ("surface", "closed-ground", "closed-stripe"),
    "band-ink": ("band",),
}


def _schemes() -> dict[str, dict[str, str]]:
    text = (STATIC / "tokens.css").read_text("utf-8")
    light, dark, _printed = re.split(r"@media [^{]+\{", text)
    token = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6});")
    base = dict(token.findall(light))
    return {"light": base, "dark": base | dict(token.findall(dark))}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ON_GROUNDS)
def test_text_can_be_read_on_every_ground_it_stands_on(scheme, ink):
    colours = _schemes()[scheme]
    too_faint = {
        ground: round(_contrast(colours[ink], colours[ground]), 2)
        for ground in ON_GROUNDS[ink]
        if _contrast(colours[ink], colours[ground]) < 4.5
    }
    assert too_faint == {}


def test_every_icon_that_a_template_names_exists():
    symbols = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    templates = resources.files("infra_access.web") / "templates"
    named = set()
    for folder in (templates, templates / "components", templates / "partials"):
        for page in folder.iterdir():
            if page.name.endswith(".jinja2"):
                source = page.read_text("utf-8")
                named |= set(re.findall(r"\bicon\('([\w-]+)'\)|icon_name='([\w-]+)'", source))
    used = {one or other for one, other in named}
    assert "search" in used
    assert used <= symbols


def test_no_template_styles_or_scripts_inline():
    templates = resources.files("infra_access.web") / "templates"
    inline = re.compile(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=", re.IGNORECASE)
    pages = [
        page
        for folder in (templates, templates / "components", templates / "partials")
        for page in folder.iterdir()
        if page.name.endswith(".jinja2")
    ]
    assert len(pages) > 20
    assert [page.name for page in pages if inline.search(page.read_text("utf-8"))] == []
