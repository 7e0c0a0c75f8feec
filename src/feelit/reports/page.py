"""The HTML page: template, styles, scripts and data in one file that loads nothing.

Content of videos and timelines is data, never markup: it is JSON in blocks that are not run, and scripts put it into text nodes
and attributes only. A content security policy admits the page's scripts and styles by their hashes, and no others.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from feelit.labels import DOUBTFUL, LEAST_REPORTED_S
from feelit.render import theme
from feelit.reports.curves import LEVELS, STATES, TICKS_A_SECOND
from feelit.reports.faces import LOW_LIGHT
from feelit.timeline.quality_gate import LEAST_FACE_PX, LEAST_SHARPNESS, MOST_YAW_DEG
from feelit.timeline.smoothing import SIGMA_S
from feelit.types import EMOTIONS

STYLES = ("page.css", "parts.css", "streams.css", "print.css")
SCRIPTS = (
    *("text.js", "theme.js", "pen.js", "save.js", "curves.js", "view.js", "gestures.js", "tables.js", "people.js"),
    *("streams.js", "person.js", "figures.js", "controls.js", "player.js", "moments.js", "events.js", "signals.js"),
    *("transitions.js", "transcript.js", "quality.js", "video_section.js", "contents.js", "main.js"),
)
"""In the order of their dependencies. The scripts share one private scope."""

LEAST_CONTRAST = 3.0  # between a graphic and what is behind it (WCAG 2.2, success criterion 1.4.11)

NEUTRAL_IS_PAPER = 0.55


@dataclass(frozen=True, slots=True)
class Shell:
    """The parts of a page around its data."""

    command: str  # of feelit, which wrote the page
    styles: tuple[str, ...]  # names of assets
    scripts: tuple[str, ...]
    before: str  # markup before the data
    after: str = ""
    attributes: str = ""  # of the root element


TEMPLATE = "page.html"
REPORT = Shell(
    "report",
    STYLES,
    SCRIPTS,
    before='<div id="page">\n<noscript><p class="problem">This page draws itself with the scripts in it; please allow them. '
    "Nothing is loaded.</p></noscript>\n</div>\n",
)


def head(title: str, shell: Shell = REPORT) -> str:
    """The page before the data."""
    script, style = hash_source(_script(shell)), hash_source(_style(shell))
    policy = (  # nothing is loaded but embedded pictures and video files
        f"default-src 'none'; script-src {script}; style-src {style}; img-src data:; media-src 'self' file:; "
        "base-uri 'none'; form-action 'none'"
    )
    values = {"title": html.escape(title), "policy": policy, "style": _style(shell), "before": shell.before}
    before, _, _ = asset(TEMPLATE).partition("{{data}}")
    return _filled(before, values | {"command": shell.command, "attributes": shell.attributes})


def foot(shell: Shell = REPORT) -> str:
    """The page after the data."""
    _, _, after = asset(TEMPLATE).partition("{{data}}")
    return _filled(after, {"after": shell.after, "script": _script(shell)})


def data_block(name: str, value: Any) -> str:
    """A block with a JSON value, which scripts find by its name."""
    return f'<script type="application/json" id="{name}">{escaped_json(value)}</script>\n'


def text_block(name: str, text: str) -> str:
    """Base64, which needs no escaping."""
    return f'<script type="text/plain" id="{name}">{text}</script>\n'


def escaped_json(value: Any) -> str:
    r"""JSON that cannot end the element that it stands in, nor a line of a script: < > & U+2028 and U+2029 as \u...."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return "".join(f"\\u{ord(c):04x}" if c in "<>&\u2028\u2029" else c for c in text)


def constants() -> dict[str, Any]:
    """Constants for the scripts."""
    limits = {"face_px": LEAST_FACE_PX, "sharpness": LEAST_SHARPNESS, "yaw_deg": MOST_YAW_DEG, "low_light": LOW_LIGHT}
    return {
        "emotions": EMOTIONS,
        "doubtful": DOUBTFUL,
        "least_reported_s": LEAST_REPORTED_S,
        "states": STATES,
        "levels": LEVELS,
        "ticks": TICKS_A_SECOND,
        "limits": limits | {"sigma_s": SIGMA_S},
    }


def edge(colour: theme.Colour, paper: theme.Colour = theme.INK) -> theme.Colour:
    """The colour of outlines: darkened on white paper or lightened on dark, up to LEAST_CONTRAST."""
    share, towards = 0.0, theme.HALO if paper == theme.INK else theme.INK
    while contrast(moved := _between(colour, towards, share), paper) < LEAST_CONTRAST:
        share += 0.01
    return moved


def _between(colour: theme.Colour, other: theme.Colour, share: float) -> theme.Colour:
    return theme.Colour(*(round(a + (b - a) * share) for a, b in zip(colour, other, strict=True)))


def contrast(a: theme.Colour, b: theme.Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: theme.Colour) -> float:
    red, green, blue = ((v / 255 / 12.92) if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@cache
def asset(name: str) -> str:
    """The text of a file of assets, as markup, styles or scripts."""
    return files("feelit.reports").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


@cache
def _style(shell: Shell) -> str:
    named = {"ink": theme.INK, "dim-ink": theme.DIM_INK, "plate": theme.PLATE, "groove": theme.GROOVE}
    named["unreadable"] = theme.UNREADABLE
    variables = _variables(":root", named | _emotions(theme.INK))
    return "\n".join([variables, _variables(':root[data-theme="dark"]', _emotions(theme.PLATE)), *map(asset, shell.styles)])


def _emotions(paper: theme.Colour) -> dict[str, theme.Colour]:
    """The colours of areas and of their edges on some paper. Neutral is close to the paper, so that the others stand out."""
    fills = {f"emotion-{name}": colour for name, colour in theme.EMOTION_COLOUR.items()}
    fills["emotion-neutral"] = _between(theme.EMOTION_COLOUR["neutral"], paper, NEUTRAL_IS_PAPER)
    return fills | {f"edge-{name}": edge(colour, paper) for name, colour in theme.EMOTION_COLOUR.items()}


def _variables(selector: str, colours: dict[str, theme.Colour]) -> str:
    return selector + "{" + "".join(f"--{name}:{colour.hex};" for name, colour in colours.items()) + "}"


@cache
def _script(shell: Shell) -> str:
    return '(() => {\n"use strict";\n' + "\n".join(map(asset, shell.scripts)) + "\n})();\n"


def hash_source(text: str) -> str:
    """A script or style as a source of a content security policy, by its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _filled(template: str, values: dict[str, str]) -> str:
    """Fill the placeholders in one pass, so that values may contain placeholders."""
    return re.sub(r"\{\{(\w+)\}\}", lambda place: values[place[1]], template)
