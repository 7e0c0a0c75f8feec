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
    licence = re.compile(r"/\*.*?\*/", re.DOTALL)
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", licence.sub("", re.sub(r"^\s*//.*$", "", WHOLE, flags=re.MULTILINE)))
    assert set(addresses) <= {"http://www.w3.org"}
    assert not re.search(r"<(link|iframe|object|embed|base)\b|\b(fetch|XMLHttpRequest|WebSocket|EventSource|import)\(", WHOLE)


def test_our_scripts_make_no_markup_out_of_texts() -> None:
    ours = "\n".join(files("feelit.reports").joinpath("assets", name).read_text() for name in page.SCRIPTS[1:])
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\(.style", ours
    )


def test_the_library_goes_with_its_licence() -> None:
    assert "Permission is hereby granted" in WHOLE
    assert "Leon Sorokin" in WHOLE


def test_every_asset_is_used() -> None:
    folder = files("feelit.reports").joinpath("assets")
    there = {f.name for f in folder.iterdir() if f.is_file()} | {f"uplot/{f.name}" for f in folder.joinpath("uplot").iterdir()}
    assert there == {*page.STYLES, *page.SCRIPTS, "page.html", "uplot/LICENSE"}


@pytest.mark.parametrize("name", theme.EMOTION_COLOUR)
def test_edges_stand_out_from_white_paper(name: str) -> None:
    colour = theme.EMOTION_COLOUR[name]
    assert page.contrast(page.edge(colour), theme.INK) >= page.LEAST_CONTRAST
    assert page.contrast(colour, theme.PLATE) >= page.LEAST_CONTRAST  # the dark theme needs no edges


def test_contrast_is_that_of_the_guidelines() -> None:
    assert page.contrast(theme.INK, theme.HALO) == pytest.approx(21)
    assert page.contrast(theme.Colour(119, 119, 119), theme.INK) == pytest.approx(4.48, abs=0.01)  # #777, a well-known case
