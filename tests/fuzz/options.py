"""Files of options from strangers, through `feelit analyze --config FILE --dry-run`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.fuzz.jsons import strange
from tests.fuzz.mutations import Material, mutated
from tests.fuzz.product import MisbehavedError, feelit, nothing_but

LINES = {
    "inputs": '["clip", "more clips"]',
    "out": '"timelines"',
    "rate": '"30000/1001"',
    "start": "1.5",
    "end": "60",
    "min-face": "24",
    "detector": '"face"',
    "classifier": '"expression"',
    "device": '"cpu"',
    "workers": "4",
    "batch": "16",
    "annotate": '"drawn"',
    "force": "true",
    "resume": "false",
    "json": "true",
    "quiet": "false",
}
WORDS = (
    *(
        b"nan",
        b"inf",
        b"-inf",
        b"1e999",
        b"0x7fffffffffffffff",
        b"9" * 5000,
        b"1_000",
        b"[[",
        b"[",
        b"{",
        b"[" * 3000,
        b"a." * 3000,
    ),
    *(
        b"'''",
        b'"""',
        b"\\u0000",
        b"\\U0010FFFF",
        b"\\ud800",
        b"1979-05-27T07:32:00Z",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x1b[31m",
    ),
)


class OptionsTarget:
    """TOML, wrong in its bytes or in its values."""

    def __init__(self, folder: Path) -> None:
        self._sound = "".join(f"{key} = {value}\n" for key, value in LINES.items()).encode()

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """See `Target.run`."""
        config = folder / "case.toml"
        config.write_bytes(mutated(self._sound, rng, Material(WORDS)) if rng.random() < 0.4 else _strange_lines(rng))
        reported = feelit("analyze", "--config", config, "--dry-run")
        nothing_but(folder, {config.name})
        if reported.code not in (0, 2):
            raise MisbehavedError(f"exit code {reported.code}: {reported.err!r}")
        return "taken" if reported.code == 0 else "refused"


def _strange_lines(rng: np.random.Generator) -> bytes:
    lines = dict(LINES)
    for _ in range(min(int(rng.geometric(0.5)), 4)):
        key = str(rng.choice([*LINES, *LINES, "x", '"out "', "config", "dry-run", "a.b", "_typed"]))
        lines[key] = _toml(strange(rng)) if rng.random() < 0.9 else str(rng.choice(["nan", "-inf", "1979-05-27", "0b11", "{}"]))
    return "".join(f"{key} = {value}\n" for key, value in lines.items()).encode("utf-8", "surrogatepass")


def _toml(value: object) -> str:
    """What JSON and TOML share, and `{}` in TOML's own way of writing it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return {"Infinity": "inf", "-Infinity": "-inf", "NaN": "nan"}.get(text := json.dumps(value), text)
