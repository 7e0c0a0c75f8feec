"""The page lets nothing in that it did not bring, and nothing out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.render import theme
from feelit.reports import page
from feelit.reports.people_sheet import STYLE
from feelit.reports.study_page import SHELL

WHOLE = page.head("a title") + page.foot()
INLINE = r"<{0}>(.*?)</{0}>"


def hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@given(st.text() | st.sampled_from(["</script>", "<!--", "\u2028", "]]>", "&lt;", '"><img src=x>']))
def test_data_come_back_and_never_end_their_block(text: str) -> None:
    escaped = page.escaped_json({text: [text]})
    assert json.loads(escaped) == {text: [text]}
    assert not set(escaped) & set("<>&\u2028\u2029")


@pytest.mark.parametrize("title", ["</title><script>alert(1)</script>", "{{script}} {{style}} {{x}}", "a\"b'c & d"])
def test_titles_are_texts(title: str) -> None:
    head = page.head(title)
    (found,) = re.findall(r"<title>(.*?)</title>", head)
    assert "<" not in found
    assert head.replace(found, "") == page.head("")


def test_the_policy_admits_the_own_scripts_and_styles_by_their_hashes_and_no_others() -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', WHOLE)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    (script,), (style,) = (
        re.findall(INLINE.format("script"), WHOLE, re.DOTALL),
        re.findall(INLINE.format("style"), WHOLE, re.DOTALL),
    )
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{hashed(script)}'"
    assert rules["style-src"] == f"'sha256-{hashed(style)}'"
    assert rules["img-src"] == "data:"
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_is_loaded_from_anywhere() -> None:
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", re.sub(r"^\s*//.*$", "", WHOLE, flags=re.MULTILINE))
    assert set(addresses) <= {"http://www.w3.org"}  # the name of SVG, which nobody looks up
    assert not re.search(r"<(link|iframe|object|embed|base)\b|\b(fetch|XMLHttpRequest|WebSocket|EventSource|import)\(", WHOLE)


def test_our_scripts_make_no_markup_out_of_texts() -> None:
    ours = "\n".join(files("feelit.reports").joinpath("assets", name).read_text() for name in page.SCRIPTS)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\(.style", ours
    )


def test_every_asset_is_used() -> None:
    folder = files("feelit.reports").joinpath("assets")
    shells = (page.REPORT, SHELL)
    names = [(*shell.styles, *shell.scripts, page.TEMPLATE) for shell in shells]
    assert {f.name for f in folder.iterdir()} == {STYLE, *(name for used in names for name in used)}
    assert all(len(used) == len(set(used)) for used in names)


@pytest.mark.parametrize("paper", [theme.INK, theme.PLATE], ids=["light", "dark"])
@pytest.mark.parametrize("name", theme.EMOTION_COLOUR)
def test_edges_stand_out_from_the_paper(name: str, paper: theme.Colour) -> None:
    assert page.contrast(page.edge(theme.EMOTION_COLOUR[name], paper), paper) >= page.LEAST_CONTRAST


def colours_of(theme_name: str) -> dict[str, theme.Colour]:
    """What the names of colours stand for in a theme, as a browser would resolve them."""
    styles = "".join(re.findall(INLINE.format("style"), WHOLE, re.DOTALL))
    values: dict[str, str] = {}
    for selector, rules in re.findall(r"(:root(?:\[data-theme=\"dark\"\])?)\s*\{([^}]*)\}", styles):
        if theme_name == "dark" or "dark" not in selector:
            values |= dict(re.findall(r"--([\w-]+):\s*([^;]+);", rules))
    while any(value.startswith("var(") for value in values.values()):
        values = {name: values[value[6:-1]] if value.startswith("var(") else value for name, value in values.items()}
    return {
        name: theme.Colour(*bytes.fromhex(value[1:])) for name, value in values.items() if re.fullmatch("#[0-9a-f]{6}", value)
    }


@pytest.mark.parametrize("name", ["light", "dark"])
def test_texts_and_graphics_stand_out(name: str) -> None:
    """WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for graphics and for what can be pressed (1.4.11)."""
    colours = colours_of(name)
    for paper in ("paper", "surface"):
        for text in ("text", "muted", "accent"):
            assert page.contrast(colours[text], colours[paper]) >= 4.5, (text, paper)
        for graphic in ("border", "speaking", "unreadable"):
            assert page.contrast(colours[graphic], colours[paper]) >= page.LEAST_CONTRAST, (graphic, paper)
    assert page.contrast(colours["warning"], colours["warning-surface"]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("emotion", theme.EMOTION_COLOUR)
def test_words_on_emotions_can_be_read(emotion: str, name: str) -> None:
    colours = colours_of(name)
    on = colours["ink"] if emotion == "sadness" or (name, emotion) == ("dark", "neutral") else colours["plate"]  # as in text.js
    assert page.contrast(on, colours[f"emotion-{emotion}"]) >= 4.5


def test_contrast_is_that_of_the_guidelines() -> None:
    assert page.contrast(theme.INK, theme.HALO) == pytest.approx(21)
    assert page.contrast(theme.Colour(119, 119, 119), theme.INK) == pytest.approx(4.48, abs=0.01)  # #777, a well-known case
